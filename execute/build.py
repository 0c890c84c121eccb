# SPDX-License-Identifier: Apache-2.0
"""build.py MODE THERE PIP SDIST: runs in the sandbox, by the image's interpreter; see execute/pip-build.h.

MODE: static   what [build-system] requires
      dynamic  what the backend requires beside that
      wheel    the wheel
THERE is a directory for answers, PIP one with pip in it or empty; /ocismith.wheels holds the build requirements.
"""
import importlib.util
import io
import json
import os
import posixpath
import stat
import subprocess
import sys
import tarfile
import zipfile

SOURCE, ENVIRONMENT, OUT, WHEELS = "/build/src", "/build/env", "/build/out", "/ocismith.wheels"
NO_PIP = 97
HOOK = """
import importlib, json, os, sys
backend, out = sys.argv[1:3]
sys.path[:0] = [os.path.abspath(p) for p in sys.argv[3:]]
module, _, path = backend.partition(":")
found = importlib.import_module(module)
for part in filter(None, path.split(".")):
    found = getattr(found, part)
hook = getattr(found, "get_requires_for_build_wheel", None)
wanted = list(hook()) if hook else []
with open(out, "w", encoding="utf-8") as f:
    json.dump(wanted, f)
"""


def fail(text):
    sys.exit("build: " + text)


def members(path):
    """Name, content, link target, executable: of each file and link."""
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                mode = info.external_attr >> 16
                if not info.is_dir() and not stat.S_ISLNK(mode):
                    yield info.filename, archive.read(info), None, mode & 0o111
        return
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isreg() or info.islnk():
                yield info.name, archive.extractfile(info).read(), None, info.mode & 0o111
            elif info.issym():
                yield info.name, None, info.linkname, 0


def unpack(path, epoch):
    """The one directory of the sdist becomes SOURCE; owners, times and the rest of the modes are not its to say."""
    for name, content, target, executable in members(path):
        normal = posixpath.normpath(name)
        below = normal.partition("/")[2]
        if normal.startswith(("/", "../")) or not below:
            continue
        place = os.path.join(SOURCE, below)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if os.path.lexists(place):
            os.unlink(place)
        if target is not None:
            os.symlink(target, place)
            continue
        with open(place, "xb") as f:
            f.write(content)
        os.chmod(place, 0o755 if executable else 0o644)
        os.utime(place, (epoch, epoch))
    if not os.path.isdir(SOURCE):
        fail("there is no directory in it")


def read_toml(path, pip):
    try:
        import tomllib
    except ImportError:
        if pip:
            sys.path.insert(0, pip)
        from pip._vendor import tomli as tomllib
    with open(path, "rb") as f:
        return tomllib.load(f)


def build_system(pip):
    """PEP 517 and 518, with what holds when nothing is said."""
    legacy = {"requires": ["setuptools>=40.8.0", "wheel"], "backend": "setuptools.build_meta:__legacy__", "path": []}
    path = os.path.join(SOURCE, "pyproject.toml")
    system = read_toml(path, pip).get("build-system") if os.path.exists(path) else None
    if system is None:
        return legacy
    return {"requires": system.get("requires", legacy["requires"]),
            "backend": system.get("build-backend", legacy["backend"]), "path": system.get("backend-path", [])}


def run(command, **extra):
    environment = dict(os.environ, PYTHONPATH=ENVIRONMENT, PATH=ENVIRONMENT + "/bin:" + os.environ["PATH"], **extra)
    status = subprocess.call(command, cwd=SOURCE, env=environment, stdin=subprocess.DEVNULL)
    if status:
        sys.exit(1)


def install(pip):
    wheels = [os.path.join(WHEELS, name) for name in sorted(os.listdir(WHEELS))] if os.path.isdir(WHEELS) else []
    os.makedirs(ENVIRONMENT)
    if wheels:
        run(pip + ["install", "--target", ENVIRONMENT, "--no-compile", "--no-deps", "--no-index", "--quiet"] + wheels)


def normalise(path, to):
    """The same wheel without what depends on the clock, the order of directories and the umask."""
    with zipfile.ZipFile(path) as archive:
        found = {i.filename: (archive.read(i), i.external_attr >> 16 & 0o111)
                 for i in archive.infolist() if not i.is_dir()}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(found, key=lambda n: (n.endswith(".dist-info/RECORD"), n)):
            content, executable = found[name]
            if name.endswith(".dist-info/RECORD"):
                content = b"".join(sorted(io.BytesIO(content.replace(b"\r\n", b"\n"))))
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
            archive.writestr(info, content)


def build_wheel(pip, there):
    os.makedirs(OUT)
    run(pip + ["wheel", "--no-build-isolation", "--use-pep517", "--no-deps", "--no-index", "--wheel-dir", OUT, SOURCE])
    wheels = [name for name in os.listdir(OUT) if name.endswith(".whl")]
    if len(wheels) != 1:
        fail("%d wheels were built" % len(wheels))
    normalise(os.path.join(OUT, wheels[0]), os.path.join(there, "wheel"))
    return wheels[0]


def main(mode, there, place_of_pip, sdist):
    os.umask(0o022)
    if importlib.util.find_spec("pip") and importlib.util.find_spec("pip.__main__"):
        pip = ["-m", "pip"]
    elif place_of_pip:
        pip = [place_of_pip + "/pip"]
    else:
        sys.exit(NO_PIP)
    pip = [sys.executable] + pip + ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--no-color",
                                    "--isolated"]
    unpack(sdist, int(os.environ["SOURCE_DATE_EPOCH"]))
    system = build_system(place_of_pip)
    if mode == "static":
        answer = system["requires"]
    else:
        install(pip)
        hook = os.path.join(there, "hook.json")
        run([sys.executable, "-c", HOOK, system["backend"], hook] + system["path"])
        with open(hook, encoding="utf-8") as f:
            answer = json.load(f)
        if mode == "wheel":
            answer = [build_wheel(pip, there)]
    with open(os.path.join(there, "answer.json"), "w", encoding="utf-8") as f:
        json.dump(answer, f)


if __name__ == "__main__":
    main(*sys.argv[1:])
