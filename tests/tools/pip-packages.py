#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pip-packages.py DIR SPEC...: distributions to be resolved, into DIR.

A SPEC is NAME==VERSION[:REQUIREMENT,...], a wheel, or sdist:NAME==VERSION[:REQUIREMENT,...], a source distribution with
a build backend of its own. The backend asks for `helper` by its hook alone, writes what that says into the wheel, and
does all that makes a wheel differ from one day to the next: the time of the day, a random order, odd modes.
"""
import io
import sys
import tarfile

import wheelfile

BACKEND = '''
import os, random, time, zipfile
REQUIRES = %(requires)r
def get_requires_for_build_wheel(config_settings=None):
    return ["helper>=1"]
def metadata():
    return "Metadata-Version: 2.1\\nName: %(name)s\\nVersion: %(version)s\\n" + "".join(
        "Requires-Dist: %%s\\n" %% r for r in REQUIRES)
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    info = "%(name)s-%(version)s.dist-info"
    os.mkdir(os.path.join(directory, info))
    with open(os.path.join(directory, info, "METADATA"), "w") as f:
        f.write(metadata())
    return info
def build_wheel(directory, config_settings=None, metadata_directory=None):
    import base64, hashlib, helper, socket
    try:
        socket.create_connection(("192.0.2.1", 9), 1)
        network = "reached"
    except OSError:
        network = "none"
    files = {"%(name)s/__init__.py": "HELPER = %%r\\nNETWORK = %%r\\nPLACE = %%r\\n" %% (
        helper.VERSION, network, os.getcwd()), "%(name)s/a.py": "", "%(name)s/b.py": "", "%(name)s/c.py": ""}
    info = "%(name)s-%(version)s.dist-info/"
    files[info + "METADATA"] = metadata()
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    order = list(files.items())
    random.SystemRandom().shuffle(order)
    record = "".join("%%s,sha256=%%s,%%d\\n" %% (n, base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest())
                     .rstrip(b"=").decode(), len(t)) for n, t in order) + info + "RECORD,,\\n"
    wheel = "%(name)s-%(version)s-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as z:
        for name, text in order + [(info + "RECORD", record)]:
            entry = zipfile.ZipInfo(name, time.localtime()[:6])
            entry.external_attr = random.SystemRandom().choice([0o100600, 0o100664]) << 16
            z.writestr(entry, text)
    return wheel
'''
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def wheel(out, name, version, requires):
    with wheelfile.WheelWriter(out, name, version, 'py3-none-any') as w:
        w.add(name.replace('-', '_') + '.py', 'VERSION = %r\n' % version)
        w.finish('Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s' % (
            name, version, ''.join('Requires-Dist: %s\n' % r for r in requires)))


def sdist(out, name, version, requires):
    stem = '%s-%s' % (name, version)
    files = {'pyproject.toml': PYPROJECT,
             'PKG-INFO': 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' % (name, version),
             'backend.py': BACKEND % {'name': name, 'version': version, 'requires': requires}}
    with tarfile.open('%s/%s.tar.gz' % (out, stem), 'w:gz') as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(stem + '/' + path)
            entry.size, entry.uid, entry.gid = len(text), 4321, 4321
            tar.addfile(entry, io.BytesIO(text.encode()))


for spec in sys.argv[2:]:
    what, _, wanted = spec.removeprefix('sdist:').partition(':')
    parts = (*what.split('=='), [r for r in wanted.split(',') if r])
    (sdist if spec.startswith('sdist:') else wheel)(sys.argv[1], *parts)
