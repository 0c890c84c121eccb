#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ai-fleet.py FLEET CHECK [ARGUMENT...]: holds examples/ai-fleet (the directory FLEET) against something else, and
prints a line for each disagreement.

    images FILE         names of all services that are built are in FILE
    units DIR RTAP      DIR/HOST has a unit for each service, where RTAP_ENABLED is RTAP
    table FILE LISTED   machines, families and ports are those of the table FILE, but for SERVICE<tab>WHAT of LISTED
    stubs               each stand-in binds the ports that the fleet says
    run GROUP...        the programs of each group start together and answer their health checks; each group in its
                        turn, in a network namespace that is ours (unshare -rn). Needs pyzmq
    count               prints how much there is
"""
import http.client
import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import time

import yaml

MACHINES = {'4090': ['mainpc'], '3060': ['pc2'], 'both': ['mainpc', 'pc2']}


def slug(name):
    out = ''
    for i, c in enumerate(name):
        if c.isupper() and i and (not name[i - 1].isupper() or name[i + 1:i + 2].islower()):
            out += '-'
        out += c.lower()
    return out


class Fleet:
    def __init__(self, root):
        self.root = root
        with open(os.path.join(root, 'fleet.yaml'), encoding='utf-8') as f:
            self.all = yaml.safe_load(f)
        self.services, self.groups = self.all['services'], self.all['groups']
        self.programs = {n: s for n, s in self.services.items() if 'image' not in s}

    def hosts(self, name):
        return [h for h in self.all['hosts']
                if any(g['host'] == h and name in g['services'] for g in self.groups.values())]

    def ports(self, name):
        """As maps."""
        return {k: p if isinstance(p, dict) else {'port': p} for k, p in self.services[name]['ports'].items()}


def images(fleet, path):
    with open(path, encoding='utf-8') as f:
        text = f.read()
    supervised = {s: n for n, g in fleet.groups.items() if g.get('mode') == 'supervised' for s in g['services']}
    for name in sorted({supervised.get(n, n) for n in fleet.programs}):
        if not any('/%s%s:' % (slug(name), suffix) in text for suffix in ('', '-mainpc', '-pc2')):
            print(name, 'has no image')


def units(fleet, directory, rtap):
    for group_name, group in fleet.groups.items():
        there = os.listdir(os.path.join(directory, group['host']))
        if group.get('mode') == 'supervised':
            if not any(u.endswith(slug(group_name) + '.container') for u in there):
                print(group['host'], group_name, 'has no unit')
            continue
        for name in group['services']:
            wanted = fleet.services[name].get('when', {}).get('RTAP_ENABLED', rtap) == rtap
            found = any(u.endswith(slug(name) + '.container') for u in there)
            if wanted != found:
                print(group['host'], name, 'has a unit' if found else 'has no unit')


def table(fleet, path, listed):
    different, rows = set(), 0
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line.startswith('#'):
                continue
            name, machine, _, family, port, health = line.rstrip('\n').split('\t')
            rows += 1
            ports, kind = fleet.ports(name), fleet.services[name].get('health', {}).get('port', 'health')
            own = {'machine': fleet.hosts(name), 'family': fleet.services[name]['family'],
                   'service': ports['service']['port'], 'health': ports.get('health', ports.get(kind))['port']}
            row = {'machine': MACHINES[machine], 'family': family, 'service': int(port), 'health': int(health)}
            different |= {(name, what) for what in row if row[what] != own[what]}
    with open(listed, encoding='utf-8') as f:
        known = {tuple(line.split('\t')[:2]) for line in f}
    for name, what in sorted(different ^ known):
        print(name, what, 'is not listed' if (name, what) in different else 'is as in the table')
    if rows != 64:
        print('the table has', rows, 'rows')


def stubs(fleet):
    sys.path.insert(0, fleet.root)
    import stub.agent
    import stub.asgi
    calls = []
    stub.agent.run = stub.asgi.application = lambda *arguments: calls.append(arguments)
    for name, service in fleet.programs.items():
        app = service['app']
        module = app.get('module') or app.get('asgi', '').partition(':')[0]
        runpy.run_path(os.path.join(fleet.root, app.get('script') or module.replace('.', '/') + '.py'))
        called, *sockets = calls.pop()
        ports = fleet.ports(name)
        if 'asgi' in app:
            sockets = ['http:%d' % ports['service']['port'], 'http:%d' % sockets[0]]
        sockets = sockets or stub.agent.AGENT
        if (app.get('args') or ['--name', called])[1] != name:
            print(name, 'runs as', called)
        # what the program may be told each port by: one of them has to be what it listens to
        told = []
        for port in ports.values():
            env = port.get('env', [])
            env = [env] if isinstance(env, str) else env
            told.append({'$' + e for e in env} or {port.get('argument', str(port['port']))})
        bound = [s.partition(':')[2] for s in sockets]
        if len(bound) != len(told) or any(sum(b in t for b in bound) != 1 for t in told):
            print(name, 'has', told, 'and binds', bound)
        if ('class' in service) != any(s.startswith('health:') for s in sockets):
            print(name, 'is an agent of the base class here and not there')


def start(fleet, name, group):
    """As a unit does: the image's command, and each port by its argument or its variables."""
    app = fleet.services[name]['app']
    command = [sys.executable, '-B'] + (['-m', app['module']] if 'module' in app else
                                        [os.path.join(fleet.root, app['script'])]) + app.get('args', [])
    env = dict(os.environ, PYTHONPATH=fleet.root, PROJECT_ROOT=tempfile.gettempdir(), MACHINE_TYPE=group['host'])
    for port in fleet.ports(name).values():
        if 'argument' in port:
            command += [port['argument'], str(port['port'])]
        told = port.get('env', [])
        env.update((e, str(port['port'])) for e in ([told] if isinstance(told, str) else told))
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)


