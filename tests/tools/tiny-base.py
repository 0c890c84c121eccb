#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tiny-base.py OUT [REF [ARCH]]: an OCI image layout OUT of a few files that ocismith takes for a Debian 12 with
Python and tini (nothing in it can run); named REF (tiny:1) for ARCH (amd64). The same bytes each time.
"""
import importlib.util
import io
import pathlib
import sys
import tarfile

HERE = pathlib.Path(__file__).parent
SPEC = importlib.util.spec_from_file_location('base_layer', HERE / 'base-layer.py')
base_layer = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(base_layer)

STATUS = ''.join('Package: %s\nStatus: install ok installed\nArchitecture: %%s\nVersion: %s\n\n' % p for p in (
    ('libc6', '2.36-9+deb12u10'), ('python3.11-minimal', '3.11.2-6+deb12u6'), ('tini', '0.19.0-1')))


def main():
    out, ref, arch = (sys.argv[1:] + ['tiny:1', 'amd64'][len(sys.argv) - 2:])[:3]
    root = base_layer.Root()
    for path, mode in (('etc', 0o755), ('tmp', 0o1777), ('usr', 0o755), ('usr/bin', 0o755), ('var', 0o755),
                       ('var/lib', 0o755), ('var/lib/dpkg', 0o755)):
        root.folder(path, mode)
    root.link('bin', 'usr/bin')
    root.make('etc/passwd', b'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n')
    root.make('etc/group', b'root:x:0:\nnogroup:x:65534:\n')
    root.make('usr/bin/python3.11', b'#!/bin/false\n', 0o755)
    root.link('usr/bin/python3', 'python3.11')
    root.make('usr/bin/tini', b'#!/bin/false\n', 0o755)
    root.make('var/lib/dpkg/status', (STATUS % (arch, arch, arch)).encode())
    tar = io.BytesIO()
    root.write(tar)
    base_layer.write_layout(out, ref, arch, tar.getvalue(), '2024-01-01T00:00:00Z')


main()
