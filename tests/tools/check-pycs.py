#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check-pycs.py LAYOUT REF [VENV]: the bytecode of an image.

Every .py file of its venv's site-packages and of /app has a .pyc file of its own source's hash that is never checked, but those
that it prints; RECORD has a row without hash for each of a wheel's, and is sorted. With VENV (one that pip and compileall made)
the .pyc files of site-packages are the same bytes. Prints a line: how many there are, then the paths of sources without one.
"""
import csv
import hashlib
import importlib.util
import io
import json
import os
import sys
import tarfile


def load(layout, digest):
    with open(os.path.join(layout, 'blobs', *digest.split(':')), 'rb') as f:
        return f.read()


def files_of(layout, ref):
    index = json.loads(open(layout + '/index.json', encoding='utf-8').read())
    found, = (m for m in index['manifests']
              if m.get('annotations', {}).get('org.opencontainers.image.ref.name') == ref)
    files = {}
    for layer in json.loads(load(layout, found['digest']))['layers'][1:]:
        with tarfile.open(fileobj=io.BytesIO(load(layout, layer['digest']))) as tar:
            for member in tar:
                if member.isfile():
                    files[member.name.lstrip('./')] = tar.extractfile(member).read()
    return files


def main():
    files = files_of(sys.argv[1], sys.argv[2])
    venv = sys.argv[3] if len(sys.argv) > 3 else None
    site = 'opt/venv/lib/python3.11/site-packages/'
    listed, missing, count = set(), [], 0
    for path, data in files.items():
        if path.endswith('.dist-info/RECORD'):
            rows = list(csv.reader(io.StringIO(data.decode('utf-8'))))
            assert rows == sorted(rows) and len({row[0] for row in rows}) == len(rows), path
            listed.update(row[0] for row in rows if row[0].endswith('.pyc') and row[1:] == ['', ''])
    for path, data in sorted(files.items()):
        if not path.endswith('.py') or not path.startswith((site, 'app/')):
            continue
        folder, name = os.path.split(path)
        pyc = '%s/__pycache__/%s.cpython-311.pyc' % (folder, name[:-3])
        if pyc not in files:
            missing.append(path)
            continue
        count += 1
        assert files[pyc][4:8] == b'\1\0\0\0', pyc
        if sys.version_info[:2] == (3, 11):
            assert files[pyc][:4] == importlib.util.MAGIC_NUMBER, pyc
            assert files[pyc][8:16] == importlib.util.source_hash(data), pyc
        if path.startswith(site):
            assert pyc[len(site):] in listed, pyc
            listed.discard(pyc[len(site):])
        if venv and path.startswith(site):
            with open('%s/lib/python3.11/site-packages/%s' % (venv, pyc[len(site):]), 'rb') as f:
                ours, theirs = hashlib.sha256(files[pyc]).digest(), hashlib.sha256(f.read()).digest()
            assert ours == theirs, pyc
    assert not listed, listed
    print(count, *missing)


main()
