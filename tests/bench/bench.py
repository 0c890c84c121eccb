#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py [--rootfs DIR] [--debs DIR] [--only ocismith] [--quick] [--keep] [--services LIST] WORK: see run."""
import argparse
import glob
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time

import inputs
import report
from measure import Timer, measure, measure_pair, measure_slow, once, spread
from report import find

SERVICES = ['light', 'web', 'heavy', 'twenty', 'sdists', 'debs']


def store_files(store):
    """What tells a file that was written from one that was not: path -> (size, times, inode)."""
    found = {}
    for folder, _, names in os.walk(store):
        for name in names + ['.']:
            st = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino)
    return found


def wheel_layer_bytes(store):
    """The sum of the distinct layers of wheels, by the history of the images in a store."""
    blobs, found = store + '/oci/blobs/sha256/', {}

    def load(digest):
        with open(blobs + digest.split(':')[1], encoding='utf-8') as f:
            return json.load(f)

    with open(store + '/oci/index.json', encoding='utf-8') as f:
        images = json.load(f)['manifests']
    for image in images:
        manifest = load(image['digest'])
        made = [h['created_by'] for h in load(manifest['config']['digest'])['history'] if not h.get('empty_layer')]
        for layer, by in zip(manifest['layers'], made):
            if by.startswith('ocismith wheel '):
                found[layer['digest']] = layer['size']
    return sum(found.values())


class Smith:
    """Jobs of ocismith on one fleet with a store of its own."""

    def __init__(self, bench, fleet, name, services):
        self.bench, self.fleet, self.name, self.services = bench, fleet, name, services
        self.store, self.seed = bench.work + '/store', bench.work + '/seed-store'
        self.binary = os.environ.get('OCISMITH', 'ocismith')
        self.count = 0

    def command(self, *args):
        return [self.binary, '-C', self.fleet, '--store', self.store, *args]

    def run(self, *args):
        self.bench.local.run(self.command(*args))

    def with_base_only(self):
        shutil.rmtree(self.store, ignore_errors=True)
        subprocess.run(['cp', '-al', self.seed, self.store], check=True)

    def seed_base(self):
        """A store after its base came in, and before any layer was made."""
        shutil.rmtree(self.store, ignore_errors=True)
        self.run('lock')
        shutil.rmtree(self.seed, ignore_errors=True)
        os.rename(self.store, self.seed)

    def seed_root(self):
        """The base is unpacked, too, as it always is for who has it in an own storage."""
        self.seed_base()
        self.with_base_only()
        self.run('build')
        for name in ('repo', 'cache/roots'):
            if os.path.exists('%s/%s' % (self.store, name)):
                shutil.rmtree('%s/%s' % (self.seed, name), ignore_errors=True)
                subprocess.run(['cp', '-al', '%s/%s' % (self.store, name), '%s/%s' % (self.seed, name)], check=True)

    def edit(self):
        self.count += 1
        for service, _ in self.services:
            inputs.write('%s/%s/m07.py' % (self.fleet, service), 'X = "%s %d"\n' % (time.time(), self.count))

    def move(self):
        """Another version of a wheel in every lock, which the store has never seen."""
        self.count += 1
        self.pin(lambda p: p if not p.startswith('fleetlib==') else 'fleetlib==1.0.%d' % (20 + self.count))
        self.run('lock')

    def pin(self, change=lambda pin: pin):
        """What the services ask for, as it was in the beginning when nothing changes."""
        for service, pins in self.services:
            inputs.write('%s/%s.lock' % (self.fleet, service), self.bench.wheels.lock([change(p) for p in pins]))

    def row(self, job, command, runs, prepare=None):
        wrote = {}

        def before():
            if prepare:
                prepare()
            wrote.update(store_files(self.store))

        row = measure(self.bench.local, command, runs, before)
        after = store_files(self.store)
        new = {p: s for p, s in after.items() if wrote.get(p) != s and not p.endswith('/.')}
        row.update(files=len(new), bytes=sum(s[0] for s in new.values()),
                   untouched=all(after.get(p) == s for p, s in wrote.items()) and len(after) == len(wrote))
        if job == 'cold':
            row['wheel_layer_bytes'] = wheel_layer_bytes(self.store)
        self.bench.add('ocismith', self.name, job, row)

    def jobs(self, runs, compressions):
        self.seed_base()
        self.row('lock', self.command('lock'), runs,
                 lambda: (self.with_base_only(), os.path.exists(self.fleet + '/build-lock.json') and
                          os.unlink(self.fleet + '/build-lock.json')))
        self.row('cold', self.command('build'), runs, self.with_base_only)
        self.row('no-op', self.command('build'), runs)
        self.row('code', self.command('build'), runs, self.edit)
        self.row('one requirement', self.command('build'), runs, self.move)
        for compression in compressions:
            self.row('cold ' + compression, self.command('build', '--compression', compression), runs,
                     self.with_base_only)

    def bytecode_jobs(self, runs):
        self.pin()
        self.seed_root()
        self.row('bytecode cold', self.command('build'), runs, self.with_base_only)
        self.row('bytecode no-op', self.command('build'), runs)
        self.row('bytecode code', self.command('build'), runs, self.edit)
        self.with_base_only()
        made = subprocess.run(self.command('-v', 'build'), capture_output=True, text=True, check=True).stderr
        row = find({'rows': self.bench.rows}, 'ocismith', self.name, 'bytecode cold')
        row.update(services=len(self.services), compiled=len(re.findall('^done +wheel ', made, re.M)),
                   distinct=len({self.bench.wheels.path(p) for _, pins in self.services for p in pins}))
        if row['compiled'] < row['distinct']:
            sys.exit('bench: %d wheels told as compiled, of %d' % (row['compiled'], row['distinct']))

    def sdist_jobs(self, runs):
        """With no wheel of the distributions in the store, and with them."""
        self.seed_root()
        for name in ('files', 'steps'):  # the wheels that the lock has built, and what says so
            shutil.rmtree('%s/cache/%s' % (self.seed, name), ignore_errors=True)
            os.mkdir('%s/cache/%s' % (self.seed, name))
        self.row('sdists cold', self.command('build'), runs, self.with_base_only)
        self.row('sdists no-op', self.command('build'), runs)


