#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tiny-wheels.py OUT: the wheels of the tiny fleet: alpha, beta (with a script, needs alpha), gamma (for CPython 3.11
on x86_64) and delta (6 MB, large enough to be worked on by several threads). The same bytes each time.
"""
import random
import sys

import wheelfile


def wheel(out, name, version, files, tag='py3-none-any', requires=(), infos=()):
    with wheelfile.WheelWriter(out, name, version, tag, tag.endswith('-any')) as w:
        for path, data, *mode in files:
            w.add(path, data, *mode)
        for info in infos:
            w.add_info(*info)
        w.finish('Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s' % (
            name, version, ''.join('Requires-Dist: %s\n' % r for r in requires)))


def main():
    out = sys.argv[1]
    noise = random.Random(1).randbytes
    wheel(out, 'alpha', '1.0', [('alpha/__init__.py', 'A = 1\n'), ('alpha/empty.py', '')])
    wheel(out, 'beta', '2.0', [('beta.py', 'def main():\n\tpass\n'), ('beta-2.0.data/scripts/beta-run', '#!python\n', 0o755)],
          requires=['alpha>=1'], infos=[('entry_points.txt', '[console_scripts]\nbeta = beta:main\n')])
    wheel(out, 'gamma', '0.3', [('gamma.cpython-311-x86_64-linux-gnu.so', noise(20000), 0o755)],
          'cp311-cp311-manylinux_2_17_x86_64')
    wheel(out, 'delta', '1.0', [('delta/%d.bin' % i, noise(1 << 20) + bytes(1 << 20)) for i in range(6)])


main()
