# SPDX-License-Identifier: Apache-2.0
"""The root file system it runs in, as JSON for compare-tree's like: all but what the container itself mounts."""
import hashlib
import json
import os
import stat
import sys

device = os.lstat('/').st_dev
entries = []
for folder, folders, files in os.walk('/'):
    folders[:] = [f for f in folders if os.lstat(os.path.join(folder, f)).st_dev == device or
                  os.path.islink(os.path.join(folder, f))]
    for name in folders + files:
        path = os.path.join(folder, name)
        st = os.lstat(path)
        if st.st_dev != device:
            continue
        entry = {'path': path[1:], 'uid': st.st_uid, 'gid': st.st_gid}
        if stat.S_ISLNK(st.st_mode):
            entry.update(type='symbolic link', target=os.readlink(path))
        else:
            entry['mode'] = '%04o' % stat.S_IMODE(st.st_mode)
            entry['type'] = 'directory' if stat.S_ISDIR(st.st_mode) else 'file'
        if stat.S_ISREG(st.st_mode):
            with open(path, 'rb') as file:
                entry['sha256'] = hashlib.file_digest(file, 'sha256').hexdigest()
            entry['mtime'] = int(st.st_mtime)
        entries.append(entry)
json.dump(sorted(entries, key=lambda e: e['path']), sys.stdout, indent=0)
