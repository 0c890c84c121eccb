#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stub-wheels.py OUT REQUIREMENTS...: a tiny valid wheel for every pin of the requirement files (and of those that
they include), so that a fleet whose real wheels are gigabytes can be locked and built. Each has the module that the
real one has, which is empty but for __version__, and requires nothing. The same bytes each time.
"""
import os
import re
import sys

import wheelfile

# modules whose name is not the distribution's
MODULES = {
    'attrs': 'attr', 'beautifulsoup4': 'bs4', 'cython': 'Cython', 'grpcio': 'grpc',
    'grpcio-health-checking': 'grpc_health', 'llama-cpp-python': 'llama_cpp', 'nats-py': 'nats',
    'nvidia-ml-py': 'pynvml', 'onnxruntime-gpu': 'onnxruntime', 'opencv-python-headless': 'cv2', 'pillow': 'PIL',
    'protobuf': 'google/protobuf', 'pysocks': 'socks', 'python-dateutil': 'dateutil', 'python-dotenv': 'dotenv',
    'pyyaml': 'yaml', 'pyzmq': 'zmq', 'scikit-image': 'skimage', 'scikit-learn': 'sklearn',
    'websocket-client': 'websocket',
}
PIN = re.compile(r'([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*==\s*([^\s;]+)')


def pins(path, seen):
    """(name, version) of a file's lines, in any order."""
    if path in seen:
        return
    seen.add(path)
    with open(path, encoding='utf-8') as f:
        for line in f:
            line = line.partition(' #')[0].strip()
            if not line or line.startswith('#'):
                continue
            if line.startswith('-'):
                option, _, other = line.partition(' ')
                if option in ('-r', '-c'):
                    yield from pins(os.path.join(os.path.dirname(path), other.strip()), seen)
                continue
            match = PIN.match(line)
            if not match:
                sys.exit('%s: no pin: %s' % (path, line))
            yield match.groups()


def module(name):
    """nvidia's libraries share a folder that belongs to none of them."""
    library = re.match(r'nvidia-(.*)-cu12$', name)
    return 'nvidia/' + library[1].replace('-', '_') if library else MODULES.get(name, name.replace('-', '_'))


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    seen = set()
    wanted = {(wheelfile.normalize(name), version) for path in sys.argv[2:] for name, version in pins(path, seen)}
    for name, version in sorted(wanted):
        with wheelfile.WheelWriter(out, name, version, 'py3-none-any') as w:
            w.add(module(name) + '/__init__.py', "__version__ = '%s'\n" % version)
            w.finish('Metadata-Version: 2.1\nName: %s\nVersion: %s\n' % (name, version))


main()