class Buildah:
    """Jobs of buildah, rootless, in a Debian 13 that is entered once."""

    def __init__(self, bench, rootfs):
        self.bench, self.count = bench, 0
        os.makedirs(bench.work + '/out', exist_ok=True)
        os.chmod(bench.work + '/out', 0o1777)
        start = ('mkdir -p .config/containers; printf "[containers]\\ndefault_ulimits = [\\"nofile=4096:4096\\"]\\n'
                 'cgroups = \\"disabled\\"\\n[engine]\\ncgroup_manager = \\"cgroupfs\\"\\nevents_logger = \\"file\\"'
                 '\\n" >.config/containers/containers.conf; exec /bench/timer /bench/out/log')
        self.timer = Timer([inputs.HERE + '/../e2e/enter', '-u', 'u1', '-b', bench.work + ':/bench', rootfs,
                            'bash', '-c', start], bench.work + '/out/log')
        self.run('buildah pull -q oci:/bench/base:debian-python:12 >id && buildah tag $(cat id) localhost/bench-base')
        self.keep()

    def run(self, script):
        self.timer.run(['bash', '-c', script])

    @staticmethod
    def build(service, *options):
        return ['buildah', 'build', '--layers', '--network=host', '--pull=never', '--format', 'docker',
                '-v', '/bench/wheels:/wheels:ro', *options, '-t', 'svc:' + service, '/bench/contexts/' + service]

    def build_all(self, services, *options):
        return ['bash', '-ec', '; '.join(shlex.join(self.build(s, '-q', *options)) for s, _ in services)]

    def keep(self):
        self.run('buildah images -aq --no-trunc | sort -u >keep')

    def forget(self):
        """All but the bases: an intermediate image that is left would be found instead of what it was to be."""
        self.run('buildah images -aq --no-trunc | sort -u | comm -23 - keep | xargs -r buildah rmi -f; '
                 'test "$(buildah images -aq --no-trunc | sort -u)" = "$(cat keep)"')

    def edit(self, services):
        for service, _ in services:
            inputs.write('%s/contexts/%s/app/m07.py' % (self.bench.work, service), 'X = "%s"\n' % time.time())

    def move(self, services):
        self.count += 1
        for service, pins in services:
            moved = [p if not p.startswith('fleetlib==') else 'fleetlib==1.0.%d' % (20 + self.count) for p in pins]
            inputs.write('%s/contexts/%s/requirements.lock' % (self.bench.work, service),
                         self.bench.wheels.lock(moved))
        self.forget()

    def row(self, name, job, command, runs, prepare=None):
        self.bench.add('buildah', name, job, measure_slow(self.timer, command, runs, prepare))

    def jobs(self, name, services, runs):
        """The rows after 'cold' find the layers that its last run left."""
        self.row(name, 'cold', self.build_all(services, '--no-cache'), runs, self.forget)
        build = self.build_all(services)
        self.row(name, 'no-op', build, runs)
        push = '; '.join('buildah push -q --format oci svc:%s oci:/bench/out/%s:latest' % (s, s) for s, _ in services)
        if len(services) == 1:
            self.row(name, 'code', build, runs, lambda: self.edit(services))
        remove = 'cd /bench/out && rm -rf ' + ' '.join(s for s, _ in services)
        self.row(name, 'push', ['bash', '-ec', push], runs, lambda: self.run(remove))
        self.run(remove)
        if name in ('light', 'web'):  # for heavy it is another cold one
            self.row(name, 'one requirement', build, runs, lambda: self.move(services))
        if len(services) == 1:
            self.bytecode_jobs(name, runs)
        self.forget()

    def bytecode_jobs(self, name, runs):
        """With the bytecode that ocismith makes, and for web without any: what pip makes by itself lies between."""
        for job, kind in [('cold without bytecode', 'nocompile')] * (name == 'web') + [('bytecode cold', 'bytecode')]:
            options = ['-f', '/bench/contexts/%s/Containerfile.%s' % (name, kind)]
            self.row(name, job, self.build(name, '--no-cache', *options), runs, self.forget)
        self.row(name, 'bytecode no-op', self.build(name, *options), runs)

    def sdist_jobs(self, runs):
        self.row('sdists', 'sdists cold', self.build('sdists', '--no-cache'), runs, self.forget)
        self.row('sdists', 'sdists no-op', self.build('sdists'), runs)
        self.forget()

    def debs_jobs(self, runs):
        """The same packages on the same base by RUN."""
        inputs.write(self.bench.work + '/contexts/debs/Containerfile',
                     'FROM localhost/bench-debs\nRUN sh /debs/script\n')
        self.row('debs', 'import of the base', ['bash', '-ec', (
            'c=$(buildah from scratch); buildah add -q $c /bench/debs/base.tar /; '
            'buildah commit -q --rm $c localhost/bench-debs')], 1)
        self.keep()
        self.row('debs', 'as one uid', self.build('debs', '--no-cache', '-v', '/bench/debs/archive:/debs:ro'), runs,
                 self.forget)
        self.forget()


