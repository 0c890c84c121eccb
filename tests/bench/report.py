#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The table of a result, and what was aimed at.

report.py RESULT.json             prints them
report.py RESULT.json README.md   puts the README's table between 'Medians, ' and '[docs/performance.md]';
                                  `check` is told from ../check/result.json beside the result, if it is there
"""
import json
import os
import re
import sys
import time

from measure import NOISE


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
        return row['wall'] / find(result, 'ocismith', row['service'], row['job'].replace('one uid', 'root'))['wall']


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
    add('the same by dpkg alone', 'debs', 'dpkg as one uid', 1.5, '%.2f x', per_root)
    add('a step that changes no owner, as one uid, against root', 'step', 'no owner as one uid', 1.1, '%.2f x',
        per_root)
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


def peers(result, row):
    """(who, its row) of those who did the same job."""
    service, job = row['service'], row['job']
    if row['tool'] != 'ocismith':
        return
    yield 'buildah', find(result, 'buildah', service, re.sub(' (zstd|gzip)$', '', job))
    yield 'pip', find(result, 'pip', service, job)
    if job.startswith('cold'):
        yield 'floor', find(result, 'floor', service, 'cold')
    yield 'chroot', find(result, 'chroot', service, re.sub(' as .*', '', job))
    if job.endswith('as one uid'):
        yield 'root', find(result, 'ocismith', service, job.replace('one uid', 'root'))


def against(result, row):
    """By how much the peers' times for the same job are larger than this row's, or smaller."""
    return ', '.join('%s %s x' % (who, '%.2f' % ratio if ratio < 10 else '%.0f' % ratio) for who, ratio in (
        (who, peer['wall'] / row['wall']) for who, peer in peers(result, row) if peer))


def disturbed(row):
    """A mark for rows during whose runs others used the processors."""
    return '~' if row.get('noise', 0) > NOISE else ''


def table(result):
    machine = result['machine']
    print('%s, %d cores, Linux %s, %s' % (
        machine['processor'], machine['cores'], machine['kernel'], machine['date']))
    print('Whole processes, wheels local, base in place, no bytecode but where buildah or the row says so; medians.')
    print('against: how many times as long others took for the same. ~ after n: other work disturbed it.\n')
    columns = '%-9s %-7s %-22s %3s %8s %17s %8s %9s %10s  %s'
    print(columns % ('tool', 'service', 'job', 'n', 'wall s', '[min-max]', 'cpu s', 'peak MiB', 'written', 'against'))
    for row in result['rows']:
        print(columns % (
            row['tool'], row['service'], row['job'], '%d%s' % (row['n'], disturbed(row) or ' '), seconds(row['wall']),
            '[%s-%s]' % (seconds(row['min']), seconds(row['max'])), seconds(row['cpu']), '%.1f' % row['peak_mib'],
            size(row['bytes']) if 'bytes' in row else '', against(result, row)))
    for row in result['rows']:
        if 'compiled' in row:
            print('%s: wheels compiled %d, of %d distinct, for %d service%s' % (
                row['service'], row['compiled'], row['distinct'], row['services'], 's'[:row['services'] - 1]))
    print('\n%-56s %10s %10s' % ('aim', 'at most', 'got'))
    for aim in result['aims']:
        print('%-56s %10s %10s  %s' % (aim['what'], aim['aim'], aim['got'], 'met' if aim['met'] else 'MISSED'))


def short(value):
    """Seconds for a reader."""
    return '%.0f' % value if value >= 100 else '%.1f' % value if value >= 10 else '%.2g' % value if value < 1 else (
        '%.2f' % value)


def times(ratio):
    """Rounded, as large as it is."""
    digits = 2 if ratio < 1000 else 3
    return '{:,.0f} ×'.format(round(ratio, digits - len('%d' % ratio))) if ratio >= 10 else '%.1f ×' % ratio


def told_floor(result, row):
    floor = find(result, 'floor', row['service'], 'cold')
    return ', where a worker per wheel needs %s s' % short(floor['wall']) if floor else ''


def told_root(result, row):
    root = find(result, 'ocismith', 'debs', 'as root')
    return ', %.2f × real root' % (row['wall'] / root['wall']) if root else ''


def told_untouched(result, row):
    return ', nothing written' if row['untouched'] else ''


def told_layers(result, row):
    return ', one process, %.1f MB of wheel layers' % (row['wheel_layer_bytes'] / 1e6)


# (what, service, job, what is told beside the time, whether buildah has to push what it made to have an image's blobs)
README = (
    ('web service (%(wheels)s), cold', 'web', 'cold', told_floor, False),
    ('the same, one requirement changed', 'web', 'one requirement', None, False),
    ('the same, code changed', 'web', 'code', None, True),
    ('the same, nothing changed', 'web', 'no-op', told_untouched, False),
    ('the same with bytecode, cold', 'web', 'bytecode cold', None, False),
    ('the same with bytecode, nothing changed', 'web', 'bytecode no-op', None, False),
    ('heavy service (%(wheels)s), cold', 'heavy', 'cold', told_floor, False),
    ('heavy, code changed', 'heavy', 'code', None, True),
    ('heavy with bytecode, cold', 'heavy', 'bytecode cold', None, False),
    ('twenty services, cold', 'twenty', 'cold', told_layers, False),
    ('twenty services, nothing changed', 'twenty', 'no-op', None, False),
    ('two source distributions, cold', 'sdists', 'sdists cold', None, False),
    ('the same, nothing changed', 'sdists', 'sdists no-op', None, False),
    ('apt step of twenty Debian packages', 'debs', 'as one uid', told_root, False),
)


def readme_rows(result):
    for what, service, job, tell, pushed in README:
        row, peer = find(result, 'ocismith', service, job), find(result, 'buildah', service, job)
        if row is None:
            continue
        floor = find(result, 'floor', service, 'cold')
        if floor:
            what = what % {'wheels': '%d wheels, %.0f MB' % (floor['wheels'], floor['wheel_bytes'] / 1e6)}
        push = find(result, 'buildah', service, 'push') if pushed else None
        theirs = (peer['wall'] if peer else 0) + (push['wall'] if push else 0)
        yield '| %s | %s s%s | %.0f MiB | %s | %s |' % (
            what, short(row['wall']), tell(result, row) if tell else '', row['peak_mib'],
            '%s s%s' % (short(peer['wall']), ', and %s s to push it to a layout' % short(push['wall']) if push else '')
            if peer else '', times(theirs / row['wall']) if peer else '')


def readme_check(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as f:
        return '`ocismith check` takes %s.' % ', '.join(
            '%s s for %d services' % (short(row['wall']), row['services']) for row in json.load(f))


def readme(result, check):
    """The lines of the README that quote the result."""
    machine = result['machine']
    day = time.strptime(machine['date'], '%Y-%m-%d')
    yield "Medians, wheels local, base in place, no bytecode in ocismith's images but where the row says so; buildah of"
    yield 'Debian 13, rootless, in the same run. %s, %d cores, Linux %s, %d %s.' % (
        machine['processor'], machine['cores'], re.match(r'\d+\.\d+', machine['kernel'])[0], day.tm_mday,
        time.strftime('%B %Y', day))
    yield from ('', '| job | ocismith | peak memory | buildah | |', '| --- | --- | --- | --- | --- |')
    yield from readme_rows(result)
    yield ''
    yield 'buildah\'s rows are two or three runs, those for twenty services one.'
    resolve, alone = find(result, 'ocismith', 'web', 'resolve'), find(result, 'pip', 'web', 'resolve')
    if resolve and alone:
        yield 'To resolve the web service\'s requirements takes %s s, and pip alone %s s.' % (
            short(resolve['wall']), short(alone['wall']))
    if check:
        yield check
    yield ''


def main():
    with open(sys.argv[1], encoding='utf-8') as f:
        result = json.load(f)
    result['aims'] = aims(result)
    if len(sys.argv) == 2:
        table(result)
        return
    check = readme_check(os.path.dirname(os.path.realpath(sys.argv[1])) + '/../check/result.json')
    with open(sys.argv[2], encoding='utf-8') as f:
        text = f.read()
    lines = '\n'.join(readme(result, check)) + '\n'
    made, count = re.subn(r'^Medians, .*?(?=^\[docs/performance\.md\])', lambda m: lines, text, flags=re.M | re.S)
    if count != 1:
        sys.exit("report: no place for the table in '%s'" % sys.argv[2])
    with open(sys.argv[2], 'w', encoding='utf-8') as f:
        f.write(made)
    for row in result['rows']:
        if disturbed(row):
            print('report: other work disturbed %(tool)s, %(service)s, %(job)s' % row, file=sys.stderr)


if __name__ == '__main__':
    main()
