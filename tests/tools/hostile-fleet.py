#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile-fleet.py DIR SEED: DIR/fleet.yaml with values of a nasty alphabet in command lines, health checks, variables
and labels, for one host of each form of units; DIR/NAME.json says what each service must receive.
hostile-fleet.py judge DIR OUT: OUT/NAME has what the services wrote of themselves by DIR/say.py, and labels. Tells each
difference, and fails then; otherwise tells the number of values that are the same.

What not all forms can say is not made: a NUL; U+0080, of which podman's generator makes a byte; several lines that begin
with white space, which podman cannot read from manifests; in machine.env, which has no quotes, what is not printable,
or a blank at an end; an empty annotation, which podman does not show."""

import json
import os
import random
import sys

PIECES = """a B 7 % %% %h %n %% $ $$ ${ } $HOME ${HOME} " "" ' '' \\ \\\\ \\n \\x41 \\s ; # = , `id` $(id) $(HOME) * ~ - -- [
] { @ ! | & \u00e4 \U0001f600 \u0081 \u0085 \u00a0 \u2028 \x01 \x1b \x7f""".split(" ")
PIECES = [piece.strip("\n") for piece in PIECES] + [" ", "  ", "\t", "\n", "\r", "\f", "\v", " ; "]
WORDS = ["", ";", "%", "$", "\\", '"', "'", " ", "-", "\\\n", "a\nExecStart=/bin/false", "${A}", "%%h", "$$$"]
HOSTS = {"quad": "5.4", "kube": "4.9", "plain": "4.3"}
IMAGE = "localhost/hello-web:demo"
SAY = """import os, signal, sys
what = sys.argv[1]
for name in ("cmdline", "environ") if what == "said" else ("cmdline",):
    with open(f"/proc/self/{name}", "rb") as file:
        data = file.read()
    with open(f"/out/{what}-{name}.new", "wb") as file:
        file.write(data)
    os.rename(f"/out/{what}-{name}.new", f"/out/{what}-{name}")
if what == "said":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()
"""


def quoted(text):
    """A double-quoted scalar of YAML."""
    out = []
    for c in text:
        n = ord(c)
        if c in '"\\':
            out.append("\\" + c)
        elif 0x20 <= n < 0x7F or n > 0xA0 and n != 0x2028:
            out.append(c)
        else:
            out.append(f"\\x{n:02x}" if n < 0x100 else f"\\u{n:04x}")
    return '"' + "".join(out) + '"'


def listed(words):
    return "[" + ", ".join(quoted(word) for word in words) + "]"


def mapped(values):
    return "{" + ", ".join(f"{name}: {quoted(value)}" for name, value in values.items()) + "}"


def variables(values):
    """In those "$" is the fleet's own, and doubled."""
    return mapped({name: value.replace("$", "$$") for name, value in values.items()})


def make(directory, seed):
    dice = random.Random(seed)

    def value():
        while True:
            text = "".join(dice.choice(PIECES) for _ in range(dice.randrange(9)))
            if "\n" not in text or text == text.lstrip():
                return text

    def line():
        return "".join(c for c in value() if c.isprintable()).strip()

    hosts, groups, services = [], [], []
    for name, version in HOSTS.items():
        shared = {f"SHARED_{i}": line() for i in range(30)}
        own = {f"OWN_{i}": value() for i in range(60)}
        labels = {f"l{i}": value() or "%" for i in range(20)}
        words = WORDS + [value() for _ in range(60)]
        health = WORDS + [value() for _ in range(30)]
        mode = "pod" if name == "kube" else "host"
        hosts.append(f"  {name}: {{podman: '{version}', env: {variables(shared)}}}")
        groups.append(f"  {name}-group: {{host: {name}, mode: {mode}, services: [{name}]}}")
        say = ["/usr/bin/python3", "/out/say.py"]
        services += [
            f"  {name}:",
            f"    image: {IMAGE}",
            '    user: "10001:10001"',
            f"    app: {{exec: {listed(say + ['said', *words])}}}",
            f"    health: {{exec: {listed(say + ['health', *health])}, start_period: 20s}}",
            f"    env: {variables(own)}",
            f"    labels: {mapped(labels)}",
            f"    volumes: ['/home/u1/said/{name}:/out']",
        ]
        expected = {"words": words, "health": health, "env": {**shared, **own}, "labels": labels}
        with open(os.path.join(directory, f"{name}.json"), "w") as file:
            json.dump(expected, file)
    text = ["fleet: hostile", "hosts:", *hosts, "groups:", *groups, "services:", *services]
    with open(os.path.join(directory, "fleet.yaml"), "w") as file:
        file.write("\n".join(text) + "\n")
    with open(os.path.join(directory, "say.py"), "w") as file:
        file.write(SAY)


def read_words(path):
    try:
        with open(path, "rb") as file:
            return file.read().split(b"\0")[:-1]
    except FileNotFoundError:
        return [b"nothing"]


def judge(directory, out):
    same = different = 0
    for name in HOSTS:
        with open(os.path.join(directory, f"{name}.json")) as file:
            expected = json.load(file)
        said = os.path.join(out, name)
        environment = dict(word.partition(b"=")[::2] for word in read_words(f"{said}/said-environ"))
        with open(f"{said}/labels") as file:
            labels = json.load(file) or {}
        pairs = []
        for key, file in ("words", "said-cmdline"), ("health", "health-cmdline"):
            words = read_words(f"{said}/{file}")[3:]
            pairs.append((f"number of {key}", len(expected[key]), len(words)))
            pairs += [(f"{key} {i}", a.encode(), b) for i, (a, b) in enumerate(zip(expected[key], words))]
        pairs += [(key, value.encode(), environment.get(key.encode())) for key, value in expected["env"].items()]
        pairs += [(f"label {key}", value, labels.get(key)) for key, value in expected["labels"].items()]
        for what, want, got in pairs:
            same += want == got
            different += want != got
            if want != got:
                print(f"{name}: {what}: got {got!r}, expected {want!r}")
    print(f"{same} the same")
    return 1 if different else 0


if __name__ == "__main__":
    if sys.argv[1] == "judge":
        sys.exit(judge(*sys.argv[2:]))
    make(sys.argv[1], int(sys.argv[2]))
