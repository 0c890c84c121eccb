# SPDX-License-Identifier: Apache-2.0
"""Import every top-level package of every distribution in this interpreter's venv."""
import importlib
import importlib.metadata
import sys

count = 0
for distribution in importlib.metadata.distributions():
    if not str(distribution.locate_file('')).startswith(sys.prefix):
        continue
    for name in (distribution.read_text('top_level.txt') or '').split():
        importlib.import_module(name)
        count += 1
assert count > 2, count
print('imported')
