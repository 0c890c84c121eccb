#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fleet-corpus.py SCHEMAS SHAPE WORK: hold the JSON schemas of SCHEMAS (fleet.schema.json, family.schema.json) against
the loader, which the program SHAPE (fleet-shape.c) asks, on documents made here and written below WORK.

Good documents are changed one value at a time: every key of them is left out, renamed, and given values of all
types and the wrong ones of its kind. A document that one side accepts and the other refuses fails the test, unless it
is of a kind that DIFFERENCES lists. Prints TAP: a line for each kind of document, and one for each difference.
"""
import copy
import json
import pathlib
import random
import re
import subprocess
import sys

import jsonschema
import yaml

GOOD = [
    {'fleet': 'small'},
    {'fleet': 'head', 'registry': 'ghcr.io/acme', 'tag': 20261121, 'platform': 'linux/arm64', 'prefix': 'opt/venv',
     'compression': 'splice', 'bytecode': 'none', 'wheels': {'find_links': ['wheels'], 'index': 'https://pypi.example/simple',
                                                  'indexes': [{'url': 'https://private.example/', 'names': ['x-*']}]},
     'mirrors': {'docker.io/library/python:3.11-slim': 'oci:bases/python'}, 'variables': {'A': 1, 'B': 'x'},
     'features': {'RTAP': True}, 'step_limits': {'time': '2h', 'memory': '8GiB', 'processes': 900, 'disk': '9G',
                                                 'output': 65536},
     'allow': [{'rule': 'x', 'subject': 'Y', 'reason': 'z', 'until': '2027-01-31'}]},
    {'fleet': 'parts', 'networks': {'n': {'subnet': '172.20.0.0/16', 'gateway': '172.20.0.1', 'internal': False}},
     'volumes': {'v': {'target': '/v'}, 'w': {'path': '/srv/w', 'target': '/w', 'read_only': True}},
     'secrets': {'S': {'as': 'env', 'target': 'T'}},
     'hosts': {'h': {'podman': '5.4', 'address': '192.0.2.1', 'network': 'n', 'port_offset': 100,
                     'variables': {'V': 1}, 'env': {'TZ': 'UTC'},
                     'gpu': {'device': 'nvidia.com/gpu=0', 'arch': ['8.9'], 'driver': 550},
                     'devices': {'audio': '/dev/snd'}, 'machine': {'THREADS': 16}}}},
    {'fleet': 'groups', 'hosts': {'h': {}},
     'services': {'A': {'family': 'f', 'app': {'script': 'a.py'}}},
     'groups': {'p': {'host': 'h', 'ip': '172.20.0.10', 'network': 'n', 'services': ['A']},
                'q': {'host': 'h', 'mode': 'host', 'services': ['A']},
                's': {'host': 'h', 'mode': 'supervised', 'family': 'f', 'pip': ['x==1'], 'services': ['A'],
                      'supervisor': {'script': 's.py', 'files': ['s.py'], 'args': ['-v']}}}},
    {'fleet': 'service', 'services': {'S': {
        'family': 'f', 'app': {'asgi': 'a:b', 'args': ['-x'], 'files': ['app']},
        'pip': {'requirements': ['x==1']}, 'env': {'A': 'b', 'C': 1},
        'provides': {'S_URL': 'http://${address}:${port}'},
        'ports': {'service': '${PORT_OFFSET}+7200', 'health': {
            'port': 8200, 'protocol': 'tcp', 'argument': '--port', 'env': ['PORT'], 'fixed': False, 'publish': True,
            'offset': True}},
        'implicit_ports': {'http': 'health+1'}, 'health': {
            'http': '/health', 'port': 'health', 'interval': '1m30s', 'timeout': 5, 'retries': 3, 'start_period': '0'},
        'needs': ['A', {'service': 'B', 'until': 'healthy'}], 'required': "${X:-false} == 'true'",
        'when': {'F': 'true'}, 'tmpfs': ['/t'], 'writable': ['/w'], 'volumes': ['v', 'w:/w:ro'], 'devices': ['audio'],
        'optional_devices': ['camera'], 'gpu': 'optional', 'secrets': ['S'],
        'limits': {'memory': '2GiB', 'cpus': '1.5', 'pids': 256, 'shm': 67108864}, 'restart': 'no', 'seccomp': 'web',
        'labels': {'team': 'core'}, 'user': '1:1', 'read_only': True, 'capabilities': ['NET_BIND_SERVICE'],
        'stop_timeout': '30s', 'new_privileges': True, 'loosen': {'capabilities': 'port 80', 'new_privileges': 'sudo'}}},
     'features': {'F': 'true'}},
    {'fleet': 'kinds', 'services': {
        'A': {'family': 'f', 'app': {'script': 'a.py'}, 'ports': {'p': 1}, 'health': {'tcp': True}, 'pip': 'r.txt',
              'needs': 'B', 'required': False, 'when': 'true'},
        'B': {'family': 'f', 'app': {'module': 'm'}, 'ports': {'p': 2}, 'health': {'zmq': {'action': 'x'}},
              'pip': ['a==1'], 'needs': {'service': 'A'}, 'when': True},
        'C': {'family': 'auto', 'app': {'exec': ['x']}, 'ports': {'p': 3}, 'health': {'grpc': ''}},
        'D': {'image': 'redis:7', 'app': {'exec': ['x']}, 'ports': {'p': 6379}, 'health': {'exec': ['x']}}}},
    {'fleet': 'beside', 'hosts': {'h': {'dns': ['192.0.2.53']}}, 'networks': {'a': {}, 'b': {}},
     'groups': {'g': {'host': 'h', 'services': ['S'], 'networks': ['a', {'name': 'b', 'ip': '10.0.0.5'}],
                      'dns': '192.0.2.1', 'hostname': 'x.example'}},
     'services': {'S': {'family': 'f', 'app': {'script': 'a.py'}, 'pod': False, 'network': 'host',
                        'needs': [{'service': 'T', 'timeout': '30s'}], 'limits': {'pids': 'unlimited'},
                        'optional_devices': {'audio': {'without': {'AUDIO': 'dummy', 'N': 1}}, 'camera': None}}}},
    {'fleet': 'unused', 'classes': {'L': {'ports': {'q': 90}}}},
    {'fleet': 'hosts', 'hosts': {'h': {}, 'i': {}}, 'classes': {'K': {
        'env': {'A': 1}, 'ports': {'p': 80}, 'health': {'http': '/', 'port': 'p'}, 'limits': {'pids': 10}}},
     'services': {'S': {'class': 'K', 'family': 'f', 'app': {'script': 'a.py'}, 'hosts': {
         'i': {'env': {'A': 2}, 'ports': {'p': 81}, 'health': {'tcp': True, 'port': 'p'}, 'needs': ['T'],
               'limits': {'memory': '1g'}, 'volumes': 'v:/v', 'required': 'false'}}}}},
]
FAMILIES = [
    {'family': 'f', 'from': 'debian:12'},
    {'family': 'f', 'from': 'base', 'pip': ['a==1'], 'env': {'A': 1}, 'seccomp': 'gpu', 'size': {'max': '3GiB'},
     'gpu': {'cuda': '12.1', 'arch': ['8.6'], 'min_driver': 535}},
    {'family': 'f', 'from': 'base', 'bytecode': 'unchecked-hash', 'installer': 'pip', 'run': [
        {'name': 'a', 'command': ['x', '1'], 'env': {'A': 1}, 'inputs': ['a/b'], 'outputs': ['/opt/x']},
        {'name': 'b', 'script': 'x', 'inputs': 'c', 'outputs': '/opt/y'}]},
]
ANY = [None, True, False, 0, 1, -1, 70000, 1.5, '', 'word', '7', '30s', '2GiB', [], ['word'], [1], [None], [[]], {},
       {'word': 'word'}, {'word': 1}, {'word': None}, {'word': []}]
# Values that are wrong, or right in an unusual way, for one key.
SPECIAL = {
    'bytecode': ['none', 'unchecked-hash', 'checked-hash'],
    'installer': ['wheels', 'pip', 'uv'],
    'inputs': ['/a', '../a', 'a/../b', 'a/..', 'a..b', '.', './a', 'a//b', ['a', '/b']],
    'outputs': ['/', '//', '/.', '/a/..', '/run', '/run/a', '//run/a', '/./run/a', '/runs', '/tmp', 'a', '/a..b',
                '/a/./b', ['/a', 'b']],
    'interval': ['0', '0s', '25h', '1d', '1h2m3s', '500ms', '1.5s', ' 1s', '-1s', '90000', 86400, 86401],
    'start_period': ['0s', '00', '1m', 'soon', 86401],
    'memory': ['0', '0g', '512', '64k', '512M', '1.5g', '2 GiB', '2gibi', '1e3', '0x10', '.5g', '9999999t', '2Tb',
               '1b'],
    'max': ['0', '512', '3gib', '3 gb', 'much'],
    'cpus': ['1', '0.5', '1.2345', '12345', '1,5', 'two', 9999, 10000, -0.5, 1.2345],
    'retries': [0, 1, 1000, 1001], 'pids': [0, 1, 4194304, 4194305, 'unlimited', 'many'],
    'stop_timeout': ['0', '1s', 'long', 90000], 'timeout': ['0', '1s', 'long'],
    'loosen': [{'user': 'x'}, {'users': 'x'}, {'user': []}, {'pids': None}, []],
    'networks': [[], 'a', ['a', 'b'], {'name': 'a'}, {'ip': '1'}, [{'name': 'a', 'ip': 'x'}], [1], [['a']], 5],
    'hostname': ['a', 'a.b', '-a', 'a-', 'a_b', 'a..b', 'a' * 64, 'a' * 65],
    'optional_devices': ['a', ['a'], [1], {'a': None}, {'a': {}}, {'a': {'with': {}}}, {'a': []}, {'a': {'without': None}},
                         {'a': {'without': []}}, {'a': {'without': {'x': []}}}, {'a': {'without': {'x': None}}}, 5], 'port_offset': [-1, 0, 60000, 60001],
    'service': ['0', '65536', '7200+1', '7200 - 1', '7200+', '+7200', '1.5', '0x50', '${A', '${}', '${A B}', '${A}',
                '${A:-7}+1', '$A', '$${A}', 65535, 65536, {'port': '80'}, {'port': None}, {'port': True},
                {'prot': 80}, {'port': 80, 'protocol': 'sctp'}, {'port': 80, 'env': 'A'}, {'port': 80, 'env': [1]}],
    'http': ['health', 'health+1', 'health + 1 - 2', 'health+x', 'health+', '+1', 'health*2'],
    'required': ['true', 'True', 'yes', "'true'", ' false ', "'true", 'a == b', 'a != b', 'a = b', '${A:-x}', '${A'],
    'when': ['true', 'maybe', 'a == b', {'F': None}, {'F': []}, {'F': True}, {}],
    'zmq': [True, False, 'hello', {'a': [1, {'b': None}]}, 1, []],
    'needs': ['A', [], ['A', 'B'], [['A']], {'service': 'A', 'until': 'ready'}, {'until': 'healthy'}, {'name': 'A'}],
    'pip': [{'requirements': 'r.txt'}, {'requirements': None}, {'requirements': [1]}, {'requirement': 'r.txt'}, {},
            {'requirements': ['a==1'], 'extra': 1}],
    'gpu': ['none', 'required', 'maybe'], 'restart': ['no', 'always', 'on-failure', 'never'],
    'mode': ['pod', 'host', 'supervised', 'swarm'], 'as': ['env', 'file', 'mount'], 'protocol': ['udp', 'sctp'],
    'until': ['started', 'soon'],
    'app': [{'script': 'a', 'module': 'b'}, {'script': None, 'module': 'b'}, {'args': []}],
    'health': [{'tcp': False}, {'http': '/', 'tcp': False}, {'http': '/', 'zmq': False}, {'http': '/', 'tcp': True},
               {'grpc': 'x', 'exec': None}, {'port': 'health'}],
    'hosts': [{'i': None}, {'i': {'family': 'g'}}, {'i': {'app': None}}, {'i': {'hosts': {}}}, {'i': []}, {'j': {}},
              {'j': {'env': []}}],
    'K': [{'class': 'L'}, {'hosts': {}}, {'env': []}, {'unknown': 1}, []],
    'volumes': ['v', ['v:/x:ro', '/a:/b']],
}


def services(document):
    """The services of a document that are maps."""
    found = document.get('services')
    return [s for s in found.values() if isinstance(s, dict)] if isinstance(found, dict) else []


def has_unused_class(document, finding):
    classes = document.get('classes')
    return isinstance(classes, dict) and set(classes) > {s.get('class') for s in services(document)}


def has_unknown_host(document, finding):
    hosts = document.get('hosts') if isinstance(document.get('hosts'), dict) else {}
    return any(isinstance(s.get('hosts'), dict) and set(s['hosts']) - set(hosts) for s in services(document))


def told(pattern, value='.'):
    """The loader's finding has PATTERN in it, and the document VALUE."""
    return lambda document, finding: re.search(pattern, finding) and re.search(value, json.dumps(document))


