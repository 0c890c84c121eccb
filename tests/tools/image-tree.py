#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""image-tree.py LAYOUT REF: the files of an image, read with nothing but Python's gzip and tarfile (and zstd).

Checks the digest and size of every blob, the diff IDs, and each layer for what the image-spec asks of it: no path
twice or out of the root, directories before what is in them. Applies the layers over each other with their whiteouts. Prints a
JSON list of {path, type, mode, uid, gid, mtime, size, sha256, target, xattrs}, sorted by path; the few files of TEXT
also with their text.
"""
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile

TYPES = {tarfile.REGTYPE: 'file', tarfile.DIRTYPE: 'directory', tarfile.SYMTYPE: 'symbolic link'}

TEXT = re.compile(r'^etc/(passwd|group|machine-profile\.json)$|\.dist-info/RECORD$')


def read_blob(layout, descriptor):
    with open(os.path.join(layout, 'blobs', *descriptor['digest'].split(':')), 'rb') as file:
        data = file.read()
    assert len(data) == descriptor['size'], descriptor
    assert 'sha256:' + hashlib.sha256(data).hexdigest() == descriptor['digest'], descriptor
    return data


def unpack(data, media_type):
    if media_type.endswith('+gzip'):
        return gzip.decompress(data)
    if media_type.endswith('+zstd'):
        return subprocess.run(['zstd', '-dcq'], input=data, stdout=subprocess.PIPE, check=True).stdout
    assert media_type.endswith('.tar'), media_type
    return data


def describe(tar, member):
    entry = {'path': member.name, 'type': TYPES[member.type], 'mode': '%04o' % member.mode, 'uid': member.uid,
             'gid': member.gid, 'mtime': int(member.mtime),
             'xattrs': {k[13:]: v for k, v in member.pax_headers.items() if k.startswith('SCHILY.xattr.')}}
    if member.issym():
        entry['target'] = member.linkname
    if member.isreg():
        data = tar.extractfile(member).read()
        assert len(data) == member.size, member.name
        entry.update(size=member.size, sha256=hashlib.sha256(data).hexdigest())
        if TEXT.search(member.name):
            entry['text'] = data.decode()
    return entry


def remove(tree, path, itself=True):
    for other in [p for p in tree if p.startswith(path + '/' if path else '') or itself and p == path]:
        del tree[other]


def apply(tree, data):
    """One layer: whiteouts hide what the layers below have, wherever they stand in this one."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [m for m in tar if m.name.strip('./')]
        names = [m.name for m in members]
        assert len(names) == len(set(names)), 'a path stands twice'
        for name in names:
            assert not name.startswith('/') and '..' not in name.split('/'), name
        for member in members:
            folder, base = os.path.split(member.name)
            if base == '.wh..wh..opq':
                remove(tree, folder, itself=False)
            elif base.startswith('.wh.'):
                remove(tree, os.path.join(folder, base[4:]))
        made = set()
        for member in members:
            folder, base = os.path.split(member.name)
            if base.startswith('.wh.'):
                continue
            assert folder == '' or folder in made or folder in tree, 'no directory before ' + member.name
            made.add(member.name)
            if member.islnk():
                tree[member.name] = dict(tree[member.linkname], path=member.name)
                continue
            entry = describe(tar, member)
            if entry['type'] != 'directory':
                remove(tree, member.name)
            tree[member.name] = entry


def main():
    layout, ref = sys.argv[1:]
    with open(layout + '/index.json', 'rb') as file:
        found = [m for m in json.load(file)['manifests']
                 if m.get('annotations', {}).get('org.opencontainers.image.ref.name') == ref]
    assert len(found) == 1, found
    manifest = json.loads(read_blob(layout, found[0]))
    config = json.loads(read_blob(layout, manifest['config']))
    assert len(manifest['layers']) == len(config['rootfs']['diff_ids'])
    tree = {}
    for layer, diff_id in zip(manifest['layers'], config['rootfs']['diff_ids']):
        data = unpack(read_blob(layout, layer), layer['mediaType'])
        assert 'sha256:' + hashlib.sha256(data).hexdigest() == diff_id, layer
        apply(tree, data)
    json.dump([tree[path] for path in sorted(tree)], sys.stdout, indent=0)


main()
