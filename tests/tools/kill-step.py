#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill-step.py [--release TEXT]... STORE TEXT HOW COMMAND ARGS...: kills a command while a step of it runs.

Waits until a process of a step has TEXT (a regular expression) in its arguments, and kills as HOW says:

    program:SIGNAL[,SIGNAL]   the command alone
    group:SIGNAL[,SIGNAL]     its process group, as a terminal does
    outer:SIGNAL              the process that the command has started for the step
    init:SIGNAL               the first process of the step's namespaces, which answers for owners
    held:SIGNAL               the process itself, and all later ones, until the command ends

A process that has the TEXT of a --release in its arguments is ended before that, so that its step goes on.

Prints the command's exit status as a shell has it. Afterwards nothing may be left that it started, whoever that belongs
to now, no mount may name STORE, and nobody may hold a lock in it: else this exits 1 and says so, and 2 when the command
ended before there was such a process.
"""
import argparse
import ctypes
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
F_OFD_SETLK = 37
PACE = 0.03  # seconds; each look at all processes takes some milliseconds
PATIENCE = 120  # seconds until what was killed has to be gone, and until a step has to be there


def read(pid, name):
    try:
        with open('/proc/%d/%s' % (pid, name), 'rb') as file:
            return file.read()
    except OSError:
        return b''


def processes():
    """The parent of each process that is no zombie."""
    parents = {}
    for name in filter(str.isdigit, os.listdir('/proc')):
        fields = read(int(name), 'stat').rpartition(b')')[2].split()
        if fields and fields[0] not in b'ZX':
            parents[int(name)] = int(fields[1])
    return parents


def chain(pid, ancestor, parents):
    """[child of the ancestor, ..., pid], or [] when it is none."""
    found = []
    while pid in parents and pid != ancestor:
        found.insert(0, pid)
        pid = parents[pid]
    return found if pid == ancestor else []


def arguments(pid):
    return read(pid, 'cmdline').replace(b'\0', b' ').decode('utf-8', 'replace')


def is_in_namespace(pid):
    ids = re.search(rb'^NSpid:\t(.*)$', read(pid, 'status'), re.M)
    return ids is not None and len(ids[1].split()) > 1


def find(text, program):
    """The chain from the program to a process of a step that has the text in its arguments."""
    parents = processes()
    for pid in parents:
        found = chain(pid, program, parents)
        if len(found) > 2 and re.search(text, arguments(pid)) and is_in_namespace(pid):
            return found
    return []


def end(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_for_step(options, program):
    until = time.monotonic() + PATIENCE
    while program.poll() is None and time.monotonic() < until:
        for text in options.release:
            for pid in find(text, program.pid)[-1:]:
                end(pid, signal.SIGTERM)
        found = find(options.text, program.pid)
        if found:
            return found
        time.sleep(PACE)
    program.kill()
    print('no step with %r' % options.text, file=sys.stderr)
    sys.exit(2)


def kill(who, signals, found, program):
    while who == 'held' and program.poll() is None:
        for pid in found[-1:]:
            end(pid, signals[0])
        time.sleep(PACE)
        found = find(found_text, program.pid)
    if who == 'held':
        return
    target = {'program': program.pid, 'group': -program.pid, 'outer': found[0], 'init': found[1]}[who]
    for number in signals:
        end(target, number)


def left_processes():
    """Whoever has lost its parent is a child of this process now."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return []
        time.sleep(PACE)
    parents = processes()
    return [arguments(pid) for pid in parents if chain(pid, os.getpid(), parents)]


def left_mounts(store):
    return [pid for pid in processes() if store.encode() in read(pid, 'mountinfo')]


def is_locked(path):
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.isfile(path) and os.access(path, os.W_OK):
            writable = os.open(path, os.O_RDWR)
            try:
                fcntl.fcntl(writable, F_OFD_SETLK, struct.pack('hhqqi', fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            finally:
                os.close(writable)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


def left_locks(store):
    places = [store] + [os.path.join(store, *parts) for parts in
                        ([], ['oci'], ['cache'], ['cache', 'work'], ['cache', 'roots'], ['repo'])
                        if os.path.isdir(os.path.join(store, *parts))]
    paths = {path.path for place in places for path in os.scandir(place) if not path.is_symlink()}
    return sorted(path for path in paths if os.access(path, os.R_OK) and is_locked(path))


parser = argparse.ArgumentParser()
parser.add_argument('--release', action='append', default=[])
parser.add_argument('store')
parser.add_argument('text')
parser.add_argument('how')
parser.add_argument('command', nargs=argparse.REMAINDER)
options = parser.parse_args()
found_text = options.text
who, _, names = options.how.partition(':')

# a shell's background jobs ignore an interrupt
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_DFL)
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
program = subprocess.Popen(options.command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
found = wait_for_step(options, program)
kill(who, [getattr(signal, 'SIG' + name) for name in names.split(',')], found, program)
status = program.wait()
print(status if status >= 0 else 128 - status)
left = [('process', left_processes()), ('mounts of process', left_mounts(os.path.realpath(options.store))),
        ('lock', left_locks(options.store))]
for what, which in left:
    for one in which:
        print('left: %s %s' % (what, one), file=sys.stderr)
sys.exit(any(which for _, which in left))
