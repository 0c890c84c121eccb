#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bytecode-judge.py PYTHON DRIVER WORK: execute/compile.py against itself and against compileall.

WORK/tree has Python sources, WORK/odd such that are not like others. All are compiled by DRIVER in several orders, with
several numbers of workers, in groups of any size and each by itself: every file has to get the same bytes, and the bytes
that `PYTHON -m compileall` writes; of those that cannot be compiled, the same message. Prints what it saw.
"""
import importlib.util
import os
import random
import shutil
import subprocess
import sys

ENV = {'PATH': os.environ['PATH'], 'PYTHONHASHSEED': '0', 'LC_ALL': 'C.UTF-8'}


def sources(folder):
    return sorted(os.path.join(d, n) for d, _, names in os.walk(folder) for n in names if n.endswith('.py'))


def pack(paths, target):
    with open(target, 'wb') as out:
        for path in paths:
            with open(path, 'rb') as f:
                text = f.read()
            name = os.fsencode(path)
            out.write(len(name).to_bytes(4, 'little') + len(text).to_bytes(8, 'little') + name + text)


def results(folder, paths):
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as f:
            data = f.read()
        at = 0
        while at < len(data):
            index, kind = int.from_bytes(data[at:at + 4], 'little'), data[at + 4]
            length = int.from_bytes(data[at + 5:at + 13], 'little')
            assert paths[index] not in found and at + 13 + length <= len(data)
            found[paths[index]] = kind, data[at + 13:at + 13 + length]
            at += 13 + length
    assert len(found) == len(paths), (len(found), len(paths))
    return found


def compile_all(python, driver, work, paths, workers, limit=''):
    shutil.rmtree(work + '/out', ignore_errors=True)
    os.mkdir(work + '/out')
    pack(paths, work + '/sources')
    tag = subprocess.check_output([python, '-c', 'import sys; print(sys.implementation.cache_tag)'], text=True).strip()
    subprocess.run(['bash', '-c', limit + ' exec "$@"', 'bash', python, '-S', '-s', '-B', '-W', 'ignore', driver,
                    work + '/sources', work + '/out', str(workers), tag], check=True, env=ENV)
    return results(work + '/out', paths)


def main():
    python, driver, work = sys.argv[1:]
    with open(driver, encoding='utf-8') as f:
        text = f.read()
    drivers = {}
    for size in (1, 7, 5000):
        drivers[size] = '%s/driver-%d.py' % (work, size)
        with open(drivers[size], 'w', encoding='utf-8') as f:
            assert '\nSLICE = ' in text
            f.write(text.replace('\nSLICE = ', '\nSLICE = %d or ' % size))
    files = sources(work + '/tree') + sources(work + '/odd')
    few = sources(work + '/odd') + sources(work + '/tree')[::30]
    first = compile_all(python, driver, work, files, 2)
    runs = [(drivers[7], files, 3), (driver, few, 1), (drivers[5000], few, 1), (drivers[1], few, 2)]
    for i, (which, which_files, workers) in enumerate(runs):
        shuffled = list(which_files)
        random.Random(i).shuffle(shuffled)
        again = compile_all(python, which, work, shuffled, workers)
        other = [path for path in shuffled if again[path] != first[path]]
        assert not other, (which, other[:5])
    subprocess.run([python, '-W', 'ignore', '-m', 'compileall', '-qq', '--invalidation-mode', 'unchecked-hash',
                    work + '/tree', work + '/odd'], check=False, env=ENV, stdout=subprocess.DEVNULL)
    for path in files:
        kind, data = first[path]
        cached = importlib.util.cache_from_source(path)
        assert (kind == 0) == os.path.exists(cached), path
        if kind == 0:
            with open(cached, 'rb') as f:
                assert f.read() == data, path
    # a child that dies costs its own file alone
    crash = compile_all(python, driver, work, few, 2, 'ulimit -s 200;')
    died = [path for path in few if crash[path][0] == 1 and b'the interpreter ended with' in crash[path][1]]
    assert died and all(crash[p] == first[p] for p in few if p not in died and crash[p][0] == 0), died
    print(len(files), 'files', sum(kind for kind, _ in first.values()), 'without', len(died), 'died')


main()
