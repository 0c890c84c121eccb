# SPDX-License-Identifier: Apache-2.0
"""supervisor.py --config FILE: all programs of a group in one container.

FILE is YAML with `agents:`, each with name, script_path or module, args, required and dependencies. They are started in
the order of their dependencies; one that ends is started again, later each time; a required one that ends five times
within a minute ends the supervisor, so that systemd sees it. SIGTERM goes to all of them, and what has not ended after
five seconds is killed. As process 1 it also reaps what its programs leave behind.
"""
import argparse
import os
import signal
import subprocess
import sys
import time

import yaml

ROOT = os.environ.get("PROJECT_ROOT", "/app")
GRACE = 5
TRIES = 5


class Agent:
    def __init__(self, entry):
        self.name = entry["name"]
        self.needs = entry.get("dependencies") or []
        self.required = entry.get("required", True)
        program = ["-m", entry["module"]] if "module" in entry else [os.path.join(ROOT, entry["script_path"])]
        self.command = [sys.executable, *program, *entry.get("args", [])]
        self.process, self.due, self.ends = None, 0.0, []

    def start(self):
        self.process = subprocess.Popen(self.command)
        print(f"supervisor: {self.name} is {self.process.pid}", flush=True)

    def ended(self, code, now):
        """Whether it may be started again."""
        print(f"supervisor: {self.name} ended with {code}", flush=True)
        self.process.returncode = code
        self.process = None
        self.ends = [t for t in self.ends if now - t < 60] + [now]
        self.due = now + min(2 ** len(self.ends), 30)
        return len(self.ends) < TRIES or not self.required


def ordered(agents):
    """What others need comes first; a cycle keeps the file's order."""
    names, done, order = {a.name: a for a in agents}, set(), []

    def visit(agent):
        if agent.name in done:
            return
        done.add(agent.name)
        for name in agent.needs:
            if name in names:
                visit(names[name])
        order.append(agent)

    for agent in agents:
        visit(agent)
    return order


def reap(agents):
    """The agents that have ended, with their status; orphans are only collected."""
    ended = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended += [(a, os.waitstatus_to_exitcode(status)) for a in agents
                  if a.process is not None and a.process.pid == pid]


def supervise(agents, stopping):
    while not stopping:
        now = time.monotonic()
        for agent, code in reap(agents):
            if not agent.ended(code, now):
                return 1
        for agent in agents:
            if agent.process is None and agent.due <= now:
                agent.start()
        time.sleep(0.2)
    return 0


def stop(agents):
    for agent in agents:
        if agent.process is not None:
            agent.process.send_signal(signal.SIGTERM)
    end = time.monotonic() + GRACE
    while any(a.process for a in agents) and time.monotonic() < end:
        for agent, code in reap(agents):
            agent.ended(code, 0)
        time.sleep(0.05)
    for agent in agents:
        if agent.process is not None:
            agent.process.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    with open(parser.parse_args().config, encoding="utf-8") as f:
        agents = ordered([Agent(entry) for entry in yaml.safe_load(f)["agents"]])
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    code = supervise(agents, stopping)
    stop(agents)
    return code


if __name__ == "__main__":
    sys.exit(main())
