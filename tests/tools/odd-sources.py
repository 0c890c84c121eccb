#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""odd-sources.py DIR: Python files that a compiler has trouble with, or that change an interpreter's state."""
import os
import sys

FILES = {
    'empty': b'',
    'syntax': b'def f(:\n',
    'null': b'x = 1\0\n',
    'latin': b'# -*- coding: latin-1 -*-\nx = "\xe9"\nfoo_only = 1\n',
    'koi': b'# coding: koi8-r\nx = "\xe9"\n',
    'bogus': b'# coding: no-such-codec\nx = 1\n',
    'bom': b'\xef\xbb\xbfx = 1\n',
    'badutf': b'x = "\xff"\n',
    'warning': b'x = "\\d"\nassert (1, "x")\n1 is 1\n',
    'parentheses': b'(' * 150 + b')' * 150 + b'\n',
    'signs': b'x = ' + b'-' * 50000 + b'1\n',
    'sum': b'x = ' + b'+'.join([b'a'] * 100000) + b'\n',
    'attributes': b'x = a' + b'.b' * 200000 + b'\n',
    'lambdas': b'x = ' + b'lambda: ' * 5000 + b'1\n',
    'indented': b''.join(b' ' * i + b'if x:\n' for i in range(99)) + b' ' * 99 + b'pass\n',
    'names': b'SLICE = number = UNCHECKED_HASH = check_order = 1\n',
    'sets': b'def f(x): return x in {None, 1, "a", 2.0, (1, None), "b", "c"}\n',
    'long': b'x = [\n' + b''.join(b'    "%d", %d, b"%d",\n' % (i, i, i) for i in range(50000)) + b']\n',
    'future': b'from __future__ import annotations\ndef f(x: int): pass\n',
    'returns': b'x = """a\r\nb"""\r\n',
}

os.makedirs(sys.argv[1], exist_ok=True)
for name, text in FILES.items():
    with open('%s/%s.py' % (sys.argv[1], name), 'wb') as f:
        f.write(text)
