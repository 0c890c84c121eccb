# SPDX-License-Identifier: Apache-2.0
"""compile.py SOURCES OUT WORKERS TAG: runs in the sandbox, by the image's interpreter; see execute/bytecode.h.

What marshal writes depends on which strings the interpreter holds already: a name that something else refers to gets
a mark. So every file meets the same interpreter: a process that has compiled nothing but one line of our own, or a copy
of it that is back where it was, by its modules and its number of allocated blocks. After any other file, and
after one that cannot be compiled, the next one gets a new copy.
"""
import gc
import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER, source_hash

HEAD = 12  # of a source: length of its path (4 bytes), of its text (8 bytes)
SLICE = 64  # files for one process, if it can do so many
UNCHECKED_HASH = b"\1\0\0\0"
PYC, PROBLEM = b"\0", b"\1"


def number(value, size):
    return value.to_bytes(size, "little")


def read_index(sources):
    """Where each source is: offset, length of the path, length of the text."""
    found = []
    at = 0
    while True:
        head = os.pread(sources, HEAD, at)
        if not head:
            return found
        name = int.from_bytes(head[:4], "little")
        size = int.from_bytes(head[4:], "little")
        at += HEAD
        found.append((at, name, size))
        at += name + size


def write(out, index, kind, data):
    data = b"".join((number(index, 4), kind, number(len(data), 8), data))
    done = 0
    while done < len(data):
        done += os.write(out, memoryview(data)[done:])


def check_order(code):
    """Sets are written in the order of their hashes before 3.11, and some hashes are addresses."""
    for value in code.co_consts:
        if isinstance(value, type(code)):
            check_order(value)
        elif isinstance(value, frozenset) and not all(isinstance(x, (str, bytes, int, float)) for x in value):
            raise ValueError("a set in it has no fixed order in this version of Python")


def compile_one(sources, item):
    at, name, size = item
    path = os.fsdecode(os.pread(sources, name, at))
    text = os.pread(sources, size, at + name)
    code = compile(text, path, "exec", dont_inherit=True)
    if sys.version_info < (3, 11):
        check_order(code)
    return MAGIC_NUMBER + UNCHECKED_HASH + source_hash(text) + marshal.dumps(code)


def describe(error):
    text = "%s: %s" % (type(error).__name__, getattr(error, "msg", None) or error)
    line = getattr(error, "lineno", None)
    if line:
        text += " (line %d)" % line
    return text[:400].encode("utf-8", "replace")


def state():
    gc.collect()
    return len(sys.modules), sys.getallocatedblocks()


def work(sources, items, first, end, out, progress):
    """Ends early when this process is no longer as it was. After each file the length of OUT goes to PROGRESS."""
    before = None
    for index in range(first, end):
        if before is None:
            before = state()  # twice, for the first result counts in the second
            before = state()
        compiled = True
        try:
            write(out, index, PYC, compile_one(sources, items[index]))
        except BaseException as error:
            compiled = False
            write(out, index, PROBLEM, describe(error))
        os.write(progress, number(os.lseek(out, 0, os.SEEK_END), 8))
        if not compiled or state() != before:
            break


def start(sources, items, job, out):
    first, end = job
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work(sources, items, first, end, out, writer)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    return pid, reader


def finish(job, status, reader, out, size):
    """What is left of a job, and how long OUT is, less what a process that died had begun."""
    first, end = job
    told = os.read(reader, 8 * SLICE)
    os.close(reader)
    first += len(told) // 8
    if told:
        size = int.from_bytes(told[-8:], "little")
    if status != 0:
        os.ftruncate(out, size)
        how = "signal %d" % (status & 127) if status & 127 else "status %d" % (status >> 8)
        write(out, first, PROBLEM, ("the interpreter ended with %s" % how).encode())
        first += 1
        size = os.lseek(out, 0, os.SEEK_END)
    return (first, end), size


def run(sources, items, outs):
    jobs = [(i, min(i + SLICE, len(items))) for i in range(0, len(items), SLICE)]
    jobs.reverse()
    sizes = [0] * len(outs)
    free = list(range(len(outs)))
    running = {}
    while jobs or running:
        while jobs and free:
            slot = free.pop()
            job = jobs.pop()
            pid, reader = start(sources, items, job, outs[slot])
            running[pid] = job, slot, reader
        pid, status = os.wait()
        job, slot, reader = running.pop(pid)
        job, sizes[slot] = finish(job, status, reader, outs[slot], sizes[slot])
        free.append(slot)
        if job[0] < job[1]:
            jobs.append(job)


def main():
    path, folder, workers, tag = sys.argv[1:]
    if sys.implementation.cache_tag != tag:
        sys.exit("the interpreter writes files for %s, expected %s" % (sys.implementation.cache_tag, tag))
    compile(b"pass\n", "x", "exec", dont_inherit=True)  # makes the types of syntax trees, once for all
    sources = os.open(path, os.O_RDONLY)
    items = read_index(sources)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
    outs = [os.open("%s/%d" % (folder, i), flags, 0o600) for i in range(int(workers))]
    gc.collect()
    gc.disable()
    gc.freeze()
    run(sources, items, outs)


main()
