#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""deb2wheel.py ROOT LISTS OUT PLATFORM: repackage Debian's python3-* packages as wheels.

ROOT is a tree of unpacked .debs (no script was run), LISTS holds one file per package with the paths
that it brought. Every distribution in dist-packages becomes one wheel in OUT:
upstream's Requires-Dist, entry points, other scripts as .data/scripts, manual pages as .data/data,
shared libraries beyond the manylinux policy in NAME.libs with $ORIGIN run paths (patchelf), as auditwheel
does. The same .debs give the same bytes. PLATFORM is the platform tag of wheels with compiled code.
"""
import email.parser
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile

from wheelfile import WheelWriter, normalize

SITE = 'usr/lib/python3/dist-packages'
PYTHON = '311'
# libraries that a manylinux wheel may expect from the system, and the interpreter's own
POLICY = re.compile(r'^(ld-linux|lib(c|m|dl|pthread|rt|util|resolv|mvec|gcc_s|stdc\+\+|z|expat|'
                    r'python3[.\d]*)\.so)')
# the distribution's name, version and requirements where Debian's package has no metadata
NO_METADATA = {'python3-opencv': ('opencv-python-headless', '4.6.0.66', ['numpy>=1.21.2'])}
# requirements that Debian's packaging dropped or moved to its own versions: as upstream has them
UPSTREAM = {
    'anyio': ['idna>=2.8', 'sniffio>=1.1'],
    'deprecated': ['wrapt<2,>=1.10'],
    'gunicorn': ['setuptools>=3.0'],
    'jinja2': ['MarkupSafe>=2.0'],
    'pandas': ['numpy>=1.21.0', 'python-dateutil>=2.8.1', 'pytz>=2020.1'],
    'prometheus-client': ['decorator>=4.0.10'],
    'pydantic': ['typing-extensions>=4.2.0'],
    'python-dateutil': ['six>=1.5'],
    'redis': ['packaging>=20.4', 'async-timeout>=4.0.2', 'deprecated>=1.2.3'],
    'requests': ['charset-normalizer<4,>=2', 'idna<4,>=2.5', 'urllib3<1.27,>=1.21.1',
                 'certifi>=2017.4.17'],
    'scikit-image': ['numpy>=1.17.0', 'scipy>=1.4.1', 'networkx>=2.2', 'imageio>=2.4.1',
                     'tifffile>=2019.7.26', 'PyWavelets>=1.1.1', 'packaging>=20.0'],
    'scikit-learn': ['numpy>=1.17.3', 'scipy>=1.3.2', 'joblib>=1.1.1', 'threadpoolctl>=2.0.0'],
    'scipy': ['numpy<1.27.0,>=1.19.5'],
    'sqlalchemy': ['greenlet!=0.4.17'],
    'urllib3': ['six>=1.16.0'],
    'uvicorn': ['asgiref>=3.4.0', 'click>=7.0', 'h11>=0.8'],
}
# Debian's own pairing of versions, which upstream's bound forbids
REPAIRED = [('<0.26.0,>=0.25.0', '<0.27.0,>=0.25.0')]
# what Debian has no package of, for it is needed by an editable install alone
DROPPED = ('editables',)
# trees that Debian moved out of the package, and files of a sister package that upstream's wheel holds
EXTRA = {'matplotlib': [('usr/share/matplotlib', 'matplotlib')],
         'setuptools': [(SITE + '/pkg_resources', 'pkg_resources')]}
HEADERS = ('Summary', 'Home-page', 'Author', 'License', 'Requires-Python', 'Keywords')


class Deb:
    """One unpacked package."""

    def __init__(self, root, lists, name):
        self.root, self.name = root, name
        # Debian splits the compiled code of some packages off
        paths = [re.sub(r'^\./', '', line) for sister in (name, name + '-lib', name + '-backend')
                 for line in (read(lists, sister) or '').splitlines()]
        self.paths = [p for p in paths if p and not p.endswith('/')]
        self.tops = sorted({p[len(SITE) + 1:].split('/')[0] for p in self.paths
                            if p.startswith(SITE + '/')})
        self.infos = [t for t in self.tops if t.endswith(('.dist-info', '.egg-info'))]

    def parts(self):
        """Its distributions, as info and what is of it: the first has all but the namesakes of the others."""
        rest = [t for t in self.tops if t not in self.infos]
        own = self.infos[0].split('-')[0] if self.infos else None
        more = [(i, i.split('-')[0]) for i in self.infos[1:] if i.split('-')[0] in rest and i.split('-')[0] != own]
        names = [name for _, name in more]
        return [(self.infos[0] if self.infos else None, [t for t in rest if t not in names])] + [
            (info, [name]) for info, name in more]

    def under(self, folder):
        return [p for p in self.paths if os.path.dirname(p) == folder]


def read(*parts):
    path = os.path.join(*parts)
    if not os.path.isfile(path):
        return None
    with open(path, encoding='utf-8') as f:
        return f.read()


def requires_of_egg(text):
    """requires.txt of an egg-info as Requires-Dist values."""
    out, section = [], ''
    for line in map(str.strip, (text or '').splitlines()):
        if not line:
            continue
        if line.startswith('['):
            section = line.strip('[]')
            continue
        extra, _, marker = section.partition(':')
        requirement, _, own = line.partition(';')
        conditions = ['(%s)' % m.strip() for m in (own, marker) if m.strip()]
        if extra:
            conditions.append('extra == "%s"' % extra)
        tail = ' ; ' + ' and '.join(conditions) if conditions else ''
        out.append(requirement.strip() + tail)
    return out


class Distribution:
    """Name, version, metadata and entry points of a package's distribution; None name: it has none."""

    def __init__(self, deb, of):
        self.name = None
        self.headers, self.extras, self.body, self.entry_points = [], [], '', None
        if deb.name in NO_METADATA:
            self.name, self.version, self.requires = NO_METADATA[deb.name]
            return
        if not of:
            return
        info = os.path.join(deb.root, SITE, of)
        egg = info.endswith('.egg-info')
        text = read(info) or read(info, 'PKG-INFO' if egg else 'METADATA')
        if text is None:
            return
        meta = email.parser.Parser().parsestr(text)
        self.name, self.version = meta['Name'], meta['Version']
        self.headers = [(k, str(meta[k]).split('\n')[0]) for k in HEADERS if meta.get(k)]
        self.headers += [('Classifier', c) for c in meta.get_all('Classifier') or []]
        self.extras = meta.get_all('Provides-Extra') or []
        self.body = meta.get_payload() or ''
        self.requires = meta.get_all('Requires-Dist') or []
        if egg:
            self.requires = requires_of_egg(read(info, 'requires.txt'))
        self.entry_points = read(info, 'entry_points.txt')
        self.version = re.sub(r'\+(dfsg|ds|repack).*$|\.dev0$', '', self.version)
        if self.version == '0.0.0':
            self.version = debian_version(deb)

    def complete(self):
        """Upstream's requirements where Debian has none."""
        for old, new in REPAIRED:
            self.requires = [r.replace(old, new) for r in self.requires]
        self.requires = [r for r in self.requires if requirement_name(r) not in DROPPED]
        have = {requirement_name(r) for r in self.requires if 'extra' not in r}
        self.requires += [r for r in UPSTREAM.get(normalize(self.name), [])
                          if requirement_name(r) not in have]

    def metadata(self):
        lines = ['Metadata-Version: 2.1', 'Name: ' + self.name, 'Version: ' + self.version]
        lines += ['%s: %s' % h for h in self.headers]
        lines += ['Provides-Extra: ' + e for e in self.extras]
        lines += ['Requires-Dist: ' + ' '.join(r.split()) for r in self.requires]
        return '\n'.join(lines) + '\n' + ('\n' + self.body if self.body.strip() else '')

    def commands(self):
        """Names of the scripts that an installer makes from the entry points."""
        names, section = set(), ''
        for line in (self.entry_points or '').splitlines():
            if line.strip().startswith('['):
                section = line.strip().strip('[]')
            elif '=' in line and section in ('console_scripts', 'gui_scripts'):
                names.add(line.split('=')[0].strip())
        return names


