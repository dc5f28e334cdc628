"""Results that the emulator makes itself, so that a measurement is of the reader and not of a database."""

import struct
import time

from .framing import message, text

COLUMNS = (("updated_at", 1184, 8), ("external_id", 1043, -1), ("payload", 1043, -1))
CHUNK = 2000
FIRST = 1_700_000_000


def description():
    body = struct.pack(">H", len(COLUMNS))
    for name, type_oid, size in COLUMNS:
        body += text(name) + struct.pack(">IHIhih", 0, 0, type_oid, size, -1, 0)
    return message(b"T", body)


def _value(data):
    return struct.pack(">I", len(data)) + data


def chunks(rows, payload):
    """DataRow messages, a second apart, some thousands a piece."""
    pad = b"x" * max(0, payload - 30)
    for start in range(0, rows, CHUNK):
        part = bytearray()
        for number in range(start, min(start + CHUNK, rows)):
            instant = time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime(FIRST + number)).encode()
            values = (instant, b"user-%d" % number, b'{"n": %d, "pad": "' % number + pad + b'"}')
            body = struct.pack(">H", 3) + b"".join(map(_value, values))
            part += b"D" + struct.pack(">I", len(body) + 4) + body
        yield bytes(part)


async def answer(writer, rows, payload, is_simple, sent):
    """`sent` is told how many rows have gone to the socket: a slow reader holds them up."""
    if not is_simple:
        writer.write(message(b"1") + message(b"2"))
    writer.write(description())
    for part in chunks(rows, payload):
        writer.write(part)
        await writer.drain()
        sent(CHUNK)
    writer.write(message(b"C", text(f"SELECT {rows}")))
    if is_simple:
        writer.write(message(b"Z", b"I"))
    await writer.drain()
