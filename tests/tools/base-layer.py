#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""base-layer.py OUT REF ARCH SOURCE...: an OCI image layout OUT with one Debian image named REF.

SOURCE is either one tar of a root file system, or .debs, which are put together without running their
scripts: merged /usr, owners and modes as data, dpkg's database, passwd, group, certificates and the few
links that the scripts would have made. One gzip layer; the same sources give the same bytes.
"""
import datetime
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile

MERGED = ('bin', 'sbin', 'lib', 'lib64')
DROP = re.compile(r'usr/share/(man|info|locale|lintian|bug|doc-base)/.|usr/share/doc/.*/(?!copyright$)|'
                  r'dev/.|proc/.|sys/.|run/.|tmp/.|var/(cache|log|tmp)/.*[^/]$|var/lib/apt/lists/(?!partial/$).|'
                  r'etc/(machine-id|hostname|resolv\.conf|.*/99mmdebstrap|apt/sources\.list\.d/.+)$|'
                  r'etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|var/lib/dpkg/[^/]*-old$')
# what DROP leaves out, dpkg shall leave out of later packages too
EXCLUDES = ''.join('path-exclude=/usr/share/%s/*\n' % s for s in (
    'man', 'info', 'locale', 'lintian', 'bug', 'doc-base', 'doc')) + (
    'path-include=/usr/share/doc/*/copyright\n')
SOURCES = ''.join('deb http://deb.debian.org/%s main\n' % s for s in (
    'debian bookworm', 'debian bookworm-updates', 'debian-security bookworm-security'))


class Root:
    """A root file system in memory: path -> (TarInfo, content)."""

    def __init__(self):
        self.entries, self.newest = {}, 0

    @staticmethod
    def path(name):
        name = re.sub(r'^(\./|/)+', '', name).rstrip('/')
        first, _, rest = name.partition('/')
        # through the links /bin, /sbin, /lib and /lib64, as dpkg unpacks it
        return 'usr/' + name if first in MERGED and rest else name

    def read_tar(self, stream):
        """Add a tar's members; returns their names. The first package to bring a folder gives its mode."""
        names = []
        with tarfile.open(fileobj=stream, mode='r|') as tar:
            for member in tar:
                names.append(re.sub(r'^\./', '/', member.name) or '/')
                path = self.path(member.name)
                drop = path + '/' if member.isdir() else path
                if path in ('', '.') or path in MERGED or DROP.match(drop):
                    continue
                if member.isdir() and path in self.entries:
                    continue
                if member.islnk():
                    member.linkname = self.path(member.linkname)
                content = tar.extractfile(member).read() if member.isfile() else b''
                self.put(path, member, content)
        return names

    def put(self, path, member, content=b''):
        member.name, member.uname, member.gname = path, '', ''
        member.pax_headers, member.size = {}, len(content)
        member.mtime = int(member.mtime)
        self.newest = max(self.newest, member.mtime)
        self.entries[path] = (member, content)

    def make(self, path, content=b'', mode=0o644, kind=tarfile.REGTYPE, link=''):
        member = tarfile.TarInfo(path)
        member.mode, member.type, member.linkname = mode, kind, link
        member.mtime = self.newest
        self.put(path, member, content)

    def folder(self, path, mode=0o755):
        if path not in self.entries:
            self.make(path, mode=mode, kind=tarfile.DIRTYPE)

    def link(self, path, target):
        if path not in self.entries:
            self.make(path, mode=0o777, kind=tarfile.SYMTYPE, link=target)

    def content(self, path):
        return self.entries[path][1]

    def write(self, stream):
        # no hard link comes before its target, no file before its folder
        order = sorted(self.entries, key=lambda p: (self.entries[p][0].islnk(), p.split('/')))
        with tarfile.open(fileobj=stream, mode='w', format=tarfile.PAX_FORMAT) as tar:
            for path in order:
                member, content = self.entries[path]
                tar.addfile(member, io.BytesIO(content))


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def unpack(root, deb):
    """One package: its files and its part of dpkg's database."""
    control = run('dpkg-deb', '-f', deb).decode()
    fields = dict(re.findall(r'^([\w-]+): *(.*)$', control, re.M))
    names = root.read_tar(io.BytesIO(run('dpkg-deb', '--fsys-tarfile', deb)))
    info = 'var/lib/dpkg/info/' + fields['Package']
    if fields.get('Multi-Arch') == 'same':
        info += ':' + fields['Architecture']
    listing = ['/.' if n in ('.', '/') else n.rstrip('/') for n in names]
    root.make(info + '.list', ''.join(n + '\n' for n in listing).encode())
    with tarfile.open(fileobj=io.BytesIO(run('dpkg-deb', '--ctrl-tarfile', deb))) as tar:
        for member in tar:
            name = os.path.basename(member.name)
            if member.isfile() and name != 'control':
                content = tar.extractfile(member).read()
                root.make('%s.%s' % (info, name), content, member.mode)
    return re.sub(r'^(Package: .*)$', r'\1\nStatus: install ok installed', control, count=1, flags=re.M)


