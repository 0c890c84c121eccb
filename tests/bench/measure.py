# SPDX-License-Identifier: Apache-2.0
"""Times of whole processes, by timer.c."""
import os
import shlex
import statistics
import subprocess
import time

NOISE = 0.35  # cores that others may use during a run


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
    """A timer process, here or inside something that PREFIX enters."""

    def __init__(self, command, log):
        nice = ['nice', '-n', '-10'] if os.geteuid() == 0 else []
        self.log = log
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


def measure(timer, command, runs, prepare=None, warm_up=True):
    """The medians of RUNS runs, each after an untimed PREPARE. A run during which others used the processors is
    repeated, at most twice as often; the least disturbed ones count."""
    done = []
    for i in range(3 * runs + 1):
        if prepare:
            prepare()
        wait_quiet()
        before = busy()
        wall, user, system, peak = timer.run(command)
        noise = max(0.0, busy() - before - user - system) / max(wall, 0.1)
        if i == 0 and warm_up:
            continue
        done.append({'wall': wall, 'cpu': user + system, 'peak': peak / 1024, 'noise': noise})
        if len([r for r in done if r['noise'] <= NOISE]) >= runs or len(done) >= 3 * runs:
            break
    kept = sorted(done, key=lambda r: r['noise'])[:runs]
    walls = [r['wall'] for r in kept]
    return {'n': len(kept), 'wall': statistics.median(walls), 'min': min(walls), 'max': max(walls),
            'cpu': statistics.median(r['cpu'] for r in kept), 'peak_mib': max(r['peak'] for r in kept),
            'noise': max(r['noise'] for r in kept)}
