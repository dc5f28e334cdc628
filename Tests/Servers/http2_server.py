#!/usr/bin/env python3
"""HTTP/2 over TLS (hypercorn), for what the server written by hand does not speak.

    http2_server.py CERTIFICATE KEY
"""

import asyncio
import json
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config


def pattern(start, count):
    return b"".join(b"%07d\n" % n for n in range(start // 8, (start + count) // 8 + 1))[start % 8 :][:count]


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    words = scope["path"].strip("/").split("/")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-version", scope["http_version"].encode())]})
    if words[0] == "bytes":
        for start in range(0, int(words[1]), 50000):
            piece = pattern(start, min(50000, int(words[1]) - start))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": body})


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.certfile, config.keyfile = sys.argv[1], sys.argv[2]
    config.accesslog = config.errorlog = None
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(json.dumps({"tls": listener.getsockname()[1]}) + "\n")
        sys.stdout.flush()
    stop.set()
    await server


asyncio.run(main())