class Bench:
    def __init__(self, options):
        self.work = options.work
        self.rows = []
        self.wheels = inputs.Wheels(self.work + '/wheels')
        self.local = Timer([self.work + '/timer', self.work + '/log'], self.work + '/log', 0 if options.quick else 2)

    def add(self, tool, service, job, row):
        row.update(tool=tool, service=service, job=job)
        self.rows.append(row)
        print('%-9s %-7s %-24s %9.4f s  cpu %8.4f  peak %6.1f MiB' % (
            tool, service, job, row['wall'], row['cpu'], row['peak_mib']), file=sys.stderr, flush=True)

    def floor(self, name, services, runs):
        out = self.work + '/floor-out'
        wheels = sorted({self.wheels.path(p) for _, pins in services for p in pins})
        workers = len(os.sched_getaffinity(0))
        row = measure(self.local, [self.work + '/floor', str(workers), out, *wheels], runs, lambda: (
            shutil.rmtree(out, ignore_errors=True), os.mkdir(out)))
        row['wheels'], row['wheel_bytes'] = len(wheels), sum(os.path.getsize(w) for w in wheels)
        self.add('floor', name, 'cold', row)
        shutil.rmtree(out)


def resolve(bench, name, pins, runs):
    """Real pip in the sandbox beside the same pip alone; the store knows the base's root and pip, as it does from the
    second time on."""
    fleet = inputs.write_loose(bench.work, name, pins)
    lock, smith = fleet + '/build-lock.json', Smith(bench, fleet, name, [])
    smith.run('lock')
    alone = ['/usr/bin/python3', '-m', 'pip', 'install', '--dry-run', '--ignore-installed', '--quiet', '--no-input',
             '--disable-pip-version-check', '--break-system-packages', '--no-index', '--find-links',
             bench.work + '/wheels', '--report', bench.work + '/report.json', '-r', fleet + '/loose.txt']
    rows = measure_pair(bench.local, [smith.command('lock'), alone], runs,
                        lambda: os.path.exists(lock) and os.unlink(lock))
    for tool, row in zip(('ocismith', 'pip'), rows):
        bench.add(tool, name, 'resolve', row)


