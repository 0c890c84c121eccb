#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""compare-tree.py [--owners] DIR: does DIR hold exactly what `ocismith ls --format json` says on stdin?

Compares paths, types, modes, sizes, link targets, times, and with --owners the owners. Prints every
difference, then the number of files; exits 1 when there is a difference.
"""
import json
import os
import stat
import sys

TYPES = {'directory': stat.S_ISDIR, 'file': stat.S_ISREG, 'symbolic link': stat.S_ISLNK,
         'hard link': stat.S_ISREG}


def differences(root, entry, owners):
    path = os.path.join(root, entry['path'])
    try:
        st = os.lstat(path)
    except FileNotFoundError:
        return ['missing']
    found = []
    if not TYPES[entry['type']](st.st_mode):
        return ['not a ' + entry['type']]
    if entry['type'] == 'hard link':
        other = os.path.join(root, entry['target'])
        return [] if os.path.samefile(path, other) else ['no link to ' + entry['target']]
    if entry['type'] == 'symbolic link':
        found += check('target', entry['target'], os.readlink(path))
    else:
        found += check('mode', entry['mode'], '%04o' % stat.S_IMODE(st.st_mode))
    if entry['type'] == 'file':
        found += check('size', entry['size'], st.st_size)
        found += check('mtime', entry['mtime'], int(st.st_mtime))
    if owners:
        found += check('owner', (entry['uid'], entry['gid']), (st.st_uid, st.st_gid))
    return found


def check(what, expected, got):
    return [] if expected == got else ['%s: expected %s, got %s' % (what, expected, got)]


def main():
    owners, root = '--owners' in sys.argv, sys.argv[-1]
    entries = {e['path']: e for e in json.load(sys.stdin)}
    bad = 0
    for path, entry in sorted(entries.items()):
        for difference in differences(root, entry, owners):
            print('%s: %s' % (path, difference))
            bad += 1
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.relpath(os.path.join(folder, name), root)
            if path not in entries:
                print('%s: not listed' % path)
                bad += 1
    print('%d entries' % len(entries))
    return 1 if bad or not entries else 0


if __name__ == '__main__':
    sys.exit(main())
