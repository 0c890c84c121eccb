#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares ocismith's reading of versions, specifiers, markers, requirements and tags with Python's
`packaging` (Debian: python3-packaging), on generated cases that are the same in every run.

usage: packaging-judge.py PEP-EVAL AREA
AREA: versions, specifiers, markers, requirements, tags
"""
import random
import subprocess
import sys

import packaging
from packaging import _manylinux, _musllinux, tags, utils
from packaging.markers import Marker, UndefinedComparison
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def number(rng):
    return rng.choice(["0", "1", "2", "3", "9", "10", "11", "00", "01", "007", "20240131",
                       "99999999999999999999999999", str(rng.randrange(100))])


def release(rng, least=1):
    count = max(least, rng.choice([1, 1, 2, 2, 2, 3, 3, 3, 4, 5]))
    return ".".join(number(rng) if rng.random() < 0.3 else rng.choice("0012")
                    for _ in range(count))


def label(rng, words):
    word = rng.choice(words)
    if rng.random() < 0.15:
        word = word.upper()
    return (rng.choice(["", "", "-", "_", "."]) + word + rng.choice(["", "", "", "-", "_", "."])
            + (rng.choice(["0", "1", "2", "01"]) if rng.random() < 0.8 else ""))


def suffixes(rng):
    text = ""
    if rng.random() < 0.3:
        text += label(rng, ["a", "b", "c", "rc", "alpha", "beta", "pre", "preview"])
    if rng.random() < 0.25:
        text += "-" + number(rng) if rng.random() < 0.3 else label(rng, ["post", "rev", "r"])
    if rng.random() < 0.25:
        text += label(rng, ["dev"])
    return text


def local(rng):
    if rng.random() > 0.15:
        return ""
    parts = [rng.choice(["cpu", "cu118", "1", "01", "0", "ubuntu", "Abc", "a1", "11"])
             for _ in range(rng.choice([1, 1, 2, 3]))]
    text = parts[0]
    for part in parts[1:]:
        text += rng.choice(".-_") + part
    return "+" + text


def epoch(rng):
    return rng.choice(["", "", "", "", "", "", "0!", "1!", "2!"])


def damage(rng, text):
    """A slip somewhere in the text: mostly makes it invalid, and sometimes not."""
    if rng.random() > 0.08 or not text:
        return text
    at = rng.randrange(len(text))
    slip = rng.choice(["", "-", ".", "+", "!", "x", "v", " ", "*", "_", "rc", "=", "1", ".."])
    return text[:at] + slip + text[at + rng.randrange(2):]


def version(rng):
    text = (rng.choice(["", "", "", "", "v", "V"]) + epoch(rng) + release(rng) + suffixes(rng)
            + local(rng))
    text = damage(rng, text)
    return rng.choice(["", "", "", " "]) + text + rng.choice(["", "", "", " "])


def near(rng, text):
    """Another version of the same release, so that orders other than the obvious are asked."""
    try:
        base = Version(text)
    except InvalidVersion:
        return version(rng)
    parts = list(base.release)
    change = rng.random()
    if change < 0.2:
        parts.append(0)
    elif change < 0.4:
        parts[-1] += rng.choice([0, 1])
    elif change < 0.5 and len(parts) > 1:
        parts.pop()
    head = f"{base.epoch}!" if base.epoch else ""
    return head + ".".join(map(str, parts)) + suffixes(rng) + local(rng)


def specifier(rng, around=None):
    op = rng.choice(["~=", "==", "==", "!=", "<=", ">=", "<", ">", "==="])
    text = near(rng, around) if around and rng.random() < 0.7 else version(rng).strip()
    if op in ("==", "!=") and rng.random() < 0.4:
        text = text.split("+")[0]
        try:
            base = Version(text)
            text = (f"{base.epoch}!" if base.epoch else "") + ".".join(map(str, base.release))
        except InvalidVersion:
            pass
        text += ".*"
    elif op not in ("==", "!=", "===") and rng.random() < 0.9:
        text = text.split("+")[0]
    if op == "~=" and "." not in text:
        text += ".0"
    return damage(rng, op + rng.choice(["", "", " "]) + text)


def specifiers(rng, around=None):
    count = rng.choice([0, 1, 1, 1, 2, 2, 3])
    return rng.choice([",", ", ", " ,"]).join(specifier(rng, around) for _ in range(count))


def judge_versions(rng):
    for _ in range(4000):
        text = version(rng)
        try:
            got = Version(text)
            flags = ("pre" if got.is_prerelease else "-") + ("post" if got.is_postrelease else "-")
            yield f"version\t{text}", f"{got} {flags}"
        except InvalidVersion:
            yield f"version\t{text}", "error"
    for _ in range(8000):
        a = version(rng)
        b = near(rng, a) if rng.random() < 0.7 else version(rng)
        try:
            x, y = Version(a), Version(b)
            yield f"compare\t{a}\t{b}", str((x > y) - (x < y))
        except InvalidVersion:
            yield f"compare\t{a}\t{b}", "error"


def contains(text, candidate, mode):
    try:
        return str(SpecifierSet(text).contains(candidate, prereleases=mode)).lower()
    except (InvalidSpecifier, InvalidVersion):
        return "error"


def judge_specifiers(rng):
    for _ in range(10000):
        candidate = version(rng).strip()
        text = specifiers(rng, candidate)
        mode = rng.choice([None, True, False])
        if mode is None and "===" in text:
            mode = True  # packaging raises when it asks '===text' for pre-releases
        yield (f"contains\t{text}\t{candidate}\t{str(mode).lower()}",
               contains(text, candidate, mode))
    for _ in range(2000):
        text = specifiers(rng)
        try:
            yield f"specifier\t{text}", str(SpecifierSet(text))
        except InvalidSpecifier:
            yield f"specifier\t{text}", "error"


VARIABLES = ["python_version", "python_full_version", "os_name", "sys_platform", "platform_machine",
             "platform_python_implementation", "platform_release", "platform_system",
             "platform_version", "implementation_name", "implementation_version", "extra",
             "os.name", "sys.platform", "platform.machine", "python_implementation"]
VALUES = {
    "version": ["3", "3.8", "3.9", "3.10", "3.11", "3.12", "3.11.2", "3.11.*", "3.11.0rc1", "4",
                "2.7", "3.7.1", "", "three", "3.8, 3.11", "3.11 3.12"],
    "name": ["posix", "nt", "linux", "linux2", "win32", "darwin", "x86_64", "aarch64", "CPython",
             "PyPy", "cpython", "Linux", "Windows", "", "x86", "in", "a and b", "1", "5.10"],
    "extra": ["test", "Test", "dev_tools", "dev-tools", "Dev.Tools", "s3", "", "all"],
}
OPS = ["==", "==", "!=", "<", "<=", ">", ">=", "~=", "===", "in", "not in"]


def marker_item(rng):
    name = rng.choice(VARIABLES[:2] if rng.random() < 0.4 else VARIABLES)
    kind = ("extra" if name == "extra" else "version" if "version" in name else "name")
    value = rng.choice(VALUES[kind])
    quote = rng.choice("\"'")
    op = rng.choice(["==", "!=", "in", "not in"] if kind == "extra" else OPS)
    sides = [name, quote + value + quote]
    if rng.random() < 0.15:
        sides.reverse()
    elif rng.random() < 0.03 and kind != "extra":
        sides[1] = rng.choice([v for v in VARIABLES if v != "extra"])
    gap = " " if op in ("in", "not in") or rng.random() < 0.8 else ""
    return gap.join([sides[0], op, sides[1]])


def marker(rng, depth=0):
    items = []
    for _ in range(rng.choice([1, 1, 2, 2, 3, 4])):
        if depth < 3 and rng.random() < 0.25:
            items.append("(" + rng.choice(["", " "]) + marker(rng, depth + 1) + ")")
        else:
            items.append(marker_item(rng))
    text = items[0]
    for item in items[1:]:
        text += rng.choice([" and ", " or ", "  or "]) + item
    return text


def environment(full_version, machine, extra):
    return {
        "python_version": ".".join(full_version.split(".")[:2]),
        "python_full_version": full_version, "os_name": "posix", "sys_platform": "linux",
        "platform_machine": machine, "platform_python_implementation": "CPython",
        "platform_release": "", "platform_system": "Linux", "platform_version": "",
        "implementation_name": "cpython", "implementation_version": full_version, "extra": extra,
    }


def judge_markers(rng):
    for _ in range(10000):
        text = damage(rng, marker(rng)) if rng.random() < 0.3 else marker(rng)
        full, machine = rng.choice(["3.11.2", "3.9.18", "3.12.0", "3.13.0"]), rng.choice(
            ["x86_64", "aarch64"])
        extra = rng.choice(["", "", "test", "Dev_Tools", "s3"])
        try:
            # by way of a requirement, since Marker() of 23.0 overlooks text behind the marker
            read = Requirement(f"x; {text}").marker
            answer = str(read.evaluate(environment(full, machine, extra))).lower()
        except (ValueError, UndefinedComparison, KeyError):
            answer = "error"
        yield f"marker\t{text}\t{full}\t{machine}\t{extra}", answer
    for _ in range(2000):
        text = marker(rng)
        if "extra" not in text:  # of extras only packaging's first comes out normalised
            yield f"marker-text\t{text}", str(Marker(text))


def requirement(rng):
    name = rng.choice(["fastapi", "Flask", "ruamel.yaml", "typing_extensions", "zope.interface",
                       "A", "a--b", "x0", "backports.zoneinfo"])
    text = name + rng.choice(["", "", " "])
    if rng.random() < 0.3:
        text += "[" + rng.choice([",", ", "]).join(
            rng.choice(["standard", "All", "s3", "dev_tools"])
            for _ in range(rng.randrange(3))) + "]" + rng.choice(["", " "])
    if rng.random() < 0.1:
        text += "@ " + rng.choice(["https://example.org/a-1.0.whl", "file:///tmp/a.whl",
                                   "git+https://example.org/a@main", "nothing", "http:///x"])
        text += " " if rng.random() < 0.8 else ""
    else:
        spec = specifiers(rng)
        text += f"({spec})" if rng.random() < 0.2 else spec + rng.choice(["", "", " ", ","])
    if rng.random() < 0.3:
        text += rng.choice(["; ", ";"]) + marker_item(rng)
    return text if "@" in text else damage(rng, text)


def judge_requirements(rng):
    for _ in range(6000):
        text = requirement(rng)
        if "extra" in text:
            continue
        try:
            got = Requirement(text)
            if got.name.endswith("_"):
                continue  # no legal name, although packaging 23.0 reads it
            answer = " | ".join([
                utils.canonicalize_name(got.name),
                ",".join(sorted({utils.canonicalize_name(e) for e in got.extras})),
                str(got.specifier), got.url or "", str(got.marker or "")])
        except ValueError:
            answer = "error"
        yield f"requirement\t{text}", answer


def target_tags(python, libc, libc_version, machine):
    major, minor = map(int, libc_version.split("."))
    linux = f"linux_{machine}"
    _manylinux._have_compatible_abi = lambda executable, arch: arch in {
        "x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "armv7l", "i686"}
    _manylinux._get_glibc_version = lambda: (major, minor) if libc == "glibc" else (-1, -1)
    _musllinux._get_musl_version = lambda executable: (
        _musllinux._MuslVersion(major, minor) if libc == "musl" else None)
    platforms = [*_manylinux.platform_tags(linux, machine), *_musllinux.platform_tags(machine),
                 linux]
    py = tuple(map(int, python.split(".")[:2]))
    interpreter = f"cp{py[0]}{py[1]}"
    yield from tags.cpython_tags(py, [interpreter + ("m" if py < (3, 8) else "")], platforms)
    yield from tags.compatible_tags(py, interpreter, platforms)


def wheel(rng, listed):
    tag = rng.choice(listed)
    parts = [tag.interpreter, tag.abi, tag.platform]
    if rng.random() < 0.5:
        other = rng.choice(listed)
        for i, value in enumerate([other.interpreter, other.abi, other.platform]):
            if rng.random() < 0.5 and value != parts[i]:
                parts[i] += "." + value
    if rng.random() < 0.3:
        parts[rng.randrange(3)] = rng.choice(["cp27", "py2", "abi9", "win_amd64", "any", "none",
                                              "musllinux_1_9_x86_64"])
    build = rng.choice(["", "", "", "-1", "-2local", "-20240101"])
    return f"{rng.choice(['demo', 'Zope.Interface', 'a_b'])}-{rng.choice(['1.0', '2.0.1rc1', '1.0+cpu'])}{build}-{'-'.join(parts)}.whl"


def judge_tags(rng):
    targets = [(f"3.{m}", libc, v, arch)
               for m in (6, 7, 8, 9, 10, 11, 12, 13)
               for libc, v in (("glibc", "2.36"), ("glibc", "2.41"), ("glibc", "2.17"),
                               ("glibc", "2.5"), ("musl", "1.2"))
               for arch in ("x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "mips64")]
    for target in targets:
        listed = list(target_tags(*target))
        question = "\t".join(target)
        yield f"tags\t{question}", " ".join(map(str, listed))
        ranks = {tag: i for i, tag in reversed(list(enumerate(listed)))}
        for _ in range(20):
            name = wheel(rng, listed)
            found = utils.parse_wheel_filename(name)
            yield (f"rank\t{question}\t{name}",
                   str(min((ranks[t] for t in found[3] if t in ranks), default=-1)))
            build = "".join(map(str, found[2]))
            yield f"wheel\t{name}", (f"{found[0]} | {found[1]} | {build} | "
                                     + "-".join(name[:-4].split("-")[-3:]))


AREAS = {"versions": judge_versions, "specifiers": judge_specifiers, "markers": judge_markers,
         "requirements": judge_requirements, "tags": judge_tags}


def main():
    program, area = sys.argv[1:]
    rng = random.Random(f"ocismith {area}")
    cases = list(AREAS[area](rng))
    text = "".join(question + "\n" for question, _ in cases)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    wrong = [(q, e, a) for (q, e), a in zip(cases, answers) if e != a]
    for question, expected, answer in wrong[:20]:
        print(f"{question!r}\n  packaging {expected[:300]!r}\n  ocismith  {answer[:300]!r}")
    errors = sum(expected == "error" for _, expected in cases)
    print(f"{area}: {len(cases)} cases ({errors} invalid), {len(wrong)} differ,"
          f" packaging {packaging.__version__}")
    return 1 if wrong or len(answers) != len(cases) else 0


if __name__ == "__main__":
    sys.exit(main())