def no_owner(bench, root, runs):
    """A step that changes no owner and does little but ask the kernel: what the sandbox costs it. As root there is no
    supervisor to be asked, and chroot is none at all."""
    work, program = bench.work + '/step', os.environ['OCISMITH_BUILD'] + '/tests/sandbox-run'
    if not os.path.exists(program):
        print("bench: no rows for a step that changes no owner: no '%s'" % program, file=sys.stderr)
        return

    def prepare():
        shutil.rmtree(work, ignore_errors=True)
        os.mkdir(work)

    script = [root, '/usr/bin/python3', '-c', inputs.READ_ALL]
    rows = measure_pair(bench.local, [['chroot', *script], *(
        [program, '--mode', mode, '--work', work, *script] for mode in ('root', 'one'))], runs, prepare)
    for (tool, job), row in zip((('chroot', 'no owner'), ('ocismith', 'no owner as root'),
                                 ('ocismith', 'no owner as one uid')), rows):
        bench.add(tool, 'step', job, row)
    shutil.rmtree(work)


def debs(bench, folder, runs, scripts):
    """Debian packages in the sandbox, as root and as one uid by turns: what the step takes by its own clock. The first
    step in a store, which does nothing, unpacks its root: that is a row of its own."""
    modes = ('root', 'one')
    times, imports = {(script, mode): [] for script in scripts for mode in modes}, []

    def run(mode, command):
        store, prefix = '%s/store-%s' % (folder, mode), []
        if not os.path.exists(store):
            os.mkdir(store)
            os.chown(store, *[47110 if mode == 'one' else 0] * 2)
        if mode == 'one':
            prefix = ['setpriv', '--reuid', '47110', '--regid', '47110', '--clear-groups']
        found = once(bench.local, prefix + [
            'env', '-i', 'HOME=' + store, 'PATH=' + os.environ['PATH'], folder + '/execute-layer', store, mode,
            folder + '/base.tar', folder + '/archive:/debs', command])
        with open(bench.work + '/log', encoding='utf-8') as f:
            return dict(found, wall=int(f.read().split()[-1]) / 1e6)

    for mode in modes:
        shutil.rmtree('%s/store-%s' % (folder, mode), ignore_errors=True)
        imports = [run(mode, 'true')]
    for _ in range(runs):
        for script, mode in times:
            times[script, mode].append(run(mode, 'sh /debs/' + script))
    bench.add('ocismith', 'debs', 'import of the base', spread(imports))
    for (script, mode), done in times.items():
        what = ('' if script == 'script' else 'dpkg ') + ('as root' if mode == 'root' else 'as one uid')
        bench.add('ocismith', 'debs', what, spread(done))
    for mode in modes:
        shutil.rmtree('%s/store-%s' % (folder, mode))


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        model = [line.split(':', 1)[1].strip() for line in f if line.startswith('model name')]
    return {'processor': model[0] if model else platform.machine(), 'cores': len(os.sched_getaffinity(0)),
            'kernel': platform.release(), 'date': time.strftime('%Y-%m-%d')}


