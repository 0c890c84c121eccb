# SPDX-License-Identifier: Apache-2.0
"""Writes wheels whose bytes depend on their content alone. Used by deb2wheel.py and own-wheels.py."""
import base64
import csv
import hashlib
import io
import os
import re
import zipfile


def normalize(name):
    return re.sub(r'[-_.]+', '-', name).lower()


class WheelWriter:
    """WheelWriter (folder, name, version, tag): add files, then finish (METADATA). The wheel has its name
    only when it is whole."""

    def __init__(self, out, name, version, tag, purelib=True):
        stem = '%s-%s' % (re.sub(r'[-_.]+', '_', name), version)
        self.info, self.tag, self.purelib = stem + '.dist-info', tag, purelib
        self.path = os.path.join(out, '%s-%s.whl' % (stem, tag))
        self.rows, self.pending = [], []

    def __enter__(self):
        self.zip = zipfile.ZipFile(self.path + '.part', 'w')
        return self

    def __exit__(self, kind, *_):
        self.zip.close()
        if kind:
            os.unlink(self.path + '.part')
        else:
            os.rename(self.path + '.part', self.path)

    def add(self, name, data, mode=0o644, stored=False, record=True):
        if isinstance(data, str):
            data = data.encode()
        entry = zipfile.ZipInfo(name, (2023, 1, 1, 0, 0, 0))
        entry.external_attr = (0o100000 | mode) << 16
        entry.create_system = 3
        entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        self.zip.writestr(entry, data, compresslevel=6)
        if record:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()
            self.rows.append((name, 'sha256=' + digest, len(data)))

    def add_tree(self, root):
        paths = sorted(os.path.relpath(os.path.join(folder, f), root)
                       for folder, _, files in os.walk(root) for f in files)
        for path in paths:
            full = os.path.join(root, path)
            with open(full, 'rb') as f:
                self.add(path, f.read(), 0o755 if os.stat(full).st_mode & 0o100 else 0o644)

    def add_info(self, name, text):
        self.pending.append((name, text))

    def finish(self, metadata):
        """The dist-info comes last, RECORD at its very end, as PEP 427 advises."""
        self.add_info('METADATA', metadata)
        self.add_info('WHEEL', 'Wheel-Version: 1.0\nGenerator: ocismith-tests 1\n'
                      'Root-Is-Purelib: %s\nTag: %s\n' % (str(self.purelib).lower(), self.tag))
        for name, text in sorted(self.pending):
            self.add('%s/%s' % (self.info, name), text)
        record = io.StringIO()
        rows = csv.writer(record, lineterminator='\n')
        rows.writerows(self.rows + [(self.info + '/RECORD', '', '')])
        self.add(self.info + '/RECORD', record.getvalue(), record=False)
