#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""toml-judge.py PROGRAM COUNT: TOML is read as Python's tomllib reads it: documents of all kinds, and
COUNT of them with a few characters changed, the same ones each time. Exit 1 with what differs."""

import datetime
import json
import math
import random
import subprocess
import sys
import tomllib

GOOD = [
    "", "# only a comment", "a = 1\r\nb = 2\r\n", "a=1 # c\n\n\n", "\tk\t=\t'v'\t#\tc",
    'a = "x\\b\\t\\n\\f\\r\\"\\\\\\u00e9\\U0001F600"', "a = 'C:\\x\\y'", 'a = ""\nb = \'\'',
    'a = """\nfirst\nsecond"""', 'a = """one \\\n\n   two \\   \n three"""', 'a = """""""',
    'a = """"quoted""""', 'a = """two""in"""""', "a = '''\n'x' ''y''\\n\n'''''", "a = ''''''\n",
    'a = """x\r\ny"""', "a = [0, +0, -0, 1_000, +99, -17, 9223372036854775807, -9223372036854775808]",
    "a = [0xDEAD_beef, 0o755, 0b1101_0110]", "a = [1.0, -0.01, 5e+22, 1E06, -2e-2, 6.626e-34, 1_0.0_1]",
    "a = [inf, +inf, -inf, nan, +nan, -nan, 1e400, 0e0, -0.0]", "a = [true, false]",
    "a = [1979-05-27T07:32:00Z, 1979-05-27t00:32:00.999999-07:00, 1979-05-27 07:32:00z]",
    "a = [1979-05-27T07:32:00, 1979-05-27 00:32:00.5, 1979-05-27, 07:32:00, 00:32:00.999999]",
    "a = 2000-02-29\nb = 2024-02-29 # leap\nc=0001-01-01", "a = [1979-05-27 , 1979-05-28]",
    "bare_key-1 = 1\n1234 = 2\n\"quoted key\" = 3\n'lit.eral' = 4\n\"\" = 5\n\"\\u00e9\" = 6",
    "a.b.c = 1\na . b . d = 2\na.\"e.f\" = 3\n3.14 = 'pi'", "a = [\n 1, # one\n\n 2,\n]\nb=[]\nc=[[1,2],['x']]",
    "a = {}\nb = { x = 1, y.z = 2, y.w = [{q = 1}, {}] }", "a = [ {x=1}, {x=2} ]",
    "[a]\nb=1\n[a.c]\nd=2\n[e.f.g]\nh=3\n[e]\ni=4\n[ j . \"k\" ]", "[a.b]\n[a]\nc=1\n[a.d]",
    "[[p]]\nn=1\n[[p]]\n[[p]]\nn=2\n[p.q]\nr=1\n[[p.s]]\nt=1\n[[p.s]]\nt=2\n[[p]]\n[p.q]",
    "[fruit]\napple.color = 1\napple.taste.sweet = true\n[fruit.apple.texture]\nsmooth=true",
    "a.b = 1\n[a.c]\nd = 1", "[a.b.c]\nz = 9\n[a]\nb.x = 1", "[x.y.z.w]\n[x]", "[[a.b]]\nx=1\n[a]\ny=2",
    "[a]\n[b.a]\n[c.'a'.\"b\"]\n", "a = [[[[[]]]]]", "true = 1\nfalse = 2\ninf = 3", "a = '''x'''\n[t] # c",
    "lock-version = '1.0'\n[[packages]]\nname='a'\nwheels=[{url='u', hashes={sha256='0'}}]\n[packages.tool.x]\ny=1",
    "é = 1"[1:] and "k = 'é ü 漢字 😀'", "a = \"tab\there\"", "[a]\nb.c = 1\nb.d = 2\n[a.b.e]",
]
BAD = [
    "a", "a =", "= 1", "a = 1 b = 2", "a = 1\na = 2", "a.b = 1\na = 2", "a = 1\na.b = 2", "a = 1\n[a]",
    "a b = 1", "a\n= 1", "a = \n1", "[a]\n[a]", "[a]\nb=1\n[a.b]", "[[a]]\n[a]", "[a]\n[[a]]", "a=[]\n[[a]]",
    "a={}\n[a.b]", "a={}\na.b=1", "a={b=1}\n[[a.c]]", "[a.b]\n[[a]]", "[a]\nb.c=1\n[a.b]", "a.b=1\n[a]",
    "[a.b]\nc=1\n[a]\nb.d=2", "[[a.b]]\n[a]\nb.c=1", "[[a]]\nb.c=1\n[a.b]", "[]", "[a", "[a]]", "[[a]", "[a.]",
    "[.a]", "[a..b]", "[a] b=1", "[ [a]]", "[[a] ]", "[a\n]", "a. = 1", ".a = 1", 'a = "', "a = '", 'a = "x\ny"',
    "a = 'x\ny'", 'a = """x', "a = '''x", 'a = """x""""""', "a = '''x''''''", 'a = "\\x"', 'a = "\\u12"',
    'a = "\\uD800"', 'a = "\\U00110000"', 'a = "\\ "', 'a = """\\ x"""', "a = \"\x01\"", "a = '\x7f'", "# \x01",
    "a = 1 # \x7f", "a = 1\rb = 2", "a = '''\r'''", '"""a""" = 1', "a = 01", "a = -01", "a = +0x1", "a = 0x",
    "a = 0X1", "a = 0b2", "a = 0o8", "a = 1_", "a = _1", "a = 1__0", "a = 0x_1", "a = 1.", "a = .1", "a = 1.e1",
    "a = 1e", "a = 1_.0", "a = 1._0", "a = 1e_1", "a = 1.0_e1", "a = 00.1", "a = Inf", "a = NaN", "a = +true",
    "a = True", "a = tru", "a = truely", "a = 1979-13-01", "a = 1979-02-29", "a = 1979-00-01", "a = 1979-01-00",
    "a = 1979-01-01T24:00:00", "a = 07:60:00", "a = 07:32", "a = 07:32:61", "a = 07:32:00.", "a = 1979-5-27",
    "a = 1979-05-27T07:32:00+24:00", "a = 1979-05-27T07:32:00+7:00", "a = 1979-05-27T", "a = 1979-05-27 07",
    "a = 1979-05-27T07:32:00Zx", "a = 1900-02-29", "a = 07:32:00Z", "a = [1", "a = [1 2]", "a = [,]", "a = [1,,2]",
    "a = ]", "a = {", "a = {b}", "a = {b=1,}", "a = {b=1 c=2}", "a = {\nb=1}", "a = {b=1,\nc=2}", "a = {b=1,b=2}",
    "a = {b.c=1,b=2}", "a = {b={c=1},b.d=2}", "a = {,}", "a = {b=[1]\n}", "\ufeffa = 1", "é = 1", "a = 1 é", "\x0b",
    "a = b", "a = 1,", "a = [1],", "a = \"x\" y", "a == 1", "a = = 1", "{a=1}", "a = 1;", "[a.b]\n[a.b]", "a = 'x''",
]


