# SPDX-License-Identifier: Apache-2.0
"""install.py PYTHON WHEELS REQUIREMENTS BYTECODE FOLDER: runs in the sandbox, by the image's interpreter; see
execute/pip-install.h. PYTHON is the venv's, which has no pip of its own; FOLDER is its site-packages."""
import glob
import importlib.util
import os
import subprocess
import sys


def find_pip():
    """As a path that an interpreter can run: the image's own, or a wheel that its venv module brings."""
    spec = importlib.util.find_spec("pip")
    if spec is not None and spec.origin:
        return os.path.dirname(spec.origin)
    bundled = importlib.util.find_spec("ensurepip")
    folders = ["/usr/share/python-wheels"]
    if bundled is not None and bundled.origin:
        folders.append(os.path.join(os.path.dirname(bundled.origin), "_bundled"))
    for folder in folders:
        for wheel in sorted(glob.glob(folder + "/pip-*.whl")):
            return wheel + "/pip"
    sys.exit("the image has no pip: it comes with the Debian packages python3-pip and python3-venv")


def main():
    python, wheels, requirements, bytecode, folder = sys.argv[1:]
    os.umask(0o022)
    status = subprocess.call([
        python, find_pip(), "install", "--no-deps", "--no-index", "--find-links", wheels, "--no-compile",
        "--no-cache-dir", "--disable-pip-version-check", "--no-warn-script-location", "--no-input", "--ignore-installed",
        "--root-user-action", "ignore", "--require-hashes", "-r", requirements])
    if status != 0:
        sys.exit(status)
    if bytecode != "none":
        # files that cannot be compiled are in the log, and have none
        subprocess.call([python, "-W", "ignore", "-m", "compileall", "-q", "--invalidation-mode", bytecode, folder])


main()
