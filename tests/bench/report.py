# SPDX-License-Identifier: Apache-2.0
"""The table of a result, and what was aimed at."""
import re


def find(result, tool, service, job):
    for row in result['rows']:
        if (row['tool'], row['service'], row['job']) == (tool, service, job):
            return row
    return None


def aims(result):
    """[{what, aim, got, met}] of the rows that were measured."""
    found = []

    def add(what, service, job, aim, text, value):
        row = find(result, 'ocismith', service, job)
        if row:
            got = value(row)
            if got is not None:
                found.append({'what': what, 'aim': text % aim, 'got': text % got, 'met': got <= aim})

    def per_floor(row):
        floor = find(result, 'floor', row['service'], 'cold')
        return row['wall'] / floor['wall'] if floor else None

    def per_wheels(row):
        floor = find(result, 'floor', row['service'], 'cold')
        return row['wheel_layer_bytes'] / floor['wheel_bytes'] if floor else None

    def per_pip(row):
        alone = find(result, 'pip', row['service'], row['job'])
        return row['wall'] / alone['wall'] if alone else None

    def per_root(row):
        return row['wall'] / find(result, 'ocismith', 'debs', 'as root')['wall']

    def dpkg_per_root(row):
        return row['wall'] / find(result, 'ocismith', 'debs', 'dpkg as root')['wall']

    def wall(row):
        return row['wall']

    add('web, cold', 'web', 'cold', 0.1, '%.3f s', wall)
    add('web, code change', 'web', 'code', 0.015, '%.4f s', wall)
    add('web, no-op', 'web', 'no-op', 0.010, '%.4f s', wall)
    add('web, no-op: files written', 'web', 'no-op', 0, '%d',
        lambda row: 0 if row['untouched'] else max(row['files'], 1))
    add('heavy, cold, against the floor', 'heavy', 'cold', 1.3, '%.2f x', per_floor)
    add('twenty services, cold', 'twenty', 'cold', 0.5, '%.3f s', wall)
    add("twenty services, wheels' layers against the wheels", 'twenty', 'cold', 1.1, '%.3f x', per_wheels)
    add('web, resolve, against pip alone', 'web', 'resolve', 1.15, '%.2f x', per_pip)
    for service in ('web', 'heavy', 'twenty'):
        add(service + ', bytecode: times that a wheel is compiled', service, 'bytecode cold', 1, '%.2f',
            lambda row: row['compiled'] / row['distinct'])
    add('twenty Debian packages, as one uid, against root', 'debs', 'as one uid', 1.5, '%.2f x', per_root)
    add('the same by dpkg alone', 'debs', 'dpkg as one uid', 1.5, '%.2f x', dpkg_per_root)
    for service in ('web', 'heavy', 'twenty'):
        add(service + ', cold, peak memory', service, 'cold', 64, '%.0f MiB', lambda row: row['peak_mib'])
    return found


def size(count):
    for unit in ('B', 'kB', 'MB'):
        if count < 1000:
            break
        count, unit = count / 1000, {'B': 'kB', 'kB': 'MB', 'MB': 'GB'}[unit]
    return '%.0f %s' % (count, unit) if unit == 'B' else '%.1f %s' % (count, unit)


def seconds(value):
    return '%.4f' % value if value < 0.1 else '%.3f' % value if value < 10 else '%.1f' % value


def against(result, row):
    """This row's time beside buildah's for the same job."""
    peer = find(result, 'buildah', row['service'], re.sub(' (zstd|gzip)$', '', row['job']))
    return '%.0f x' % (peer['wall'] / row['wall']) if peer and row['tool'] == 'ocismith' else ''


def table(result):
    machine = result['machine']
    print('%s, %d cores, Linux %s, %s' % (
        machine['processor'], machine['cores'], machine['kernel'], machine['date']))
    print('Whole processes, wheels local, base in place, no bytecode but where buildah or the row says so; medians.\n')
    columns = '%-9s %-8s %-22s %2s %8s %17s %8s %9s %10s %9s %8s'
    print(columns % ('tool', 'service', 'job', 'n', 'wall s', '[min-max]', 'cpu s', 'peak MiB', 'written', 'buildah',
                     'floor'))
    for row in result['rows']:
        floor = find(result, 'floor', row['service'], 'cold')
        cold = row['tool'] == 'ocismith' and row['job'].startswith('cold') and floor
        print(columns % (
            row['tool'], row['service'], row['job'], row['n'], seconds(row['wall']),
            '[%s-%s]' % (seconds(row['min']), seconds(row['max'])), seconds(row['cpu']), '%.1f' % row['peak_mib'],
            size(row['bytes']) if 'bytes' in row else '', against(result, row),
            '%.2f x' % (row['wall'] / floor['wall']) if cold else ''))
    for row in result['rows']:
        if 'compiled' in row:
            print('%s: wheels compiled %d, of %d distinct, for %d service%s' % (
                row['service'], row['compiled'], row['distinct'], row['services'], 's'[:row['services'] - 1]))
    print('\n%-52s %10s %10s' % ('aim', 'at most', 'got'))
    for aim in result['aims']:
        print('%-52s %10s %10s  %s' % (aim['what'], aim['aim'], aim['got'], 'met' if aim['met'] else 'MISSED'))
