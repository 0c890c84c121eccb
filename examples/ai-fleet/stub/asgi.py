# SPDX-License-Identifier: Apache-2.0
"""The same for a program that only defines an ASGI application: application(NAME, METRICS_PORT)."""
import contextlib
import json

from stub.agent import listen_http, status


def application(name, metrics_port):
    async def lifespan(receive, send):
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                # one of the server's processes has it for all
                with contextlib.suppress(OSError):
                    listen_http(name, metrics_port)
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        known = scope["path"] == "/health"
        body = json.dumps(status(name) if known else {"error": "not found"}).encode()
        await send({"type": "http.response.start", "status": 200 if known else 404,
                    "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    return app
