#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pip-judge.py WHEEL_TREE [WHEEL...]: does ocismith lay wheels out as real pip does?

Every wheel is installed by real pip (Debian's pip 23.0.1, `install --no-deps --no-compile`) into a
venv at a temporary prefix, whose tree is then compared with the one that WHEEL_TREE makes of the
wheel for the same prefix: paths, types, modes, link targets and contents. Directories of the venv
itself do not count. Only the differences of the table ALLOWED are passed over.

Prints one TAP line for each wheel; exit status 1 when one differs.
"""
import csv
import glob
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import tempfile

PIP_VERSION = "23.0.1"

# file of *.dist-info -> why it may differ
ALLOWED = {
    "INSTALLER": "names the tool that installed: ours says ocismith",
    "REQUESTED": "says that a user named the project: a layer must not know how it was asked for",
    "direct_url.json": "says from where the wheel came, a path of the build host",
    "RECORD": "compared as a set of rows, without those of the three files above",
}


def tree(top):
    """path -> (type and mode, link target or content's digest) of everything below top"""
    found = {}
    for directory, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                value = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    value = hashlib.file_digest(file, "sha256").hexdigest()
            else:
                value = ""
            mode = 0 if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode)
            found[os.path.relpath(path, top)] = (stat.S_IFMT(status.st_mode), oct(mode), value)
    return found


def info_name(path):
    """the file's name when it stands in a *.dist-info right in site-packages, else None"""
    directory, name = os.path.split(path)
    above, info = os.path.split(directory)
    inside = above == "" or above.endswith("/site-packages")
    return name if info.endswith(".dist-info") and inside else None


def record_rows(path):
    """the rows that count, as a set"""
    with open(path, "rb") as file:
        text = file.read().decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if text.count("\r\n") != len(rows) or len(rows) != len({tuple(row) for row in rows}):
        return {("lines without CRLF, or rows that repeat",)}
    return {tuple(row) for row in rows
            if info_name(row[0]) not in ("INSTALLER", "REQUESTED", "direct_url.json")}


def differences(pip_top, pip, our_top, ours):
    for path in sorted(set(pip) | set(ours)):
        theirs, mine = pip.get(path), ours.get(path)
        name = info_name(path)
        if name in ALLOWED and name != "RECORD" and (theirs is None or mine is None):
            continue
        if name == "RECORD" and theirs and mine:
            a = record_rows(os.path.join(pip_top, path))
            b = record_rows(os.path.join(our_top, path))
            for row in sorted(a ^ b):
                yield f"{path}: {'only pip' if row in a else 'only ocismith'} has the row {row}"
        if name in ALLOWED and theirs and mine:
            theirs, mine = theirs[:2], mine[:2]
        if theirs != mine:
            yield f"{path}: pip {theirs}, ocismith {mine}"


def pip_install(prefix, wheel):
    """in a child of this process, where pip is already imported"""
    pid = os.fork()
    if pid == 0:
        from pip._internal.cli.main import main
        os._exit(main(["install", "--quiet", "--no-deps", "--no-compile", "--no-index",
                       "--disable-pip-version-check", "--no-cache-dir", "--ignore-requires-python",
                       "--force-reinstall", wheel]))
    return os.waitpid(pid, 0)[1] == 0


def wipe(prefix, skeleton):
    for directory, dirs, files in os.walk(prefix, topdown=False):
        for name in files + dirs:
            path = os.path.join(directory, name)
            if os.path.relpath(path, prefix) in skeleton:
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)


def judge(wheel_tree, prefix, skeleton, wheel, scratch):
    """problems, as a list of texts"""
    python = "%d.%d" % sys.version_info[:2]
    if not pip_install(prefix, wheel):
        return ["real pip refuses it"]
    pip = {path: value for path, value in tree(prefix).items() if path not in skeleton}
    made = subprocess.run([wheel_tree, "wheel", prefix, python, sys.executable, scratch, wheel],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return [made.stderr.strip()]
    our_top = os.path.join(scratch, os.path.basename(wheel))
    ours = tree(our_top)
    for path, value in skeleton.items():
        if path in ours and (not stat.S_ISDIR(value[0]) or ours.pop(path) != value):
            return [f"'{path}' of the venv is changed"]
    return list(differences(prefix, pip, our_top, ours))


def in_venv(wheel_tree, wheels):
    """what runs under the venv's own interpreter"""
    import pip
    if pip.__version__ != PIP_VERSION:
        raise SystemExit(f"pip is {pip.__version__}, expected {PIP_VERSION}")
    import pip._internal.commands.install  # noqa: F401  once, for all children
    prefix = sys.prefix
    skeleton = tree(prefix)
    failed = 0
    print(f"1..{len(wheels)}")
    for number, wheel in enumerate(wheels, 1):
        scratch = tempfile.mkdtemp(dir=os.path.dirname(prefix))
        problems = judge(wheel_tree, prefix, skeleton, wheel, scratch)
        shutil.rmtree(scratch)
        wipe(prefix, skeleton)
        print(f"{'not ok' if problems else 'ok'} {number} {os.path.basename(wheel)}", flush=True)
        for text in problems[:20]:
            print(f"# {text}")
        failed += bool(problems)
    return 1 if failed else 0


def main():
    if os.environ.pop("PIP_JUDGE_INSIDE", None):
        return in_venv(sys.argv[1], sys.argv[2:])
    pip_wheel = glob.glob(f"/usr/share/python-wheels/pip-{PIP_VERSION}-*.whl")
    if not pip_wheel:
        raise SystemExit(f"no pip {PIP_VERSION} in /usr/share/python-wheels (python3-pip-whl)")
    os.umask(0o022)
    top = os.path.realpath(tempfile.mkdtemp(prefix="pip-judge-"))
    prefix = os.path.join(top, "venv")
    try:
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", prefix], check=True)
        env = {"PATH": "/usr/bin:/bin", "HOME": top, "PYTHONPATH": pip_wheel[0],
               "PIP_CONFIG_FILE": os.devnull, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8",
               "PIP_JUDGE_INSIDE": "1"}
        return subprocess.run([os.path.join(prefix, "bin/python3"), os.path.abspath(__file__),
                               os.path.abspath(sys.argv[1]),
                               *map(os.path.abspath, sys.argv[2:])],
                              env=env, check=False).returncode
    finally:
        shutil.rmtree(top)


if __name__ == "__main__":
    sys.exit(main())
