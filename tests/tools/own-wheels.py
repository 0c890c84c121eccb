#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""own-wheels.py OUT FLEETLIBS PROTOS: small first-party wheels.

fleetlib 1.0.0 .. 1.0.(FLEETLIBS-1): a library whose version moves; svcNN_proto 1.0.0 for NN below PROTOS;
and wheels for what Debian's packages do not show: every .data scheme, '#!python' and '#!pythonw' scripts,
scripts without the execute bit, gui scripts, names that csv must quote, stored members, a namespace package
in two distributions.
"""
import hashlib
import sys

from wheelfile import WheelWriter


def metadata(name, version, *requires):
    lines = ['Metadata-Version: 2.1', 'Name: ' + name, 'Version: ' + version, 'Requires-Python: >=3.8']
    return '\n'.join(lines + ['Requires-Dist: ' + r for r in requires]) + '\n'


def library(out, name, version, modules):
    with WheelWriter(out, name, version, 'py3-none-any') as wheel:
        wheel.add(name + '/__init__.py', '__version__ = "%s"\n' % version)
        for i in range(modules):
            functions = ['def f%d(x):\n    """%s"""\n    return x + %d\n' % (
                j, hashlib.sha256(('%s %s %d %d' % (name, version, i, j)).encode()).hexdigest(), j)
                for j in range(50)]
            wheel.add('%s/m%d.py' % (name, i), '\n\n'.join(functions))
        wheel.finish(metadata(name, version))


def schemes(out):
    """Root-Is-Purelib: false with every .data scheme."""
    data = 'smith_schemes-1.0.data/'
    with WheelWriter(out, 'smith-schemes', '1.0', 'py3-none-any', purelib=False) as wheel:
        wheel.add('smith_schemes/__init__.py', 'def main():\n    print("schemes")\n')
        wheel.add('smith_schemes/empty.py', '')
        wheel.add('smith_schemes/stored.bin', bytes(range(256)) * 64, stored=True)
        wheel.add('smith_schemes/with, comma and "quote".txt', 'quoted in RECORD\n')
        wheel.add('smith_schemes/grün.txt', 'not ASCII\n')
        wheel.add('smith_schemes/%s.py' % ('long' * 30), 'NAME = __name__\n')
        wheel.add('smith_schemes/tool.sh', '#!/bin/sh\necho tool\n', 0o755)
        wheel.add(data + 'purelib/smith_pure.py', 'PURE = True\n')
        wheel.add(data + 'platlib/smith_plat.py', 'PLAT = True\n')
        wheel.add(data + 'headers/smith_schemes.h', '#pragma once\n')
        wheel.add(data + 'data/share/smith-schemes/table.txt', 'one\n')
        wheel.add(data + 'data/etc/smith-schemes.conf', 'key = value\n')
        wheel.add(data + 'scripts/smith-python', '#!python -u\nprint("python")\n', 0o755)
        wheel.add(data + 'scripts/smith-pythonw', '#!pythonw\nprint("pythonw")\n', 0o755)
        wheel.add(data + 'scripts/smith-shell', '#!/bin/sh\necho shell\n', 0o755)
        wheel.add(data + 'scripts/smith-noexec', '#!python\nprint("noexec")\n')
        wheel.add(data + 'scripts/smith-schemes', '#!python\nprint("hidden by the entry point")\n', 0o755)
        wheel.add_info('entry_points.txt', '[console_scripts]\nsmith-schemes = smith_schemes:main\n'
                       'smith-nested = smith_schemes:main.__call__\n'
                       '[gui_scripts]\nsmith-gui = smith_schemes:main\n'
                       '[smith.plugins]\nplugin = smith_schemes\n')
        wheel.finish(metadata('smith-schemes', '1.0'))


def namespace(out, part, *requires):
    name = 'smithns.' + part
    with WheelWriter(out, name, '2.0.post1', 'py2.py3-none-any') as wheel:
        wheel.add('smithns/%s/__init__.py' % part, 'PART = "%s"\n' % part)
        wheel.add('smithns/shared/%s.txt' % part, part + '\n')
        wheel.finish(metadata(name, '2.0.post1', *requires))


def main():
    out, fleetlibs, protos = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for version in range(fleetlibs):
        library(out, 'fleetlib', '1.0.%d' % version, 6)
    for service in range(protos):
        library(out, 'svc%02d_proto' % service, '1.0.0', 3)
    if protos:
        schemes(out)
        namespace(out, 'alpha')
        namespace(out, 'beta', 'smithns.alpha>=2,<3', 'colorama; sys_platform == "win32"')


if __name__ == '__main__':
    main()
