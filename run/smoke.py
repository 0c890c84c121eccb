#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smoke.py [--refuses] [--script FILE] [PROFILE...]: does in an image what its family is for.

Imports all that is installed, uses what it knows of that, then does what each of the profiles is made for, and runs the
family's own FILE at the end. With --refuses it also tries what the profiles that come with ocismith refuse. Prints a
line for each that went well, and ends with the first thing that did not.
"""
import argparse
import asyncio
import concurrent.futures
import ctypes
import errno
import fcntl
import http.server
import importlib
import importlib.metadata
import mmap
import re
import runpy
import multiprocessing
import os
import platform
import select
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import termios
import threading
import time
import urllib.request
import uuid

libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {
    "x86_64": {
        "mount": 165, "unshare": 272, "setns": 308, "ptrace": 101, "bpf": 321, "keyctl": 250, "io_uring_setup": 425,
        "clone": 56, "clone3": 435, "perf_event_open": 298, "userfaultfd": 323, "open_by_handle_at": 304,
        "chroot": 161, "pivot_root": 155, "reboot": 169, "swapon": 167, "init_module": 175, "settimeofday": 164,
        "fsopen": 430, "process_vm_readv": 310, "mbind": 237, "get_mempolicy": 239, "set_mempolicy": 238,
        "mlockall": 151, "munlockall": 152, "kcmp": 312, "shmget": 29, "semget": 64, "ioprio_get": 252,
        "landlock_create_ruleset": 444, "process_madvise": 440, "splice": 275, "personality": 135,
        "inotify_init1": 294, "mknodat": 259,
    },
    "aarch64": {
        "mount": 40, "unshare": 97, "setns": 268, "ptrace": 117, "bpf": 280, "keyctl": 219, "io_uring_setup": 425,
        "clone": 220, "clone3": 435, "perf_event_open": 241, "userfaultfd": 282, "open_by_handle_at": 265,
        "chroot": 51, "pivot_root": 41, "reboot": 142, "swapon": 224, "init_module": 105, "settimeofday": 170,
        "fsopen": 430, "process_vm_readv": 270, "mbind": 235, "get_mempolicy": 236, "set_mempolicy": 237,
        "mlockall": 230, "munlockall": 231, "kcmp": 272, "shmget": 194, "semget": 190, "ioprio_get": 31,
        "landlock_create_ruleset": 444, "process_madvise": 440, "splice": 76, "personality": 92,
        "inotify_init1": 26, "mknodat": 33,
    },
}[platform.machine()]


def call(name, *arguments):
    """The error of a system call, 0 when it succeeds."""
    ctypes.set_errno(0)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = libc.syscall(ctypes.c_long(NUMBERS[name]), *words)
    return ctypes.get_errno() if result == -1 else 0


def fails_with(number, function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return error.errno == number
    return False


def threads():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda n: n * n, range(100))) == 328350
    event = threading.Event()
    timer = threading.Timer(0.01, event.set)
    timer.start()
    assert event.wait(10)


def sleeper(**how):
    return subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"], **how)


def processes():
    done = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, check=True,
                          start_new_session=True)
    assert done.stdout == b"42\n"
    child = sleeper(preexec_fn=os.setpgrp)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == -signal.SIGTERM
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        assert pool.submit(abs, -3).result() == 3


async def echo():
    async def serve(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    writer.close()
    child = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", "-c", "")
    assert await child.wait() == 0
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, os.getpid) == os.getpid()
    assert await loop.getaddrinfo("localhost", 80)
    server.close()


def serve_http():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/") as answer:
        assert answer.read() == b"ok"
    server.shutdown()


def names():
    """A resolver that answers, and one that is not there; the beginning of a TLS connection."""
    assert socket.getaddrinfo("localhost", 443, type=socket.SOCK_STREAM)
    try:
        socket.getaddrinfo("ocismith.invalid", 443)
        raise AssertionError("there is a host 'ocismith.invalid'")
    except socket.gaierror:
        pass
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = ssl.create_default_context().wrap_bio(received, sent, server_hostname="ocismith.invalid")
    try:
        secure.do_handshake()
    except ssl.SSLWantReadError:
        assert sent.read()[:1] == b"\x16"


def files():
    with tempfile.TemporaryDirectory() as folder:
        one, other = os.path.join(folder, "one"), os.path.join(folder, "other")
        with open(one, "wb") as file:
            file.write(b"x" * 65536)
            fcntl.flock(file, fcntl.LOCK_EX)
            os.fsync(file.fileno())
        shutil.copy2(one, other)
        shutil.copytree(folder, folder + ".copy")
        shutil.rmtree(folder + ".copy")
        os.replace(other, other + "2")
        os.mkfifo(os.path.join(folder, "pipe"))
        os.symlink(one, other)
        assert os.stat(other).st_size == 65536
        with open(one, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            memory[0:1] = b"y"
        base = sqlite3.connect(os.path.join(folder, "base"))
        base.execute("pragma journal_mode=wal")
        base.execute("create table t (a)")
        base.execute("insert into t values (1)")
        base.commit()
        base.close()
    file = os.memfd_create("smoke")
    os.ftruncate(file, 4096)
    os.close(file)
    assert call("inotify_init1", 0) == 0


def events():
    epoll = select.epoll()
    one, other = socket.socketpair()
    epoll.register(one, select.EPOLLIN)
    other.send(b"x")
    assert epoll.poll(10)
    assert fcntl.ioctl(one, termios.FIONREAD, b"\0\0\0\0")[0] == 1
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    assert time.clock_gettime(time.CLOCK_MONOTONIC) > 0
    assert socket.if_nameindex()
    uuid.getnode()
    os.getloadavg()
    assert os.cpu_count() and os.sched_getaffinity(0)
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda a, b: 0)
    libc.qsort(ctypes.create_string_buffer(8), ctypes.c_size_t(2), ctypes.c_size_t(4), callback)
    assert not sys.stdin.isatty()


def baseline():
    threads()
    processes()
    asyncio.run(echo())
    serve_http()
    names()
    files()
    events()


def web():
    """What libuv does at its start, and many connections at once."""
    servers = [socket.create_server(("127.0.0.1", 0), backlog=128, reuse_port=True) for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        made = [pool.submit(socket.create_connection, servers[i % 2].getsockname()) for i in range(32)]
        for i in range(32):
            servers[i % 2].accept()[0].close()
        for connection in made:
            connection.result().close()
    one, other = os.pipe()
    os.write(other, b"x")
    third, fourth = os.pipe()
    assert call("splice", one, 0, fourth, 0, 1, 0) == 0
    assert os.read(third, 1) == b"x"
    os.nice(1)


def driver(request):
    """A driver's ioctl reaches the kernel, which has no such driver behind /dev/null."""
    with open("/dev/null", "rb") as null:
        assert fails_with(errno.ENOTTY, fcntl.ioctl, null, request)


