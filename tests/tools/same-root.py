#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""same-root.py LAYOUT DIGEST DIR PATTERN...: an image of one layer against a root file system on disk.

Prints each path that one of them lacks, or whose type, mode, owner, contents, target or extended attributes differ,
PATTERNs (of fnmatch, where '*' matches '/', too) left out. Exit status 1 when there are some, or when a PATTERN matches
no difference: then it has no reason to be there.
"""
import fnmatch
import hashlib
import json
import os
import stat
import sys
import tarfile


def of_layer(layout, digest):
    def blob(name):
        return f'{layout}/blobs/{name.replace(":", "/")}'
    with open(blob(digest), encoding='utf-8') as file:
        [layer] = json.load(file)['layers']
    rows = {}
    with tarfile.open(blob(layer['digest'])) as tar:
        for e in tar:
            path = e.name.strip('/')
            if e.islnk():
                rows[path] = rows[e.linkname.strip('/')]
                continue
            kind = 'd' if e.isdir() else 'l' if e.issym() else 'f' if e.isreg() else 'o'
            xattrs = sorted(k[len('SCHILY.xattr.'):] for k in e.pax_headers if k.startswith('SCHILY.xattr.'))
            what = e.linkname if kind == 'l' else hashlib.sha256(tar.extractfile(e).read()).hexdigest() if kind == 'f' else ''
            rows[path] = (kind, '' if kind == 'l' else oct(e.mode & 0o7777), e.uid, e.gid, what, xattrs)
    return rows


def of_directory(root):
    rows = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            kind = {stat.S_IFDIR: 'd', stat.S_IFLNK: 'l', stat.S_IFREG: 'f'}.get(stat.S_IFMT(st.st_mode), 'o')
            what = ''
            if kind == 'l':
                what = os.readlink(path)
            elif kind == 'f':
                with open(path, 'rb') as file:
                    what = hashlib.sha256(file.read()).hexdigest()
            rows[os.path.relpath(path, root)] = (kind, '' if kind == 'l' else oct(stat.S_IMODE(st.st_mode)), st.st_uid,
                                                 st.st_gid, what, sorted(os.listxattr(path, follow_symlinks=False)))
    return rows


def main():
    layout, digest, root, *patterns = sys.argv[1:]
    ours, theirs = of_layer(layout, digest), of_directory(root)
    ours.pop('', None), ours.pop('.', None)
    used, bad = set(), 0
    for path in sorted(ours.keys() | theirs.keys()):
        if ours.get(path) == theirs.get(path):
            continue
        matches = [p for p in patterns if fnmatch.fnmatchcase(path, p)]
        used.update(matches)
        if not matches:
            bad += 1
            print(path, 'ours:', ours.get(path), 'theirs:', theirs.get(path))
    for pattern in set(patterns) - used:
        bad += 1
        print(pattern, 'matches no difference')
    sys.exit(bad > 0)


main()