# Kinds of documents on which the two may differ, because a schema cannot say it: why, who refuses them, and what tells
# them by the document and the loader's finding.
DIFFERENCES = [
    ('a duration is at most a day, however it is written', 'loader', told('is no duration', '25h|90000')),
    ('a size is at most 2^50 bytes, whatever its unit', 'loader', told('is no size', '9999999t')),
    ('processors have at most three digits behind the point', 'loader', told('no number of processors')),
    ('what an address is takes more than a pattern', 'loader', told('is no address')),
    ('a class may say that a service is beside its pod', 'loader', told('is not in the pod of its group')),
    ('the sum in a port is from 1 to 65535', 'loader', told('port-out-of-range', '"service": "(0|65536)"')),
    ('an implicit port names a port of its service', 'loader', told('implicit port .* must be .PORT[+]N')),
    ('a value that variables make is not known before', 'loader', told('port-invalid|expression-invalid', '[$][{]')),
    ('what a class gives to a service is not known to the service', 'loader',
     told("missing key '(family|app)'", '"class"')),
    ('a volume has at most three parts, and the last is ro or rw', 'loader', told("must be 'VOLUME\\[")),
    ('a class is evaluated where it is used', 'schema', has_unused_class),
    ('the part of a service on a host that is not there is not read', 'schema', has_unknown_host),
]
# The same for texts that no document can stand for: what a reader of YAML makes of them, the loader's answer, and why
# the schema's is another.
TEXTS = [
    ('fleet: a\nfleet: b\n', 'refuse', 'a key that is there twice is there once when a schema sees the document'),
    ('fleet: a\nservices: {S: {family: f, app: {script: a}, limits: {pids: 1.0}}}\n', 'refuse',
     '1.0 is an integer to a schema'),
    ('fleet: a\nservices: {S: {family: f, app: {script: a}, limits: {memory: 0x10}}}\n', 'refuse',
     'a size in hexadecimal is a number to a schema'),
    ('fleet: a\ntag: !!str 1\n', 'accept', None),
    ('fleet: &x a\nregistry: *x\n', 'accept', None),
    ('fleet: a\nvariables: {a: 1, <<: {b: 2}}\n', 'refuse', 'a merge key is gone when a schema sees the document'),
    ('', 'refuse', None),
    ('[]\n', 'refuse', None),
]


