#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""http-server.py: a server with bad habits, for tests.

Prints its two ports, one plain and one with a certificate that nobody has reason to trust
(tests/data/oci/self-signed.pem), and serves on loopback until its standard input ends. What a path does is in the
comment of its branch; every body is made of BODY.
"""
import gzip
import http.server
import os
import pathlib
import ssl
import sys
import threading

CERTIFICATE = pathlib.Path(__file__).parent.parent / "data/oci/self-signed.pem"
BODY = b"".join(b"%07d\n" % i for i in range(40000))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tries = {}

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self, status, body, **headers):
        """Promises all of the body, sends half of it, and breaks the connection."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def resume(self, attempt, shift=0):
        start = self.headers.get("Range")
        etag = 'W/"1"' if self.path.endswith("?weak") else '"1"'
        if attempt == 1:
            return self.cut(200, BODY, ETag=etag)
        if not start or self.headers.get("If-Range") != (None if etag[0] == "W" else etag):
            return self.reply(400)
        first = int(start[len("bytes=") :].rstrip("-")) + shift
        body = BODY[first:]
        span = f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"
        if attempt == 2:
            return self.cut(206, body, ETag=etag, Content_Range=span)
        return self.reply(206, body, ETag=etag, Content_Range=span)

    def do_GET(self):
        attempt = self.tries[self.path] = self.tries.get(self.path, 0) + 1
        path = self.path.split("?")[0]
        if path == "/plain":
            self.reply(200, BODY, Content_Type="text/plain; charset=utf-8")
        elif path == "/empty":
            self.reply(200)
        elif path == "/accept":
            self.reply(200, self.headers.get("Accept", "").encode())
        elif path == "/agent":
            self.reply(200, self.headers.get("User-Agent", "").encode())
        elif path == "/tries":
            self.reply(200, repr(sorted(self.tries.items())).encode())
        elif path == "/redirect":
            self.reply(302, b"elsewhere", Location="/plain")
        elif path == "/to-file":
            self.reply(302, Location="file:///etc/passwd")
        elif path == "/loop":
            self.reply(302, Location="/loop")
        elif path == "/flaky":  # well at the third try
            self.reply(200, BODY) if attempt == 3 else self.reply(503, b"not now")
        elif path == "/broken":
            self.reply(500, b"never")
        elif path == "/resume":  # knows ranges; breaks off twice
            self.resume(attempt)
        elif path == "/restart":  # knows no ranges; breaks off once
            self.cut(200, BODY) if attempt == 1 else self.reply(200, BODY)
        elif path == "/shrink":  # is shorter the second time
            self.cut(200, BODY) if attempt == 1 else self.reply(200, BODY[:100])
        elif path == "/wrong-range":  # goes on at another byte
            self.resume(attempt, shift=8)
        elif path == "/gzip":
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                self.reply(200, gzip.compress(BODY), Content_Encoding="gzip")
            else:
                self.reply(200, BODY)
        elif path == "/bomb":
            self.reply(200, gzip.compress(bytes(50_000_000), 1), Content_Encoding="gzip")
        elif path == "/gone":
            self.reply(410, b"gone")
        elif path == "/secret":
            self.reply(401, b"who are you")
        else:
            self.reply(404, b"not here")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        """Clients that hang up are what the tests are about."""


def start(context=None):
    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    print(start(), start(context), flush=True)
    sys.stdin.read()
    os._exit(0)


main()