def gpu():
    driver(0xC020462A)  # NV_ESC_RM_CONTROL
    driver(0x30000001)  # UVM_INITIALIZE
    driver(0xC0106400)  # of DRM
    assert call("get_mempolicy", 0, 0, 0, 0, 0) == 0
    for name in ("mbind", "set_mempolicy", "kcmp", "mlockall"):
        assert call(name, 0, 0, 0, 0, 0) != errno.ENOSYS, name
    assert call("shmget", 0, 4096, 0o1600) == 0
    # the sandbox of ocismith has a filter of its own, which lets nothing look at others
    assert call("process_vm_readv", os.getpid(), 0, 0, 0, 0, 0) in (0, errno.EPERM)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def audio():
    driver(0x80044100)  # SNDRV_PCM_IOCTL_PVERSION
    driver(0x80045500)  # SNDRV_CTL_IOCTL_PVERSION
    assert call("shmget", 0, 4096, 0o1600) == 0
    assert call("semget", 0, 1, 0o1600) == 0
    assert call("mlockall", 0) != errno.ENOSYS
    assert fails_with(errno.EPERM, os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))


def supervisor():
    child = sleeper()
    os.setpriority(os.PRIO_PROCESS, child.pid, 5)
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == 5
    assert call("ioprio_get", 1, child.pid) == 0
    watch = os.pidfd_open(child.pid)
    signal.pidfd_send_signal(watch, signal.SIGKILL)
    assert os.waitid(os.P_PIDFD, watch, os.WEXITED).si_status == signal.SIGKILL
    assert call("landlock_create_ruleset", 0, 0, 1) != errno.ENOSYS
    assert call("process_madvise", watch, 0, 0, 0, 0) != errno.ENOSYS


def refuses():
    with open("/proc/self/status") as status:
        assert "Seccomp:\t2\n" in status.read(), "there is no filter"
    for name in ("mount", "unshare", "setns", "ptrace", "bpf", "keyctl", "io_uring_setup", "clone3", "userfaultfd",
                 "perf_event_open", "open_by_handle_at", "chroot", "pivot_root", "reboot", "swapon", "init_module",
                 "settimeofday", "fsopen"):
        assert call(name, 0, 0, 0, 0, 0) == errno.ENOSYS, name
    if platform.machine() == "x86_64":
        assert call("clone", 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) == errno.ENOSYS
    assert call("personality", 0x0040000) == errno.ENOSYS  # ADDR_NO_RANDOMIZE
    assert call("mknodat", -100, b"/tmp/device", 0o020600, 0x103) == errno.ENOSYS
    for family, kind, protocol in ((40, socket.SOCK_STREAM, 0), (socket.AF_PACKET, socket.SOCK_DGRAM, 0),
                                   (38, socket.SOCK_SEQPACKET, 0), (socket.AF_NETLINK, socket.SOCK_RAW, 12)):
        assert fails_with(errno.ENOSYS, socket.socket, family, kind, protocol), family
    with open("/dev/null", "rb") as null:
        assert fails_with(errno.ENOSYS, fcntl.ioctl, null, 0x5412, b"x")  # TIOCSTI
        assert fails_with(errno.ENOSYS, fcntl.ioctl, null, 0x541C, b"x")  # TIOCLINUX


