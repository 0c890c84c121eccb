# SPDX-License-Identifier: Apache-2.0
"""What is built: services with hash-locked requirements and 62 files, for ocismith and as Containerfiles."""
import glob
import hashlib
import io
import os
import re
import shutil
import tarfile

HERE = os.path.dirname(os.path.realpath(__file__))
APP_FILES = 62

CONTAINERFILE = '''FROM localhost/bench-base AS builder
COPY requirements.lock /src/requirements.lock
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
%(flags)s--require-hashes --no-index --find-links /wheels -r /src/requirements.lock%(then)s
FROM localhost/bench-base
COPY --from=builder /opt/venv /opt/venv
COPY app/ /app/app/
%(app)sENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/app PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --retries=3 CMD ["/opt/venv/bin/python","-m","app.health"]
ENTRYPOINT ["/usr/bin/tini","--"]
CMD ["/opt/venv/bin/python","-m","app"]
'''

COMPILE = 'python3 -m compileall -q --invalidation-mode unchecked-hash'

# each small file of /usr, five times
READ_ALL = ('import os; [len(open(p, "rb").read()) for _ in range(5) for d, _, names in os.walk("/usr") '
            'for p in (d + "/" + n for n in names) if os.path.isfile(p) and os.lstat(p).st_size < 65536]')

CONTAINERFILE_SDIST = '''FROM localhost/bench-base AS builder
COPY sdists /src
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile \
--no-index --find-links /wheels --find-links /src %(names)s
FROM localhost/bench-base
COPY --from=builder /opt/venv /opt/venv
COPY app/ /app/app/
'''

SERVICE = '''  %(name)s:
    family: base
    app: {exec: [/opt/venv/bin/python3, -m, app], files: [%(folder)s]}
    pip: {requirements: %(lock)s}
    ports: {service: %(port)d}
    health: {exec: [/opt/venv/bin/python3, -m, app.health], interval: 30s, timeout: 3s}
'''


def read_pins(name):
    with open('%s/fleet/%s.txt' % (HERE, name), encoding='utf-8') as f:
        return f.read().splitlines()


def pins_of_twenty():
    """Twenty services of the web set: one of four fleetlibs, a wheel of their own, and for half one package more."""
    web = [p for p in read_pins('web') if not p.startswith('fleetlib==')]
    extra = read_pins('extra')
    for i in range(20):
        own = ['fleetlib==1.0.%d' % (i % 4), 'svc%02d_proto==1.0.0' % i]
        yield 'fleet%02d' % i, web + own + (extra[i // 2 % len(extra)].split() if i % 2 else [])


class Wheels:
    """The wheels of a directory by project and version."""

    def __init__(self, folder):
        self.files = {}
        for path in sorted(glob.glob(folder + '/*.whl')):
            name, version = os.path.basename(path).split('-')[:2]
            self.files[self.normalize(name), version] = path

    @staticmethod
    def normalize(name):
        return re.sub('[-_.]+', '-', name).lower()

    def path(self, pin):
        name, version = pin.split('==')
        path = self.files.get((self.normalize(name), version))
        if path is None:
            raise SystemExit("bench: no wheel of '%s': tests/bench/fleet is older than Debian's packages" % pin)
        return path

    def lock(self, pins):
        lines = []
        for pin in sorted(pins):
            with open(self.path(pin), 'rb') as f:
                digest = hashlib.sha256(f.read()).hexdigest()
            lines.append('%s \\\n    --hash=sha256:%s\n' % (pin, digest))
        return ''.join(lines)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def write_app(folder, service):
    for i in range(APP_FILES - 3):
        functions = ['def f%d(x):\n    # %s\n    return x + %d\n' % (
            j, hashlib.sha256(('%s %d %d' % (service, i, j)).encode()).hexdigest()[:32], j) for j in range(60)]
        write('%s/m%02d.py' % (folder, i), '\n\n'.join(functions))
    write(folder + '/__init__.py', '')
    write(folder + '/__main__.py', 'print("ok")\n')
    write(folder + '/health.py', 'raise SystemExit(0)\n')


def write_fleet(work, name, services, wheels):
    """WORK/fleets/NAME for ocismith and WORK/contexts/SERVICE for buildah; services: [(name, pins)]."""
    fleet = '%s/fleets/%s' % (work, name)
    shutil.rmtree(fleet, ignore_errors=True)
    text = 'fleet: bench\nregistry: localhost\ntag: bench\nwheels: {find_links: [../../wheels]}\nservices:\n'
    for i, (service, pins) in enumerate(services):
        lock = wheels.lock(pins)
        text += SERVICE % {'name': service, 'folder': service, 'lock': service + '.lock', 'port': 8080 + i}
        write_app('%s/%s' % (fleet, service), service)
        write('%s/%s.lock' % (fleet, service), lock)
        context = '%s/contexts/%s' % (work, service)
        shutil.rmtree(context, ignore_errors=True)
        write_app(context + '/app', service)
        write(context + '/requirements.lock', lock)
        write(context + '/Containerfile', CONTAINERFILE % {'flags': '', 'then': '', 'app': ''})
        write(context + '/Containerfile.nocompile', CONTAINERFILE % {
            'flags': '--no-compile ', 'then': '', 'app': ''})
        write(context + '/Containerfile.bytecode', CONTAINERFILE % {
            'flags': '--no-compile ', 'then': ' && %s /opt/venv/lib' % COMPILE, 'app': 'RUN %s /app\n' % COMPILE})
    write(fleet + '/fleet.yaml', text)
    write(fleet + '/families.d/base.yaml', 'family: base\nfrom: "oci:../../base:debian-python:12"\n')
    return fleet


def write_bytecode(fleet):
    """The same fleet once more, with bytecode."""
    copy = fleet + '-bytecode'
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(fleet, copy, ignore=shutil.ignore_patterns('build-lock.json'))
    with open(fleet + '/fleet.yaml', encoding='utf-8') as f:
        write(copy + '/fleet.yaml', 'bytecode: unchecked-hash\n' + f.read())
    return copy


def write_sdist(folder, name):
    """A source distribution of setuptools, of 40 modules."""
    files = {'setup.py': 'from setuptools import setup\n'
                         'setup(name="%s", version="1.0", packages=["%s"])\n' % (name, name),
             'PKG-INFO': 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' % name,
             'pyproject.toml': '[build-system]\nrequires = ["setuptools", "wheel"]\n'
                               'build-backend = "setuptools.build_meta"\n',
             name + '/__init__.py': ''}
    for i in range(40):
        files['%s/m%02d.py' % (name, i)] = ''.join('def f%d(x):\n    return x + %d\n\n\n' % (j, i) for j in range(60))
    os.makedirs(folder, exist_ok=True)
    with tarfile.open('%s/%s-1.0.tar.gz' % (folder, name), 'w:gz') as tar:
        for path, text in files.items():
            info = tarfile.TarInfo('%s-1.0/%s' % (name, path))
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))


