#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""expect-tree.py FLEET SERVICE BASE-TREE IMAGE-TREE: does an image hold what its fleet says, and nothing else?

The trees are image-tree.py's. What is expected is worked out from the fleet's own files, without ocismith: the
base's files as they were; each wheel of the lock, of which every member and every row of RECORD must be there; the
application's files below /app; the venv, the user, oci-probe and the machine profile. Prints each difference; exit 1 for any.
"""
import base64
import csv
import hashlib
import io
import json
import os
import re
import sys
import zipfile

PROBE = 'usr/libexec/oci-probe'
SITE = 'opt/venv/lib/python3.11/site-packages/'
# files of ours that no wheel or application has
OWN = re.compile(r'(app|opt|opt/venv|etc/machine-profile\.json|home|home/appuser|etc/(passwd|group)(-)?|'
                 r'opt/venv/(pyvenv\.cfg|lib64|include|(include|lib)/python3\.11|lib|bin|'
                 r'lib/python3\.11/site-packages|bin/(python3?(\.11)?|activate)))$')
bad = []


def complain(path, text):
    bad.append('%s: %s' % (path, text))


def expect(tree, path, **fields):
    entry = tree.get(path)
    if entry is None:
        complain(path, 'missing')
        return
    for key, value in fields.items():
        if entry.get(key) != value:
            complain(path, '%s: expected %r, got %r' % (key, value, entry.get(key)))


def locked_wheels(fleet, service):
    with open(fleet + '/build-lock.json', encoding='utf-8') as file:
        lock = json.load(file)
    families = {f['name']: f for f in lock['families']}
    node = [s for s in lock['services'] if s['name'] == service][0]
    names = []
    while node is not None:
        names += node.get('wheels', [])
        node = families.get(node['from'])
    urls = {w['file']: w['url'] for w in lock['wheels']}
    return [os.path.join(fleet, urls[name]) for name in names], lock['epoch']


def locked_probe(fleet):
    with open(fleet + '/build-lock.json', encoding='utf-8') as file:
        return [part['sha256'] for part in json.load(file)['parts'] if part['name'] == 'oci-probe'][0]


def check_wheel(tree, path, seen, epoch):
    """Members by the zip's own word, then the installed RECORD's rows by what is there."""
    with zipfile.ZipFile(path) as wheel:
        info = [n for n in wheel.namelist() if n.endswith('.dist-info/WHEEL')][0].split('/')[0]
        for member in wheel.infolist():
            top = member.filename.split('/')[0]
            if member.is_dir() or top.endswith('.data') or member.filename == info + '/RECORD':
                continue
            mode = '0755' if member.external_attr >> 16 & 0o111 else '0644'
            expect(tree, SITE + member.filename, type='file', mode=mode, uid=0, gid=0, mtime=epoch,
                   sha256=hashlib.sha256(wheel.read(member)).hexdigest())
        own = [n for n in wheel.namelist() if n.split('/')[0].endswith('.data')]
    record = tree[SITE + info + '/RECORD']['text']
    rows = list(csv.reader(io.StringIO(record)))
    for name, digest, size in rows:
        installed = os.path.normpath(SITE + name)
        if '.data/scripts/' in name:
            # pip leaves the row of a script that an entry point hides as it was
            continue
        seen.add(installed)
        if not digest:
            if not name.endswith('/RECORD'):
                complain(installed, 'no hash in RECORD')
            continue
        value = base64.urlsafe_b64decode(digest.split('=', 1)[1] + '=').hex()
        expect(tree, installed, sha256=value, size=int(size), uid=0, gid=0, mtime=epoch)
    if len(rows) < len(own):
        complain(path, 'RECORD has fewer rows than the .data folder has files')


def check_app(tree, fleet, files, seen, epoch):
    for name in files:
        found = [name]
        for folder, folders, names in os.walk(os.path.join(fleet, name)):
            found += [os.path.relpath(os.path.join(folder, n), fleet) for n in folders + names]
        for path in found:
            source, target = os.path.join(fleet, path), 'app/' + path
            seen.add(target)
            fields = {'uid': 0, 'gid': 0, 'mtime': epoch}
            if os.path.islink(source):
                expect(tree, target, type='symbolic link', target=os.readlink(source), **fields)
            elif os.path.isdir(source):
                expect(tree, target, type='directory', mode='0755', **fields)
            else:
                mode = '0755' if os.stat(source).st_mode & 0o100 else '0644'
                with open(source, 'rb') as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                expect(tree, target, type='file', mode=mode, sha256=digest, **fields)


def app_files(fleet, service):
    """The little of fleet.yaml that is needed: SERVICE's app files, written in one line."""
    with open(fleet + '/fleet.yaml', encoding='utf-8') as file:
        text = file.read()
    block = re.search(r'^  %s:\n((?:    .*\n|\n)*)' % service, text, re.M).group(1)
    return re.split(r',\s*', re.search(r'files: \[(.*)\]', block).group(1))


def main():
    fleet, service, base_path, image_path = sys.argv[1:]
    base, tree = ({e['path']: e for e in json.load(open(p, encoding='utf-8'))} for p in (base_path, image_path))
    wheels, epoch = locked_wheels(fleet, service)
    seen = set()
    for path, entry in base.items():
        if not OWN.match(path):
            # a directory with something of ours in it comes again, with our time
            skip = ('path', 'text', 'mtime') if path in ('etc', 'usr', 'usr/libexec') else ('path', 'text')
            expect(tree, path, **{k: v for k, v in entry.items() if k not in skip})
    for path in wheels:
        check_wheel(tree, path, seen, epoch)
    check_app(tree, fleet, app_files(fleet, service), seen, epoch)
    for path in ('etc/passwd', 'etc/group'):
        if not tree[path]['text'].startswith(base[path]['text']):
            complain(path, "does not begin with the base's own")
    if 'appuser:x:10001:10001:' not in tree['etc/passwd']['text']:
        complain('etc/passwd', 'no appuser')
    expect(tree, PROBE, type='file', mode='0755', uid=0, gid=0, mtime=epoch, sha256=locked_probe(fleet))
    seen.add(PROBE)
    json.loads(tree['etc/machine-profile.json']['text'])
    folders = {os.path.dirname(p) for p in seen}
    folders |= {os.path.dirname('/'.join(p.split('/')[:i])) for p in seen for i in range(1, p.count('/') + 2)}
    for path, entry in tree.items():
        if path not in base and path not in seen and path not in folders and not OWN.match(path):
            complain(path, 'not expected')
        if path not in base and entry['type'] == 'directory' and entry['mode'] != '0755':
            complain(path, 'mode %s of a directory of ours' % entry['mode'])
    for line in bad[:50]:
        print(line)
    print('%d entries, %d wheels, %d differences' % (len(tree), len(wheels), len(bad)))
    return 1 if bad or not wheels else 0


if __name__ == '__main__':
    sys.exit(main())