def requirement_name(requirement):
    return normalize(re.split(r'[\s<>=!;\[(~]', requirement)[0])


def debian_version(deb):
    status = read(deb.root, '.versions', deb.name)
    return re.sub(r'^\d+:|[-+].*$', '', status.strip())


def patchelf(*args):
    done = subprocess.run(['patchelf', *args], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError('patchelf %s: %s' % (' '.join(args), done.stderr.strip()))
    return done.stdout.split()


class Vendor:
    """Copies the libraries that a tree's shared objects need into NAME.libs, and sets their run paths."""

    def __init__(self, root, triplet):
        self.root = root
        base = ['usr/lib/' + triplet, 'usr/lib', 'lib/' + triplet]
        # where update-alternatives would point libblas.so.3 and liblapack.so.3
        self.folders = base + [base[0] + '/blas', base[0] + '/lapack', base[0] + '/openblas-pthread']

    def find(self, name, rpath):
        for folder in [r.lstrip('/') for r in rpath if r.startswith('/')] + self.folders:
            path = os.path.join(self.root, folder, name)
            if os.path.exists(path):
                return os.path.realpath(path)
        return None

    def closure(self, objects):
        """soname -> file, for all that OBJECTS need outside the policy and outside themselves."""
        own = {os.path.basename(o) for o in objects}
        need, todo = {}, list(objects)
        while todo:
            path = todo.pop()
            rpath = ':'.join(patchelf('--print-rpath', path)).split(':')
            rpath = [r.replace('$ORIGIN', os.path.dirname(path)[len(self.root):]) for r in rpath]
            for name in patchelf('--print-needed', path):
                if POLICY.match(name) or name in own or name in need:
                    continue
                found = self.find(name, rpath)
                if not found:
                    raise RuntimeError("no '%s' for '%s'" % (name, path))
                need[name] = found
                todo.append(found)
        return need

    def graft(self, stage, folder):
        """True when STAGE holds compiled code."""
        objects = sorted(os.path.join(d, f) for d, _, files in os.walk(stage) for f in files
                         if re.search(r'\.so(\.|$)', f))
        need = self.closure(objects)
        if not need:
            return bool(objects)
        libs = os.path.join(stage, folder)
        os.makedirs(libs)
        for name, real in sorted(need.items()):
            shutil.copyfile(real, os.path.join(libs, name))
            os.chmod(os.path.join(libs, name), 0o755)
            patchelf('--set-rpath', '$ORIGIN', os.path.join(libs, name))
        for path in objects:
            # libraries are found at any depth below site-packages
            patchelf('--set-rpath', '$ORIGIN/' + os.path.relpath(libs, os.path.dirname(path)), path)
        return True


def stage_packages(deb, name, tops, stage):
    for top in tops:
        if top == '__pycache__':
            continue
        for path in deb.paths:
            if path == '%s/%s' % (SITE, top) or path.startswith('%s/%s/' % (SITE, top)):
                copy_file(deb.root, path, os.path.join(stage, path[len(SITE) + 1:]))
    for source, target in EXTRA.get(normalize(name), []):
        for folder, _, files in os.walk(os.path.join(deb.root, source)):
            for path in (os.path.relpath(os.path.join(folder, f), deb.root) for f in files):
                copy_file(deb.root, path, os.path.join(stage, target, path[len(source) + 1:]))
    if normalize(name) == 'matplotlib':
        path = os.path.join(stage, 'matplotlib/__init__.py')
        text = read(path).replace("'/usr/share/matplotlib/mpl-data'",
                                  'str(Path(__file__).with_name("mpl-data"))')
        text = re.sub(r"""(['"])/etc/matplotlibrc\1""",
                      'str(Path(__file__).with_name("mpl-data") / "matplotlibrc")', text)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)


