#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""summary.py LAYOUT: what the images of an OCI layout weigh, together and each for itself."""
import json
import os
import sys


def read(layout, digest):
    with open(os.path.join(layout, 'blobs', *digest.split(':')), encoding='utf-8') as f:
        return json.load(f)


def main():
    layout, distinct, total, images = sys.argv[1], {}, 0, 0
    with open(os.path.join(layout, 'index.json'), encoding='utf-8') as f:
        index = json.load(f)
    for entry in index['manifests']:
        name = entry.get('annotations', {}).get('org.opencontainers.image.ref.name')
        manifest = read(layout, entry['digest'])
        if not name or 'layers' not in manifest:
            continue
        sizes = {d['digest']: d['size'] for d in manifest['layers']}
        print('%-32s %3d layers %8.1f MB' % (name, len(sizes), sum(sizes.values()) / 1e6))
        distinct.update(sizes)
        total, images = total + sum(sizes.values()), images + 1
    print('%d images, %d distinct layers, %.1f MB stored where %.1f MB are named' % (
        images, len(distinct), sum(distinct.values()) / 1e6, total / 1e6))


if __name__ == '__main__':
    main()