def paths(value, at=()):
    """Every place below VALUE."""
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield at + (key,)
            yield from paths(value[key], at + (key,))


def changed(document, path, change):
    """A copy of DOCUMENT in which CHANGE was done to the key of PATH in what holds it."""
    copied = copy.deepcopy(document)
    at = copied
    for key in path[:-1]:
        at = at[key]
    change(at, path[-1])
    return copied


def leave_out(at, key):
    del at[key]


def rename(at, key):
    if isinstance(at, dict):
        at['%sx' % key] = at.pop(key)


def setter(value):
    def change(at, key):
        at[key] = value
    return change


def changes(document):
    """Every change of one value as (kind, path, change)."""
    for path in paths(document):
        yield 'a key left out', path, leave_out
        yield 'a key renamed', path, rename
        for value in ANY:
            yield 'a value of any type', path, setter(value)
        for value in SPECIAL.get(path[-1], []):
            yield 'a value of its kind', path, setter(value)
    for path in [(), *paths(document)]:
        at = document
        for key in path:
            at = at[key]
        if isinstance(at, dict):
            yield 'one more key', path + ('zz',), setter('x')


def documents(good, rng):
    """(kind, document)"""
    for document in good:
        yield 'a good document', document
        every = list(changes(document))
        for kind, path, change in every:
            if kind != 'a value of any type' or rng.random() < 0.4:
                yield kind, changed(document, path, change)
        for _ in range(60):
            _, path, change = rng.choice(every)
            once = changed(document, path, change)
            rest = list(paths(once))
            if rest:
                yield 'two changes', changed(once, rng.choice(rest), setter(rng.choice(ANY)))