def run_service(bench, buildah, name, quick):
    services = list(inputs.pins_of_twenty()) if name == 'twenty' else [(name, inputs.read_pins(name))]
    fleet = inputs.write_fleet(bench.work, name, services, bench.wheels)
    runs = 3 if quick or name == 'heavy' else 5
    bench.floor(name, services, runs)
    Smith(bench, fleet, name, services).jobs(runs, ['zstd', 'gzip'] if name == 'web' else [])
    Smith(bench, inputs.write_bytecode(fleet), name, services).bytecode_jobs(runs)
    if name == 'web':
        resolve(bench, name, services[0][1], runs)
        if os.geteuid() == 0:
            no_owner(bench, next(glob.iglob(bench.work + '/store/cache/roots/' + '?' * 64)), runs)
    if buildah:
        buildah.jobs(name, services, 1 if name == 'twenty' else 3)


def run_debs(bench, buildah, folder, runs, scripts):
    debs(bench, folder, runs, scripts)
    if buildah and 'script' in scripts:
        buildah.debs_jobs(runs)


def write_result(bench, keep):
    """What is kept is of services that were not measured now."""
    path, result = bench.work + '/result.json', {'machine': machine(), 'rows': bench.rows}
    if keep and os.path.exists(path):
        with open(path, encoding='utf-8') as f:
            before = json.load(f)['rows']
        measured = {row['service'] for row in bench.rows}
        result['rows'] = [row for row in before if row['service'] not in measured] + bench.rows
    result['aims'] = report.aims(result)
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(result, f, indent=1)
    report.table(result)
    print('\n' + path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rootfs')
    parser.add_argument('--debs', metavar='DIR')
    parser.add_argument('--only', choices=['ocismith'])
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--keep', action='store_true')
    parser.add_argument('--services', default='')
    parser.add_argument('work')
    options = parser.parse_args()
    names = options.services.split(',') if options.services else ['web'] if options.quick else SERVICES
    if not set(names) <= {*SERVICES, 'dpkg'}:
        sys.exit("bench: unknown among the services '%s': they are %s, dpkg" % (options.services, ', '.join(SERVICES)))
    began, bench = time.monotonic(), Bench(options)
    buildah = Buildah(bench, options.rootfs) if options.rootfs and not options.only else None
    runs = 1 if options.quick else 3
    for name in names:
        if name == 'sdists':
            Smith(bench, inputs.write_sdists(bench.work), name, []).sdist_jobs(runs)
            if buildah:
                buildah.sdist_jobs(runs)
        elif name not in ('debs', 'dpkg'):
            run_service(bench, buildah, name, options.quick)
    scripts = [script for name, script in (('debs', 'script'), ('dpkg', 'dpkg')) if name in names]
    if options.debs and scripts:
        run_debs(bench, buildah, options.debs, runs, scripts)
    bench.local.close()
    if buildah:
        buildah.timer.close()
    write_result(bench, options.keep)
    print('bench: %.0f s' % (time.monotonic() - began), file=sys.stderr)


if __name__ == '__main__':
    main()
