# SPDX-License-Identifier: Apache-2.0
"""A plain worker: does its round every few seconds, leaves a heartbeat, ends cleanly on SIGTERM.

`worker.py --check` is its health check: the heartbeat must be recent.
"""
import argparse
import os
import signal
import sys
import threading
import time

import fleetlib

HEARTBEAT = os.environ.get("WORKER_HEARTBEAT", "/run/worker/heartbeat")


def check(limit):
    try:
        age = time.time() - os.stat(HEARTBEAT).st_mtime
    except FileNotFoundError:
        return "no heartbeat yet"
    return None if age <= limit else f"the last heartbeat is {age:.0f} s old"


def work(interval):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print(f"worker started, fleetlib {fleetlib.__version__}, uid {os.getuid()}", flush=True)
    rounds = 0
    while not stop.is_set():
        rounds += 1
        with open(HEARTBEAT, "w", encoding="utf-8") as f:
            f.write(f"{rounds}\n")
        stop.wait(interval)
    print(f"worker stopped after {rounds} rounds", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interval", type=float, default=5)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.check:
        return check(10 + 2 * args.interval)
    work(args.interval)
    return None


if __name__ == "__main__":
    sys.exit(main())