def write_sdists(work):
    """WORK/fleets/sdists and WORK/contexts/sdists: a service of two source distributions."""
    fleet, context, names = work + '/fleets/sdists', work + '/contexts/sdists', ('bench_one', 'bench_two')
    shutil.rmtree(fleet, ignore_errors=True)
    shutil.rmtree(context, ignore_errors=True)
    for name in names:
        write_sdist(fleet + '/sdists', name)
    shutil.copytree(fleet + '/sdists', context + '/sdists')
    write_app(fleet + '/sdists-app', 'sdists')
    write_app(context + '/app', 'sdists')
    write(context + '/Containerfile', CONTAINERFILE_SDIST % {'names': ' '.join(names)})
    write(fleet + '/loose.txt', ''.join(n + '\n' for n in names))
    write(fleet + '/fleet.yaml', 'fleet: bench\nregistry: localhost\ntag: bench\n'
          'wheels: {find_links: [../../wheels, pip, sdists]}\nservices:\n' +
          SERVICE % {'name': 'sdists', 'folder': 'sdists-app', 'lock': 'loose.txt', 'port': 8080})
    write(fleet + '/families.d/base.yaml', 'family: base\nfrom: "oci:../../base:debian-python:12"\n')
    add_pip(fleet)
    return fleet


def add_pip(fleet):
    os.mkdir(fleet + '/pip')
    shutil.copy(glob.glob('/usr/share/python-wheels/pip-*.whl')[0], fleet + '/pip')


def write_loose(work, name, pins):
    """WORK/fleets/NAME-resolve: a service that says no versions, and pip's wheel for a base that has none."""
    fleet = '%s/fleets/%s-resolve' % (work, name)
    shutil.rmtree(fleet, ignore_errors=True)
    write(fleet + '/loose.txt', ''.join(p.replace('==', '>=', 1) + '\n' for p in pins))
    write_app('%s/%s' % (fleet, name), name)
    write(fleet + '/fleet.yaml',
          'fleet: bench\nregistry: localhost\ntag: bench\nwheels: {find_links: [../../wheels, pip]}\nservices:\n' +
          SERVICE % {'name': name, 'folder': name, 'lock': 'loose.txt', 'port': 8080})
    write(fleet + '/families.d/base.yaml', 'family: base\nfrom: "oci:../../base:debian-python:12"\n')
    add_pip(fleet)
    return fleet