class Judge:
    def __init__(self, schemas, shape, work):
        self.schemas = {name: self.load(schemas / (name + '.schema.json')) for name in ('fleet', 'family')}
        self.shape, self.work = shape, work
        self.cases = []

    @staticmethod
    def load(path):
        schema = json.loads(path.read_text(encoding='utf-8'))
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)

    def add(self, name, kind, document, text=None):
        """Every second document is in YAML's own style, the others are JSON."""
        directory = self.work / ('%05d' % len(self.cases))
        (directory / 'families.d').mkdir(parents=True)
        if text is None:
            text = (yaml.safe_dump if len(self.cases) % 2 else json.dumps)(document)
        if name == 'family':
            (directory / 'families.d/f.yaml').write_text(text, encoding='utf-8')
            text = 'fleet: x\n'
        (directory / 'fleet.yaml').write_text(text, encoding='utf-8')
        self.cases.append((name, kind, document, directory))

    def run(self):
        """(kind, document, accepted by the schema, the loader's answer) of every document."""
        lines = ''.join('%s\n' % case[3] for case in self.cases)
        answers = subprocess.run([self.shape], input=lines, stdout=subprocess.PIPE, check=True,
                                 text=True).stdout.splitlines()
        assert len(answers) == len(self.cases)
        for (name, kind, document, _), answer in zip(self.cases, answers):
            yield kind, document, self.schemas[name].is_valid(document), answer