def modules(stage):
    """The importable names of a tree: modules, and folders that hold some at any depth."""
    found = set()
    for folder, _, files in os.walk(stage):
        top = os.path.relpath(folder, stage).split('/')[0]
        for name in files:
            if re.search(r'\.(py|so)$', name) and not top.endswith(('.libs', '.data')):
                found.add(name.split('.')[0] if top == '.' else top)
    return sorted(found)


def copy_file(root, path, target):
    """Copy one file of ROOT; links are followed inside ROOT, dangling ones left out."""
    source = os.path.join(root, path)
    for _ in range(8):
        if not os.path.islink(source):
            break
        link = os.readlink(source)
        source = root + link if link.startswith('/') else os.path.join(os.path.dirname(source), link)
    if os.path.isdir(source):
        shutil.copytree(source, target, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    elif os.path.isfile(source) and '/__pycache__/' not in source:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
        os.chmod(target, 0o755 if re.search(r'\.so(\.|$)', path) else 0o644)


def stage_data(deb, dist, data):
    """Scripts that are no entry points, and manual pages."""
    commands = dist.commands()
    for path in deb.under('usr/bin'):
        name = os.path.basename(path)
        source = os.path.join(deb.root, path)
        if name in commands or name.startswith('dh_') or os.path.islink(source):
            continue
        with open(source, 'rb') as f:
            content = f.read()
        if b'\x7fELF' == content[:4]:
            continue
        content = re.sub(rb'\A#! ?/usr/bin/(env )?python3[ \t]*(-\S+)?', b'#!python', content)
        os.makedirs(data + '/scripts', exist_ok=True)
        with open('%s/scripts/%s' % (data, name), 'wb') as f:
            f.write(content)
        os.chmod('%s/scripts/%s' % (data, name), 0o755)
    for path in deb.under('usr/share/man/man1'):
        copy_file(deb.root, path, '%s/data/share/man/man1/%s' % (data, os.path.basename(path)))


def build(job):
    root, lists, out, platform, package = job
    deb = Deb(root, lists, package)
    return [wheel for info, tops in deb.parts() for wheel in [build_part(deb, info, tops, out, platform)] if wheel]


def build_part(deb, info, tops, out, platform):
    dist = Distribution(deb, info)
    if not dist.name or not tops:
        return None
    dist.complete()
    escaped = re.sub(r'[-_.]+', '_', dist.name)
    stem = '%s-%s' % (escaped, dist.version)
    triplet = platform.rsplit('_', 2)[-2:] if platform.endswith('x86_64') else ['aarch64']
    with tempfile.TemporaryDirectory(prefix='wheel-') as stage:
        stage_packages(deb, dist.name, tops, stage)
        binary = Vendor(deb.root, '_'.join(triplet) + '-linux-gnu').graft(stage, escaped + '.libs')
        if info in (None, *deb.infos[:1]):
            stage_data(deb, dist, os.path.join(stage, stem + '.data'))
        tag = 'cp%s-cp%s-%s' % (PYTHON, PYTHON, platform) if binary else 'py3-none-any'
        with WheelWriter(out, dist.name, dist.version, tag, purelib=not binary) as wheel:
            wheel.add_tree(stage)
            wheel.add_info('top_level.txt', ''.join(t + '\n' for t in modules(stage)))
            if dist.entry_points:
                wheel.add_info('entry_points.txt', dist.entry_points)
            wheel.finish(dist.metadata())
    return os.path.basename(wheel.path)


def main():
    root, lists, out, platform = sys.argv[1:]
    skip = re.compile(r'-(whl|minimal|venv|distutils|lib2to3|pkg-resources|dev|backend|lib)$')
    packages = [p for p in sorted(os.listdir(lists)) if not skip.search(p)]
    jobs = [(root, lists, out, platform, p) for p in packages]
    with multiprocessing.Pool(min(2, os.cpu_count() or 1)) as pool:
        made = [w for wheels in pool.imap_unordered(build, jobs) for w in wheels]
    print('%d wheels from %d packages' % (len(made), len(packages)), file=sys.stderr)


if __name__ == '__main__':
    main()