def get(port, path):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=5)
    connection.request('GET', path)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return text if response.status == 200 else ''


def ask(port, request):
    import zmq
    with zmq.Context() as context, context.socket(zmq.REQ) as asked:
        asked.setsockopt(zmq.LINGER, 0)
        asked.setsockopt(zmq.RCVTIMEO, 5000)
        asked.connect('tcp://127.0.0.1:%d' % port)
        asked.send_json(request)
        return asked.recv_json()['name']


def healthy(fleet, name):
    """Also that the socket is this program's and not a neighbour's."""
    service, ports = fleet.services[name], fleet.ports(name)
    health = service.get('health') or fleet.all['classes'][service['class']]['health']
    port = ports[health['port']]['port']
    for each in ports.values():
        socket.create_connection(('127.0.0.1', each['port']), timeout=5).close()
    if 'zmq' in health:
        return ask(port, health['zmq']) == name and json.loads(get(port + 1, '/health'))['name'] == name
    return name in get(port, health['http']) if 'http' in health else True


def run(fleet, *names):
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    for group in (fleet.groups[n] for n in names):
        members = {n: start(fleet, n, group) for n in group['services']}
        for name in members:
            for _ in range(100):
                try:
                    if not healthy(fleet, name):
                        print(name, 'does not answer as it should')
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                print(name, 'does not answer')
        for process in members.values():
            process.terminate()
        for name, process in members.items():
            if process.wait(10) != 0:
                print(name, 'ends with', process.returncode)


def count(fleet):
    print(len(fleet.programs), 'programs,', sum(len(fleet.hosts(n)) for n in fleet.programs), 'times,',
          sum('class' in s for n, s in fleet.services.items() for _ in fleet.hosts(n)), 'of the base class;',
          len(fleet.services) - len(fleet.programs), 'upstream images')
    print('both hosts:', *(n for n in fleet.programs if len(fleet.hosts(n)) == 2))
    print('modes:', *sorted({g.get('mode', 'pod') for g in fleet.groups.values()}))


if __name__ == '__main__':
    {f.__name__: f for f in (images, units, table, stubs, run, count)}[sys.argv[2]](Fleet(sys.argv[1]), *sys.argv[3:])
