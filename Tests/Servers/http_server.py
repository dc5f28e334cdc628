#!/usr/bin/env python3
"""An HTTP/1.1 server that behaves as its paths say, badly for the most part. Only the standard library.

    http_server.py CERTIFICATE KEY

Each line on its standard input is answered by one on its standard output: `ports`, `counts`. It ends
with its input. Bytes are written by hand: a library would not let an answer end half way.
"""

import asyncio
import collections
import gzip
import json
import socket
import ssl
import struct
import sys
import zlib

counts = collections.Counter()


def pattern(start, count):
    """Bytes that differ from place to place, so that a lost or doubled piece shows."""
    return b"".join(b"%07d\n" % n for n in range(start // 8, (start + count) // 8 + 1))[start % 8 :][:count]


def answer(status, body=b"", *fields):
    head = [f"HTTP/1.1 {status} Word", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


class Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.requests = 0

    async def run(self):
        counts["connections"] += 1
        counts["open"] += 1
        counts["most open"] = max(counts["most open"], counts["open"])
        try:
            while await self.one():
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
            counts["broken"] += 1
        finally:
            counts["open"] -= 1
            self.writer.close()

    async def one(self):
        first = await self.reader.readexactly(1)
        if first == b"\x16":
            # A TLS handshake, to the port that has none.
            await self.send(answer(400))
            return False
        head = first + await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = lines[0].split(" ")
        fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        length = int(dict((n.lower(), v) for n, v in fields).get("content-length", 0))
        body = await self.reader.readexactly(length) if length else b""
        self.requests += 1
        path = target.split("?")[0]
        counts[f"{method} {path}"] += 1
        name, *words = path.strip("/").split("/")
        handler = getattr(self, "do_" + name.replace("-", "_"), None)
        if handler is None:
            await self.send(answer(404, b"no such path"))
            return True
        return await handler(*words, method=method, target=target, fields=fields, body=body) is not False

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    def reset(self):
        """An RST instead of a FIN: socket(7), SO_LINGER."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        return False

    async def do_small(self, **_):
        await self.send(answer(200, b"hello", "X-First: 1", "X-Twice: a", "x-twice:  b  "))

    async def do_echo(self, *, method, target, fields, body, **_):
        text = json.dumps({"method": method, "target": target, "fields": fields, "body": body.decode("latin-1")})
        await self.send(answer(200, text.encode()))

    async def do_bytes(self, count, **_):
        count = int(count)
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % count)
        for start in range(0, count, 65536):
            await self.send(pattern(start, min(65536, count - start)))
            counts["bytes sent"] += min(65536, count - start)

    async def do_chunked(self, count, **_):
        count = int(count)
        await self.send(CHUNKED + b"Trailer: X-Sum\r\n\r\n")
        for start in range(0, count, 50000):
            await self.send(chunk(pattern(start, min(50000, count - start))))
        await self.send(b"0\r\nX-Sum: 1\r\n\r\n")

    async def do_slow(self, milliseconds, **_):
        try:
            # Its end is seen although it is waited for; nobody sends two requests at once here.
            await asyncio.wait_for(self.reader.read(1), int(milliseconds) / 1000)
            return False
        except asyncio.TimeoutError:
            await self.send(answer(200, b"late"))

    async def do_stall(self, **_):
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + pattern(0, 10))
        return bool(await self.reader.read(1))

    async def do_drip(self, **_):
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(600):
            await self.send(b"x")
            await asyncio.sleep(0.1)

    async def do_half(self, **_):
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + pattern(0, 500))
        return False

    async def do_half_chunked(self, **_):
        await self.send(CHUNKED + b"\r\n" + chunk(pattern(0, 500)) + b"100\r\nabc")
        return False

    async def do_reset(self, **_):
        return self.reset()

    async def do_reset_body(self, **_):
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + pattern(0, 500))
        await asyncio.sleep(0.1)
        return self.reset()

    async def do_second_is_lost(self, *_, **__):
        """The second request of a connection is read and never answered."""
        if self.requests > 1:
            return False
        await self.send(answer(200, b"first"))

    async def do_gzip(self, **_):
        await self.send(answer(200, gzip.compress(b"unpacked " * 1000), "Content-Encoding: gzip"))

    async def do_deflate(self, **_):
        await self.send(answer(200, zlib.compress(b"unpacked " * 1000), "Content-Encoding: deflate"))

    async def do_bad_gzip(self, **_):
        await self.send(answer(200, b"\x1f\x8bnothing of the kind", "Content-Encoding: gzip"))

    async def do_cut_gzip(self, **_):
        await self.send(answer(200, gzip.compress(pattern(0, 100000))[:-2000], "Content-Encoding: gzip"))

    async def do_bomb(self, megabytes, **_):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        await self.send(CHUNKED + b"Content-Encoding: gzip\r\n\r\n")
        for _ in range(int(megabytes)):
            data = packer.compress(bytes(1 << 20))
            if data:
                await self.send(chunk(data))
        await self.send(chunk(packer.flush()) + b"0\r\n\r\n")

    async def do_interim(self, **_):
        await self.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await self.send(answer(200, b"final"))

    async def do_endless_interim(self, **_):
        while True:
            await self.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50)

    async def do_endless_header(self, **_):
        await self.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await self.send(b"X-More: " + b"a" * 1000 + b"\r\n")

    async def do_no_http(self, **_):
        await self.send(b"hello, this is no HTTP\r\n\r\n")
        return False

    async def do_empty(self, **_):
        await self.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def do_head(self, *, method, **_):
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")

    async def do_redirect(self, **_):
        await self.send(answer(302, b"", "Location: /small", "Set-Cookie: a=b"))

    async def do_status(self, status, *after, **_):
        await self.send(answer(int(status), b"so", *[f"Retry-After: {words}" for words in after]))

    async def do_flaky(self, key, failures, **_):
        counts[f"flaky {key}"] += 1
        bad = counts[f"flaky {key}"] <= int(failures)
        await self.send(answer(503 if bad else 200, b"busy" if bad else b"well"))


async def silent(reader, writer):
    """Takes connections and says nothing: a TLS handshake that never ends."""
    await reader.read(-1)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.set_alpn_protocols(["http/1.1"])
    serve = lambda reader, writer: Connection(reader, writer).run()
    servers = {
        "plain": await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000),
        "tls": await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, backlog=1000),
        # An address that the certificate does not name.
        "elsewhere": await asyncio.start_server(serve, "127.0.0.2", 0, ssl=context),
        "silent": await asyncio.start_server(silent, "127.0.0.1", 0),
    }
    ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        reply = ports if line.strip() == "ports" else counts
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


asyncio.run(main())
