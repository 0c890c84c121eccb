#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bad-wheel.py KIND OUT: writes alpha-1.0-py3-none-any.whl into OUT with one thing wrong; `bad-wheel.py` lists the
KINDs. Zips that Python's own writer would not make are patched afterwards.
"""
import struct
import sys
import zlib

import wheelfile

INFO = 'alpha-1.0.dist-info/'
METADATA = 'Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n'


class Wheel(wheelfile.WheelWriter):
    def __init__(self, out):
        super().__init__(out, 'alpha', '1.0', 'py3-none-any')
        self.metadata = METADATA

    def member(self, name, data, mode=0o100644):
        """A member and its row, whatever they are."""
        self.add(name, data)
        self.zip.filelist[-1].external_attr = mode << 16

    def row(self, index, **fields):
        row = dict(zip(('name', 'hash', 'size'), self.rows[index]))
        row.update(fields)
        self.rows[index] = tuple(row.values())


def record_hash(w):
    w.row(0, hash='sha256=' + 'A' * 43)


def record_size(w):
    w.row(0, size=7)


def record_names_missing_file(w):
    w.rows.append(('alpha/ghost.py', 'sha256=' + 'A' * 43, 3))


def record_lacks_file(w):
    w.add('alpha/stowaway.py', 'x\n', record=False)


def record_lacks_hash(w):
    w.row(0, hash='', size='')


def record_weak_hash(w):
    w.row(0, hash='md5=1B2M2Y8AsgTpgAmY7PhCfg')


def record_twice(w):
    w.rows.append(w.rows[0])


def climbs(w):
    w.member('../climber.py', 'x\n')


def climbs_inside(w):
    w.member('alpha/../../climber.py', 'x\n')


def climbs_by_scheme(w):
    w.member('alpha-1.0.data/data/../../../climber.py', 'x\n')


def unknown_scheme(w):
    w.member('alpha-1.0.data/rootfs/etc/passwd', 'x\n')


def absolute(w):
    w.member('/etc/climber.py', 'x\n')


def through_link(w):
    w.member('alpha/link', '/etc', 0o120777)
    w.member('alpha/link/climber', 'x\n')


def device(w):
    w.member('alpha/device', '', 0o020666)


def backslash(w):
    w.member('alpha\\..\\climber.py', 'x\n')


def newline(w):
    w.member('alpha/a\nb.py', 'x\n')


def two_infos(w):
    w.member('other-1.0.dist-info/METADATA', METADATA)


def no_info(w):
    w.info = 'alpha-1.0.info'


def other_name(w):
    w.metadata = METADATA.replace('alpha', 'omega')


def other_version(w):
    w.metadata = METADATA.replace('1.0', '1.1')


def other_tag(w):
    w.tag = 'cp311-cp311-win_amd64'


def twice(w):
    w.add('alpha/__init__.py', 'A = 2\n')


def bad_requirement(w):
    w.metadata += 'Requires-Dist: beta >>> 1\n'


def case_of_file_and_directory(w):
    w.member('alpha/thing', 'x\n')
    w.member('alpha/thing/inside.py', 'x\n')


def bomb(w):
    """Its row agrees with what the zip will say, so that only the inflating tells."""
    w.add('alpha/zeros.bin', bytes(1 << 20))
    w.row(-1, size='')


def patch(data, name, change):
    """change (header, offset of the sizes) for the local and the central header of the member."""
    data = bytearray(data)
    for magic, sizes, length, at in ((b'PK\3\4', 18, 26, 30), (b'PK\1\2', 20, 28, 46)):
        position = -1
        while (position := data.find(magic, position + 1)) >= 0:
            (n,) = struct.unpack_from('<H', data, position + length)
            if bytes(data[position + at:position + at + n]) == name.encode():
                change(data, position + sizes)
    return bytes(data)


def declares_much(data):
    """4 GB less a bit in a few hundred bytes."""
    return patch(data, 'alpha/zeros.bin', lambda d, at: struct.pack_into('<I', d, at + 4, 0xfffffff0))


def declares_little(data):
    """Says 100 bytes, inflates to a megabyte; with the checksum of the first 100."""
    def change(d, at):
        struct.pack_into('<I', d, at - 4, zlib.crc32(bytes(100)))
        struct.pack_into('<I', d, at + 4, 100)
    return patch(data, 'alpha/zeros.bin', change)


def truncated(data):
    return data[:len(data) // 2]


def flipped(data):
    at = data.index(b'alpha/__init__.py') + len('alpha/__init__.py') + 3
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]


def flipped_directory(data):
    at = data.rindex(b'PK\1\2')
    return data[:at] + b'PK\1\3' + data[at + 4:]


def encrypted(data):
    return patch(data, 'alpha/__init__.py', lambda d, at: d.__setitem__(at - 12, d[at - 12] | 1))


def empty(_data):
    return b''


def no_zip(_data):
    return b'<html>404 not found</html>\n' * 40


CONTENT = (record_hash, record_size, record_names_missing_file, record_lacks_file, record_lacks_hash,
           record_weak_hash, record_twice, climbs, climbs_inside, climbs_by_scheme, unknown_scheme, absolute,
           through_link, device, backslash, newline, two_infos, no_info, other_name, other_version, other_tag,
           twice, bad_requirement, case_of_file_and_directory)
BYTES = (declares_much, declares_little, truncated, flipped, flipped_directory, encrypted, empty, no_zip)


def main():
    kinds = {f.__name__.replace('_', '-'): f for f in CONTENT + BYTES}
    if len(sys.argv) == 1:
        print('\n'.join(kinds))
        return
    kind, out = kinds[sys.argv[1]], sys.argv[2]
    w = Wheel(out)
    with w:
        w.add('alpha/__init__.py', 'A = 1\n')
        (bomb if kind in BYTES else kind)(w)
        w.finish(w.metadata)
    if kind in BYTES:
        with open(w.path, 'rb+') as f:
            data = kind(f.read())
            f.seek(0)
            f.truncate()
            f.write(data)


main()