def plain(value):
    """What JSON can say of it."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def same(ours, theirs):
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and ours.keys() == theirs.keys() and all(same(ours[k], v) for k, v in theirs.items())
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, (datetime.date, datetime.time)):
        return isinstance(ours, str) and tomllib.loads("x = " + ours)["x"] == theirs
    return ours == theirs and (type(ours) is type(theirs) or isinstance(theirs, float))


def expected(text):
    try:
        return plain(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError):
        return None


def changed(rng, text):
    other = rng.choice(GOOD)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.choice((0, 0, 1, 1, 2, 5)))
        start = rng.randint(0, len(other))
        put = rng.choice(("", rng.choice("[]{}.,=\"'#\\ \n\t_-+:0189abexTZé"), other[start:start + rng.randint(1, 9)]))
        text = text[:at] + put + text[end:]
    return text + "\n" + other if rng.random() < 0.2 else text


def big(value):
    """Integers that TOML need not have."""
    if isinstance(value, dict):
        return any(map(big, value.values()))
    if isinstance(value, list):
        return any(map(big, value))
    return isinstance(value, int) and not -2**63 <= value < 2**63


def main():
    rng = random.Random(1)
    texts = GOOD + BAD
    for text in GOOD:
        assert expected(text) is not None, text
    for text in BAD:
        assert expected(text) is None, text
    texts = texts + [changed(rng, rng.choice(GOOD + GOOD + BAD)) for _ in range(int(sys.argv[2]))]
    answer = subprocess.run([sys.argv[1]], input="".join(text + "\0" for text in texts).encode(),
                            stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = answer.split("\n")[:-1]
    wrong = good = 0
    assert len(lines) == len(texts), (len(lines), len(texts))
    for text, line in zip(texts, lines):
        theirs = expected(text)
        word, rest = line.split(" ", 1)
        if theirs is None or big(theirs):
            agreed = word == "bad"
        elif "0000-" in text or "\\u0000" in text or "\\U00000000" in text:
            continue  # years and characters that Python alone has, or has not
        else:
            agreed = word == "ok" and same(json.loads(rest), theirs)
            good += 1
        if not agreed:
            wrong += 1
            print(f"{text!r}: tomllib says {theirs!r}, we say {line}")
    print(f"{len(texts)} documents, {good} of them good, {wrong} read otherwise")
    return 1 if wrong or good < len(texts) // 20 else 0


if __name__ == "__main__":
    sys.exit(main())
