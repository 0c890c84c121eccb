# SPDX-License-Identifier: Apache-2.0
"""Times of whole processes, by timer.c."""
import os
import shlex
import statistics
import subprocess
import time

NOISE = 0.35  # cores that others may use during a run
ALIKE = 1.1  # two runs of a slow program
SHORT, SHORT_RUNS = 0.1, 25  # seconds; what takes less is run so often, one run after the other


def busy():
    """Seconds of processor time that the machine has used."""
    with open('/proc/stat', encoding='ascii') as f:
        ticks = [int(t) for t in f.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf('SC_CLK_TCK')


def wait_quiet():
    for _ in range(8):
        before = busy()
        time.sleep(0.25)
        if busy() - before <= 0.25 * NOISE:
            return


class Timer:
    """A timer process, here or inside something that COMMAND enters. Disturbed runs are repeated PATIENCE times as
    often as runs are wanted."""

    def __init__(self, command, log, patience=2):
        nice = ['nice', '-n', '-10'] if os.geteuid() == 0 else []
        self.log, self.patience = log, patience
        self.process = subprocess.Popen(nice + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, command):
        """(wall, user, sys, peak KiB); stops the program when the command fails."""
        self.process.stdin.write('\x1f'.join(command) + '\n')
        self.process.stdin.flush()
        fields = self.process.stdout.readline().split()
        if len(fields) != 5 or fields[4] != '0':
            with open(self.log, encoding='utf-8', errors='replace') as f:
                raise SystemExit('bench: failed: %s\n%s' % (shlex.join(command), f.read()[-2000:]))
        return [float(f) for f in fields[:4]]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def spread(done):
    """A row of runs [{wall, cpu, peak}]: medians, and what lies apart."""
    walls = [r['wall'] for r in done]
    return {'n': len(done), 'wall': statistics.median(walls), 'min': min(walls), 'max': max(walls),
            'cpu': statistics.median(r['cpu'] for r in done), 'peak_mib': max(r['peak'] for r in done),
            'noise': max(r['noise'] for r in done)}


def once(timer, command, wait=True):
    """One run, when the machine is quiet or has not become so in two seconds."""
    if wait:
        wait_quiet()
    before = busy()
    wall, user, system, peak = timer.run(command)
    noise = max(0.0, busy() - before - user - system) / max(wall, 0.1)
    return {'wall': wall, 'cpu': user + system, 'peak': peak / 1024, 'noise': noise}


def measure(timer, command, runs, prepare=None):
    """The medians of RUNS runs after one that does not count, each after an untimed PREPARE. A run during which others
    used the processors is repeated, at most twice as often; the least disturbed ones count. Short runs are more and
    wait for a quiet machine once: a processor that has waited is slower for as long as they take."""
    done, is_short = [], False
    while len(done) < (1 + timer.patience) * runs + 1:
        if prepare:
            prepare()
        done.append(once(timer, command, not is_short))
        if len(done) == 1 and done[0]['wall'] < SHORT:
            is_short, runs = True, max(runs, SHORT_RUNS)
        if len([r for r in done[1:] if r['noise'] <= NOISE]) >= runs:
            break
    return spread(sorted(done[1:], key=lambda r: r['noise'])[:runs])


def measure_slow(timer, command, runs, prepare=None):
    """The medians of at most RUNS runs of what takes seconds or minutes: none before that does not count, none is
    repeated, and two that are alike are enough."""
    done = []
    while len(done) < runs:
        if prepare:
            prepare()
        done.append(once(timer, command))
        walls = [r['wall'] for r in done]
        if len(walls) > 1 and max(walls) <= ALIKE * min(walls):
            break
    return spread(done)


def measure_pair(timer, commands, runs, prepare):
    """The medians of RUNS runs of each of COMMANDS by turns, after one that does not count: what the machine does
    meanwhile meets them all."""
    done = [[] for _ in commands]
    for i in range(runs + 1):
        for command, found in zip(commands, done):
            prepare()
            run = once(timer, command)
            if i > 0:
                found.append(run)
    return [spread(found) for found in done]
