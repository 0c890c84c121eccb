# SPDX-License-Identifier: Apache-2.0
"""What stands in for a service's program: it binds the sockets that the real one binds, answers on them, and ends
within a second of SIGTERM.

    run("ServiceRegistry")                                      an agent: --port and --health-port
    run("MemoryFusionHub", "zmq:$MFH_PORT", "grpc:5714")        a program with sockets of its own

A socket is KIND:WHERE. WHERE is a number, $VARIABLE, --port or --health-port. KIND is

    zmq     a REP socket that answers JSON with JSON
    pub     a PUB socket
    http    /health answers {"status": "ok"}, /metrics in the format of Prometheus
    health  what the base class of agents binds: zmq there, and http on the next port
    grpc    grpc.health.v1 where grpcio is installed, else a socket that accepts
    tcp     a socket that accepts

From a shell: python3 -m stub.agent --name NAME [--port N] [--health-port N] [KIND:WHERE...]
"""
import argparse
import http.server
import json
import os
import signal
import socketserver
import sys
import threading

AGENT = ("zmq:--port", "health:--health-port")


def status(name):
    return {"status": "ok", "name": name, "machine": os.environ.get("MACHINE_TYPE", "")}


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def listen_http(name, port):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            known = {"/health": ("application/json", json.dumps(status(name))),
                     "/metrics": ("text/plain; version=0.0.4", f'up{{service="{name}"}} 1\n')}
            kind, text = known.get(self.path.partition("?")[0], (None, "not found\n"))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("0.0.0.0", port), Handler)
    server.daemon_threads = True
    return serve(server)


def listen_tcp(_, port):
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("0.0.0.0", port), socketserver.BaseRequestHandler)
    server.daemon_threads = True
    return serve(server)


def listen_grpc(name, port):
    try:
        from concurrent import futures

        import grpc
        from grpc_health.v1 import health, health_pb2, health_pb2_grpc
    except ImportError:
        return listen_tcp(name, port)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if not server.add_insecure_port(f"0.0.0.0:{port}"):
        raise OSError(f"port {port} is taken")
    server.start()
    return server


def answer_zmq(name, sockets):
    import zmq

    poller = zmq.Poller()
    for socket in sockets:
        poller.register(socket, zmq.POLLIN)
    while True:
        for socket, _ in poller.poll():
            socket.recv_multipart()
            socket.send_json(status(name))


def listen_zmq(name, reps, pubs):
    """All of them in one thread, and the context that owns them."""
    import zmq

    context = zmq.Context()
    sockets = []
    for kind, port in [(zmq.REP, port) for port in reps] + [(zmq.PUB, port) for port in pubs]:
        sockets.append(context.socket(kind))
        try:
            sockets[-1].bind(f"tcp://0.0.0.0:{port}")
        except zmq.ZMQError as error:
            raise OSError(f"port {port}: {error}") from error
    # a poller of nothing does not wait
    if reps:
        threading.Thread(target=answer_zmq, args=(name, sockets[:len(reps)]), daemon=True).start()
    return context, sockets


def where(text, args):
    """A socket's port."""
    if text.startswith("$"):
        text = os.environ.get(text[1:]) or sys.exit(f"{args.name}: {text} is not set")
    elif text == "--port":
        text = args.port or sys.exit(f"{args.name}: --port is missing")
    elif text == "--health-port":
        text = args.health_port or sys.exit(f"{args.name}: --health-port is missing")
    return int(text)


def listen(name, sockets, args):
    """Binds all, and returns what has to stay alive."""
    ports = [(kind, where(text, args)) for kind, _, text in (s.partition(":") for s in sockets)]
    alive = [{"http": listen_http, "tcp": listen_tcp, "grpc": listen_grpc}[kind](name, port)
             for kind, port in ports if kind in ("http", "tcp", "grpc")]
    alive += [listen_http(name, port + 1) for kind, port in ports if kind == "health"]
    reps = [port for kind, port in ports if kind in ("zmq", "health")]
    pubs = [port for kind, port in ports if kind == "pub"]
    if reps or pubs:
        alive.append(listen_zmq(name, reps, pubs))
    return alive, [port for _, port in ports]


def log(name, line):
    print(f"{name}: {line}", flush=True)
    logs = os.path.join(os.environ.get("PROJECT_ROOT", "."), "logs")
    if os.access(logs, os.W_OK):
        with open(os.path.join(logs, name + ".log"), "a", encoding="utf-8") as f:
            f.write(line + "\n")


def run(name, *sockets):
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default=name, help="of the service")
    parser.add_argument("--port", type=int)
    parser.add_argument("--health-port", type=int)
    parser.add_argument("sockets", nargs="*", default=sockets or AGENT)
    args = parser.parse_args()
    # before there are threads, so that none of them takes it
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    try:
        alive, ports = listen(args.name, args.sockets, args)
    except OSError as error:
        sys.exit(f"{args.name}: {error}")
    log(args.name, "listens on " + ", ".join(map(str, ports)))
    signal.sigwait(stop)
    log(args.name, "stops")
    sys.stdout.flush()
    # the sockets' threads have nothing to save
    os._exit(0 if alive else 1)


if __name__ == "__main__":
    run("stub")
