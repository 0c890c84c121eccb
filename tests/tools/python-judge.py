# SPDX-License-Identifier: Apache-2.0
"""python-judge.py PROGRAM MODE [ARGUMENT...]: compares python-scan with CPython's own parser.

  imports DIR...   every .py file below: the same imports; where CPython finds a file good, so do we
  errors COUNT DIR...  that many damaged copies of files below: no error where CPython has none, and one
                   where CPython has one of brackets, indentation or strings
  names            every character that CPython allows in an identifier is allowed
  stdlib           the names of sys.stdlib_module_names are those of `python-scan --stdlib`
Exit 1, with a line for each difference, when there is one."""

import ast
import os
import random
import re
import subprocess
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(5000)
PROGRAM, MODE = sys.argv[1:3]
LEXICAL = re.compile(
    r"unmatched '|was never closed|does not match opening|unexpected indent|unindent does not match|"
    r"expected an indented block|inconsistent use of tabs|unterminated|unexpected EOF|line continuation|"
    r"f-string: expecting '}'|invalid character|non-printable|null bytes|expected 'except'"
)


def python_files(directories):
    for top in directories:
        for directory, names, files in os.walk(top):
            names.sort()
            for name in sorted(files):
                path = os.path.join(directory, name)
                if name.endswith(".py") and os.path.isfile(path) and "\n" not in path:
                    if os.path.getsize(path) <= 4 << 20:
                        yield path


def parse(data):
    """(imports, None), or (None, error)"""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError) as error:
        return None, error
    found = []
    for node in ast.walk(tree):
        at = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        if isinstance(node, ast.Import):
            for i, alias in enumerate(node.names):
                found.append((at, i, f"import {node.lineno} 0 {alias.name}"))
        elif isinstance(node, ast.ImportFrom):
            names = ",".join(alias.name for alias in node.names)
            found.append((at, 0, f"from {node.lineno} {node.level} {node.module or ''} {names}"))
    return [text for _, _, text in sorted(found)], None


def scan(paths):
    """yields path, imports, bad for each"""
    with tempfile.TemporaryFile("w+") as stdin:
        stdin.write("".join(path + "\n" for path in paths))
        stdin.seek(0)
        out = subprocess.run([PROGRAM], stdin=stdin, stdout=subprocess.PIPE, check=True).stdout
    path, imports, bad = None, [], None
    for line in out.decode("utf-8", "replace").split("\n"):
        kind, _, rest = line.partition(" ")
        if kind in ("file", "") and path is not None:
            yield path, imports, bad
        if kind == "file":
            path, imports, bad = rest, [], None
        elif kind in ("import", "from"):
            imports.append(line)
        elif kind == "bad":
            bad = rest


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def judge_imports(directories):
    paths = list(python_files(directories))
    wrong = imports = refused = seen = 0
    for path, found, bad in scan(paths):
        seen += 1
        expected, error = parse(read(path))
        if error is not None:
            refused += 1
            if bad is None and LEXICAL.search(str(error)):
                print(f"{path}: CPython says {error}, and we nothing")
                wrong += 1
            continue
        imports += len(expected)
        if bad is not None:
            print(f"{path}:{bad}: CPython has no error")
            wrong += 1
        if found != expected:
            print(f"{path}: got {set(found) - set(expected)}, expected {set(expected) - set(found)}")
            wrong += 1
    print(f"{seen} files, {imports} imports, {refused} refused by CPython, {wrong} differences")
    return wrong == 0 and seen == len(paths) and imports > 0


def damage(data, chance):
    """One slip of the kinds that people and scripts make, at a random place."""
    lines = data.split(b"\n")
    kind = chance.choice(["bracket", "bracket", "add", "indent", "dedent", "line", "colon", "quote", "tab", "word"])
    if kind in ("bracket", "colon", "quote"):
        of = {"bracket": b"()[]{}", "colon": b":", "quote": b"\"'"}[kind]
        places = [i for i, byte in enumerate(data) if byte in of]
        if places:
            at = chance.choice(places)
            return data[:at] + data[at + 1 :]
    at = chance.randrange(len(lines))
    if kind == "add":
        where = chance.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:where] + bytes([chance.choice(b"()[]{}\"'\\$")]) + lines[at][where:]
    elif kind == "indent":
        lines[at] = chance.choice([b" ", b"    "]) + lines[at]
    elif kind == "dedent":
        lines[at] = lines[at][chance.choice([1, 2, 4]) :] if lines[at].startswith(b" ") else lines[at]
    elif kind == "tab":
        lines[at] = lines[at].replace(b"    ", b"\t", 1)
    elif kind == "word":
        words = lines[at].split(b" ")
        del words[chance.randrange(len(words))]
        lines[at] = b" ".join(words)
    else:
        del lines[at]
    return b"\n".join(lines)


def judge_errors(count, directories):
    chance = random.Random(20261121)
    paths = [path for path in python_files(directories) if 0 < os.path.getsize(path) < 20000]
    wrong = found = same_line = silent = accepted = missed = 0
    with tempfile.TemporaryDirectory() as work:
        copies = []
        for i in range(count):
            copies.append(os.path.join(work, f"{i}.py"))
            with open(copies[-1], "wb") as stream:
                stream.write(damage(read(chance.choice(paths)), chance))
        for path, imports, bad in scan(copies):
            expected, error = parse(read(path))
            if error is None:
                accepted += 1
                if bad is not None or imports != expected:
                    wrong += 1
                    print(f"{path}: {bad or 'other imports'}, and CPython accepts it")
                    keep(path)
            elif LEXICAL.search(str(error)):
                found += 1
                line = getattr(error, "lineno", None)
                same_line += bad is not None and line == int(bad.split(" ")[0])
                if bad is None:
                    wrong += 1
                    print(f"{path}: CPython says {error}, and we nothing")
                    keep(path)
            elif bad is None:
                missed += 1
            else:
                silent += 1
    print(
        f"{count} damaged files: {accepted} still good, {found} errors that must be seen ({same_line} in the same "
        f"line), {silent} others seen, {missed} others not seen, {wrong} differences"
    )
    return wrong == 0 and found > 0 and accepted > 0


def keep(path):
    if "JUDGE_KEEP" in os.environ:
        os.makedirs(os.environ["JUDGE_KEEP"], exist_ok=True)
        with open(os.path.join(os.environ["JUDGE_KEEP"], os.path.basename(path)), "wb") as stream:
            stream.write(read(path))


def judge_names():
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "names.py")
        with open(path, "w", encoding="utf-8") as stream:
            for code in range(0x80, sys.maxunicode + 1):
                if ("a" + chr(code)).isidentifier():
                    stream.write(f"a{chr(code)} = 1\n")
        assert parse(read(path))[1] is None
        for _, _, bad in scan([path]):
            if bad is not None:
                print(f"names.py:{bad}")
            return bad is None
    return False


def judge_stdlib():
    out = subprocess.run(
        [PROGRAM, "--stdlib", str(sys.version_info[1])], stdout=subprocess.PIPE, check=True, encoding="ascii"
    ).stdout
    ours = set(out.split())
    theirs = {name for name in sys.stdlib_module_names}
    if ours != theirs:
        print(f"not theirs: {ours - theirs}; not ours: {theirs - ours}")
    return ours == theirs


MODES = {
    "imports": lambda: judge_imports(sys.argv[3:]),
    "errors": lambda: judge_errors(int(sys.argv[3]), sys.argv[4:]),
    "names": judge_names,
    "stdlib": judge_stdlib,
}
sys.exit(0 if MODES[MODE]() else 1)