def configure(root):
    """What the maintainer scripts would have done, as far as programs need it."""
    for name in MERGED:
        if not any(path.startswith('usr/%s/' % name) for path in root.entries):
            continue
        root.folder('usr/' + name)
        root.link(name, 'usr/' + name)
    for path in ('dev', 'proc', 'sys', 'run', 'opt', 'mnt', 'media', 'srv', 'home', 'var', 'var/cache',
                 'var/log', 'usr/local', 'usr/local/bin', 'usr/local/sbin', 'usr/local/lib', 'etc'):
        root.folder(path)
    root.folder('root', 0o700)
    for path in ('tmp', 'var/tmp', 'run/lock'):
        root.folder(path)
        root.entries[path][0].mode = 0o1777
    for path, target in (('var/run', '/run'), ('var/lock', '/run/lock')):
        root.entries.pop(path, None)
        root.link(path, target)
    root.make('etc/passwd', root.content('usr/share/base-passwd/passwd.master'))
    root.make('etc/group', root.content('usr/share/base-passwd/group.master'))
    for path, source in (('etc/nsswitch.conf', 'usr/share/libc-bin/nsswitch.conf'),
                         ('etc/profile', 'usr/share/base-files/profile'),
                         ('root/.bashrc', 'usr/share/base-files/dot.bashrc'),
                         ('root/.profile', 'usr/share/base-files/dot.profile')):
        if source in root.entries:
            root.make(path, root.content(source))
    for path, target in (('usr/bin/awk', 'mawk'), ('usr/bin/which', 'which.debianutils')):
        if os.path.join('usr/bin', target) in root.entries:
            root.link(path, target)
    certificates = sorted(p for p in root.entries if re.match(r'usr/share/ca-certificates/.*\.crt$', p))
    root.folder('etc/ssl/certs')
    root.make('etc/ssl/certs/ca-certificates.crt', b''.join(map(root.content, certificates)))
    # OpenSSL's default file: no hashed links needed
    root.folder('usr/lib/ssl')
    root.link('usr/lib/ssl/cert.pem', '/etc/ssl/certs/ca-certificates.crt')


def from_debs(root, debs):
    # base-files first: the modes of the common folders are its own
    debs = sorted(debs, key=lambda d: (not os.path.basename(d).startswith('base-files_'), d))
    stanzas = [unpack(root, deb) for deb in debs]
    root.make('var/lib/dpkg/status', ('\n'.join(sorted(stanzas)) + '\n').encode())
    root.make('var/lib/dpkg/available')
    root.make('var/lib/dpkg/info/format', b'1\n')
    configure(root)
    for path in list(root.entries):
        while '/' in path:
            path = os.path.dirname(path)
            root.folder(path)


def blob(out, content, media_type, **extra):
    digest = hashlib.sha256(content).hexdigest()
    with open('%s/blobs/sha256/%s' % (out, digest), 'wb') as f:
        f.write(content)
    return dict({'mediaType': media_type, 'digest': 'sha256:' + digest, 'size': len(content)}, **extra)


def encode(document):
    return json.dumps(document, separators=(',', ':'), sort_keys=True).encode()


def write_layout(out, ref, arch, tar, created):
    oci = 'application/vnd.oci.image.'
    os.makedirs(out + '/blobs/sha256')
    layer = blob(out, gzip.compress(tar, 6, mtime=0), oci + 'layer.v1.tar+gzip')
    platform = {'architecture': arch, 'os': 'linux'}
    if arch == 'arm64':
        platform['variant'] = 'v8'
    config = blob(out, encode(dict(platform, created=created, config={
        'Env': ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
        'Cmd': ['python3']}, rootfs={
            'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(tar).hexdigest()]},
        history=[{'created': created, 'created_by': 'Debian packages'}])), oci + 'config.v1+json')
    manifest = blob(out, encode({
        'schemaVersion': 2, 'mediaType': oci + 'manifest.v1+json', 'config': config, 'layers': [layer]}),
        oci + 'manifest.v1+json', platform=platform,
        annotations={'org.opencontainers.image.ref.name': ref})
    for name, document in (('oci-layout', {'imageLayoutVersion': '1.0.0'}), ('index.json', {
            'schemaVersion': 2, 'mediaType': oci + 'index.v1+json', 'manifests': [manifest]})):
        with open('%s/%s' % (out, name), 'wb') as f:
            f.write(encode(document))


def main():
    out, ref, arch, sources = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    root = Root()
    if sources[0].endswith('.deb'):
        from_debs(root, sources)
    else:
        with open(sources[0], 'rb') as f:
            root.read_tar(f)
        for name in MERGED:
            if 'usr/' + name in root.entries:
                root.link(name, 'usr/' + name)
    root.make('etc/apt/sources.list', SOURCES.encode())
    root.make('etc/dpkg/dpkg.cfg.d/excludes', EXCLUDES.encode())
    tar = io.BytesIO()
    root.write(tar)

    created = datetime.datetime.fromtimestamp(root.newest, datetime.timezone.utc)
    write_layout(out, ref, arch, tar.getvalue(), created.strftime('%Y-%m-%dT%H:%M:%SZ'))


if __name__ == '__main__':
    main()