class Report:
    def __init__(self):
        self.kinds, self.seen, self.bad = {}, {}, []

    def add(self, kind, document, accepted, answer):
        counts = self.kinds.setdefault(kind, {'accept': 0, 'refuse': 0, 'bad': 0})
        counts['accept' if answer == 'accept' else 'refuse'] += 1
        if accepted == (answer == 'accept'):
            return
        for why, who, tells in DIFFERENCES:
            if who == ('loader' if accepted else 'schema') and tells(document, answer):
                self.seen[why] = self.seen.get(why, 0) + 1
                return
        counts['bad'] += 1
        self.bad.append('# the schema %s, the loader: %s\n#   %s' % (
            'accepts' if accepted else 'refuses', answer, json.dumps(document)))

    def text(self, text, accepted, answer, expected, why):
        self.kinds.setdefault('a text', {'accept': 0, 'refuse': 0, 'bad': 0})[expected] += 1
        differs = accepted != (expected == 'accept')
        if answer.split(' ')[0] != expected or differs != (why is not None):
            self.kinds['a text']['bad'] += 1
            self.bad.append('# the schema %s, the loader: %s\n#   %r' % (
                'accepts' if accepted else 'refuses', answer, text))

    def print(self):
        """TAP; whether all is well."""
        print('\n'.join(self.bad[:40]))
        lines = [(not c['bad'], '%s: %d accepted and %d refused by the loader' % (k, c['accept'], c['refuse']))
                 for k, c in self.kinds.items()]
        lines += [(why in self.seen, 'only the %s refuses: %s (%d)' % (who, why, self.seen.get(why, 0)))
                  for why, who, _ in DIFFERENCES]
        print('1..%d' % len(lines))
        for number, (ok, line) in enumerate(lines, 1):
            print('%s %d - %s' % ('ok' if ok else 'not ok', number, line))
        return all(ok for ok, _ in lines)


def main():
    schemas, shape, work = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
    rng = random.Random(20261121)
    judge, report = Judge(schemas, shape, work), Report()
    for text, _, _ in TEXTS:
        judge.add('fleet', 'a text', yaml.safe_load(text), text)
    for name, good in (('fleet', GOOD), ('family', FAMILIES)):
        for kind, document in documents(good, rng):
            judge.add(name, kind, document)
    for index, (kind, document, accepted, answer) in enumerate(judge.run()):
        if index < len(TEXTS):
            report.text(TEXTS[index][0], accepted, answer, *TEXTS[index][1:])
        else:
            report.add(kind, document, accepted, answer)
    sys.exit(0 if report.print() else 1)


main()
