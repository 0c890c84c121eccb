#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""health-servers.py KIND FILE: servers of a kind, well, ill and hostile, on ports of 127.0.0.1 that the kernel chooses.

KIND is http, zmq, grpc or raw. FILE gets a line "NAME PORT" for each and is renamed to FILE when all listen; they
stay until standard input ends.
"""
import os
import socket
import sys
import threading
import time

ports = {}


def spawn(target, *args):
    threading.Thread(target=target, args=args, daemon=True).start()


def raw(name, talk):
    """A server of which each connection is talk(connection)."""
    listener = socket.create_server(('127.0.0.1', 0))
    ports[name] = listener.getsockname()[1]

    def one(connection):
        try:
            talk(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def serve():
        while True:
            spawn(one, listener.accept()[0])
    spawn(serve)


def hold(connection):
    while connection.recv(65536):
        pass


def saying(data, then=hold):
    def talk(connection):
        connection.sendall(data)
        then(connection)
    return talk


def endless(data, piece):
    def talk(connection):
        connection.sendall(data)
        while True:
            connection.sendall(piece)
    return talk


def dripping(data):
    def talk(connection):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
        hold(connection)
    return talk


def http():
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self):
            if self.path == '/log':
                body = '\n'.join(log).encode()
            else:
                body = b'x' * 200000
            status = {'/': 200, '/health': 200, '/log': 200, '/moved': 301, '/ill': 500, '/busy': 503}.get(self.path, 404)
            self.send_response(status)
            self.send_header('Location', '/health')
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, text, *args):
            log.append('%s %s' % (self.headers.get('Host'), text % args))

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request, address):
            log.append('ERROR %r' % sys.exc_info()[1])

    log = []
    server = Server(('127.0.0.1', 0), Handler)
    ports['http'] = server.server_port
    spawn(server.serve_forever)
    six = type('Six', (Server,), {'address_family': socket.AF_INET6})(('::1', 0), Handler)
    ports['six'] = six.server_port
    spawn(six.serve_forever)


def raws():
    raw('silent', hold)
    raw('closing', lambda connection: None)
    raw('garbage', saying(b'\x00\x01\x02 not a protocol\r\n\r\n'))
    raw('cut', saying(b'HTTP/1.1 20', lambda connection: None))
    raw('drip', dripping(b'HTTP/1.1 200 OK\r\n\r\n'))
    raw('drips', dripping(b'HTTP/1.1 200 OK' * 10000))
    raw('body', endless(b'HTTP/1.1 200 OK\r\n\r\n', b'x' * 65536))
    raw('interim', endless(b'', b'HTTP/1.1 100 Continue\r\n\r\n' * 1000))
    raw('headers', endless(b'HTTP/1.1 100 Continue\r\n', b'a: b\r\n' * 1000))
    greeting = b'\xff' + bytes(8) + b'\x7f\x03\x00' + b'NULL'.ljust(20, b'\0') + bytes(32)
    ready = b'\x04\x19\x05READY\x0bSocket-Type\0\0\0\3REP'
    raw('zmq-greeting', saying(greeting[:40]))
    raw('zmq-commands', endless(greeting + ready, b'\x04\x05\x04PING' * 1000))
    raw('zmq-frames', endless(greeting + ready + b'\x01\x00', b'\x01\x01x' * 1000))
    raw('zmq-huge', endless(greeting + ready + b'\x01\x00\x02' + b'\x7f' * 8, b'x' * 65536))
    raw('zmq-megabyte', endless(greeting + ready + b'\x01\x00\x02\0\0\0\0\0\x0f\xff\xff', b'[' * 65536))
    settings = b'\0\0\0\x04\0\0\0\0\0'
    raw('grpc-pings', endless(settings, b'\0\0\x08\x06\0\0\0\0\0abcdefgh' * 1000))
    raw('grpc-partial', saying(settings + b'\0\0\x10\x01\x04\0\0\0\x01\x88'))
    raw('grpc-headers', endless(settings + b'\0\0\1\x01\0\0\0\0\1\x88', b'\0\0\1\x09\0\0\0\0\1\x88' * 1000))
    raw('grpc-data', endless(settings, (b'\0\x10\0\0\0\0\0\0\1' + b'x' * 4096)))


def zmq_servers():
    import zmq
    context = zmq.Context()

    def start(name, kind, answer=None, **options):
        own = context.socket(kind)
        for key, value in options.items():
            setattr(own, key, value)
        ports[name] = own.bind_to_random_port('tcp://127.0.0.1')
        kept.append(own)

        def serve():
            while True:
                message = own.recv_multipart()
                own.send_multipart(answer(message))
        if answer is not None:
            spawn(serve)

    start('rep', zmq.REP, lambda m: [b'{"status": "ok", "asked": %s}' % m[0]])
    start('frames', zmq.REP, lambda m: [b'[1, 2]', b'', b'\xff' * 300])
    start('long', zmq.REP, lambda m: [b'"' + b'x' * 300000 + b'"'])
    start('text', zmq.REP, lambda m: [b'OK'])
    start('second', zmq.REP, lambda m: [b'OK', b'{}'])
    start('empty', zmq.REP, lambda m: [b''])
    start('router', zmq.ROUTER, lambda m: m[:2] + [b'{"to": "dealer"}'])
    start('mute', zmq.REP)
    start('pub', zmq.PUB)
    start('plain', zmq.REP, lambda m: [b'{}'], plain_server=True)
    start('beats', zmq.REP, lambda m: (time.sleep(0.3), [b'{}'])[1], heartbeat_ivl=20)


def grpc_servers():
    import grpc
    from concurrent import futures

    def check(request, context):
        # HealthCheckRequest.service is the first field
        service = request[2:].decode()
        if service in ('', 'well'):
            return b'\x08\x01'
        if service == 'sick':
            return b'\x08\x02'
        if service == 'slow':
            time.sleep(3)
        context.abort(grpc.StatusCode.NOT_FOUND, 'no service of that name')

    class Health(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method == '/grpc.health.v1.Health/Check':
                return grpc.unary_unary_rpc_method_handler(check)
            return None

    for name, handlers, options in (
            ('grpc', (Health(),), ()),
            ('none', (), ()),
            ('packed', (Health(),), (('grpc.default_compression_algorithm', 2),)),
            ('small', (Health(),), (('grpc.http2.max_frame_size', 16384), ('grpc.http2.lookahead_bytes', 1024),
                                    ('grpc.http2.hpack_table_size.encoder', 0)))):
        server = grpc.server(futures.ThreadPoolExecutor(2), options=options)
        server.add_generic_rpc_handlers(handlers)
        ports[name] = server.add_insecure_port('127.0.0.1:0')
        server.start()
        kept.append(server)


kept = []


def main():
    kind, path = sys.argv[1:]
    {'http': http, 'raw': raws, 'zmq': zmq_servers, 'grpc': grpc_servers}[kind]()
    with open(path + '.new', 'w', encoding='ascii') as file:
        file.writelines('%s %d\n' % row for row in ports.items())
    os.rename(path + '.new', path)
    sys.stdin.read()
    os._exit(0)


if __name__ == '__main__':
    main()
