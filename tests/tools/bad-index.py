#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bad-index.py DIR [HABIT]: a PEP 503 index of the wheels of DIR on loopback, with one bad habit (see the branches);
prints its URL and serves until its standard input ends.
"""
import hashlib
import http.server
import os
import re
import sys
import threading

DIRECTORY, HABIT = sys.argv[1], (sys.argv[2:] + [''])[0]
WHEELS = {name: open(os.path.join(DIRECTORY, name), 'rb').read()
          for name in sorted(os.listdir(DIRECTORY)) if name.endswith('.whl')}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def reply(self, status, body=b'', kind='text/html', length=None):
        """A length that is not the body's: the connection ends before or amid it."""
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = length is not None

    def page(self, project):
        links = []
        for name, data in WHEELS.items():
            if re.sub(r'[-_.]+', '-', name.split('-')[0]).lower() != project:
                continue
            digest = '0' * 64 if HABIT == 'wrong-hash' else hashlib.sha256(data).hexdigest()
            if HABIT == 'climbing-names':
                name = '..%2F..%2F' + name
            links.append('<a href="/files/%s#sha256=%s">%s</a><br>\n' % (name, digest, name))
        return ('<!DOCTYPE html><html><body>\n%s</body></html>\n' % ''.join(links)).encode()

    def do_GET(self):
        name = self.path.split('/')[2]
        if HABIT == 'errors':
            self.reply(500, b'never')
        elif HABIT == 'down':
            self.close_connection = True
        elif self.path.startswith('/files/'):
            self.wheel(WHEELS[name])
        elif HABIT == 'no-pages':
            self.reply(404, b'not here')
        elif HABIT == 'rubbish':
            self.reply(200, b'{"meta": {"api-version": "9.9"}, "files": 7}', 'application/vnd.pypi.simple.v1+json')
        elif HABIT == 'cut-pages':
            body = self.page(name)
            self.reply(200, body[:len(body) // 2], length=len(body))
        elif HABIT == 'endless':
            self.reply(200, b'<!-- %s -->' % (b'x' * (1 << 20)) * 80)
        else:
            self.reply(200, self.page(name))

    def wheel(self, data):
        kind = 'application/octet-stream'
        if HABIT == 'no-wheels':
            self.reply(404, b'not here')
        elif HABIT == 'cut-wheels':
            self.reply(200, data[:len(data) // 2], kind, len(data))
        elif HABIT == 'flipped-wheels':
            middle = len(data) // 2
            self.reply(200, data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1:], kind)
        else:
            self.reply(200, data, kind)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        """Clients that hang up are what the tests are about."""


def main():
    server = Server(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print('http://127.0.0.1:%d/simple' % server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


main()
