#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare-layer.py A.tar B.tar: what differs between two layers, a line each; exit 1 if there is anything."""

import hashlib
import sys
import tarfile


def load(path):
    entries = {}
    with tarfile.open(path) as tar:
        for member in tar:
            content = hashlib.sha256(tar.extractfile(member).read()).hexdigest()[:12] if member.isreg() else ""
            entries[member.name] = (
                f"type {member.type.decode()} mode {member.mode:o} owner {member.uid}:{member.gid} size {member.size} "
                f"mtime {member.mtime} link '{member.linkname}' device {member.devmajor}:{member.devminor} "
                f"attributes {sorted(member.pax_headers.items())} content {content}"
            )
    return entries


def main():
    left, right = load(sys.argv[1]), load(sys.argv[2])
    differ = [name for name in sorted(left.keys() | right.keys()) if left.get(name) != right.get(name)]
    for name in differ:
        print(f"{name}:\n  {left.get(name, 'is missing')}\n  {right.get(name, 'is missing')}")
    print(f"{len(differ)} of {len(left)} entries differ")
    return 1 if differ else 0


sys.exit(main())