# what a distribution brings along and is not for, and what installs others
ASIDE = {"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmark", "benchmarks",
         "pip", "setuptools", "pkg_resources", "wheel"}
# of the driver, which only a machine with a GPU has
DRIVER = re.compile(r"lib(cuda|nvidia-ml|nvcuvid)[^ ]*\.so")


def modules(distribution):
    """Its outermost packages, of namespaces as well, and its modules beside them."""
    packages, single = set(), set()
    for file in distribution.files or ():
        head, tail = file.parts[:-1], file.parts[-1]
        if tail == "__init__.py":
            packages.add(head)
        elif not head and (tail.endswith(".py") or ".cpython-" in tail or tail.endswith(".abi3.so")):
            single.add((tail.split(".")[0],))
    outermost = {parts for parts in packages if not any(parts[:n] in packages for n in range(1, len(parts)))}
    for parts in sorted(outermost | single):
        if all(part.isidentifier() for part in parts) and parts[0] not in ASIDE and parts[0][0] != "_":
            yield ".".join(parts)


def imports():
    done = 0
    for distribution in sorted(importlib.metadata.distributions(), key=lambda each: each.metadata["Name"]):
        if not str(distribution.locate_file("")).startswith(sys.prefix + os.sep):
            continue
        for name in modules(distribution):
            try:
                importlib.import_module(name)
                done += 1
            except ModuleNotFoundError as error:
                # what is optional to it; 'ocismith check' tells what a program lacks
                print(f"{name}: it would import '{error.name}', which is not installed", flush=True)
            except (ImportError, OSError, RuntimeError) as error:
                if not DRIVER.search(str(error)):
                    raise
                print(f"{name}: without the driver of a GPU it cannot be imported", flush=True)
    return done


def use_uvicorn(uvicorn):
    async def answer(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(answer, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with urllib.request.urlopen("http://127.0.0.1:%d/" % listener.getsockname()[1], timeout=60) as response:
        assert response.read() == b"ok"
    server.should_exit = True
    thread.join()


def use_zmq(zmq):
    with zmq.Context() as context, context.socket(zmq.REP) as one, context.socket(zmq.REQ) as other:
        port = one.bind_to_random_port("tcp://127.0.0.1")
        other.connect("tcp://127.0.0.1:%d" % port)
        other.send(b"question")
        assert one.recv() == b"question"
        one.send(b"answer")
        assert other.recv() == b"answer"


def use_grpc(grpc):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel("127.0.0.1:%d" % port) as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
        server.stop(None).wait()


def use_numpy(numpy):
    many = numpy.ones((512, 512))
    assert (many @ many)[0, 0] == 512


def use_torch(torch):
    many = torch.ones(512, 512)
    assert (many @ many)[0, 0].item() == 512
    assert torch.cuda.device_count() >= 0


def use_cv2(cv2):
    import numpy
    assert cv2.resize(numpy.zeros((64, 64, 3), numpy.uint8), (32, 32)).shape == (32, 32, 3)


def use_psutil(psutil):
    me = psutil.Process()
    assert me.memory_info().rss > 0 and me.num_threads() > 0
    psutil.virtual_memory()
    psutil.net_if_addrs()
    assert me in list(psutil.process_iter())


def use_pydantic(pydantic):
    model = type("Model", (pydantic.BaseModel,), {"__annotations__": {"number": int}})
    assert model(number="3").number == 3


# what tells the real one from an empty stand-in
USED = {"uvicorn": "Server", "zmq": "Context", "grpc": "server", "numpy": "ones", "torch": "ones", "cv2": "resize",
        "psutil": "Process", "pydantic": "BaseModel"}


def uses():
    for name, mark in USED.items():
        if hasattr(sys.modules.get(name), mark):
            globals()["use_" + name](sys.modules[name])
            yield name


PROFILES = {"baseline": baseline, "web": web, "gpu": gpu, "audio": audio, "supervisor": supervisor}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refuses", action="store_true")
    parser.add_argument("--script")
    parser.add_argument("profile", nargs="*")
    given = parser.parse_args()
    print(imports(), "modules are imported", flush=True)
    print("used:", *uses(), flush=True)
    for name in given.profile:
        PROFILES[name]()
        print(f"{name}: works", flush=True)
    if given.script:
        sys.path.insert(0, os.path.dirname(given.script))
        sys.argv[1:] = []
        runpy.run_path(given.script, run_name="__main__")
        print(f"{os.path.basename(given.script)}: works", flush=True)
    if given.refuses:
        refuses()
        print("refuses", flush=True)


if __name__ == "__main__":
    main()
