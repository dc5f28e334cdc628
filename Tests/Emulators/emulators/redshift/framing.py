"""Messages of the PostgreSQL protocol 3.0 (PostgreSQL manual, "Frontend/Backend Protocol")."""

import struct

PROTOCOL_3 = 196608
CANCEL_REQUEST, SSL_REQUEST, GSS_REQUEST = 80877102, 80877103, 80877104
LONGEST = 64 << 20


class Broken(Exception):
    """The peer is gone, or does not speak the protocol."""


def message(kind, body=b""):
    return kind + struct.pack(">I", len(body) + 4) + body


def text(value):
    return value.encode() + b"\0"


def error(code, words, severity="ERROR", detail=None):
    fields = [b"S" + text(severity), b"C" + text(code), b"M" + text(words)]
    if detail:
        fields.append(b"D" + text(detail))
    return message(b"E", b"".join(fields) + b"\0")


def error_fields(body):
    fields = {}
    for field in body.rstrip(b"\0").split(b"\0"):
        if field:
            fields[chr(field[0])] = field[1:].decode("utf-8", "replace")
    return fields


def startup(parameters):
    body = struct.pack(">I", PROTOCOL_3)
    for key, value in parameters.items():
        body += text(key) + text(value)
    body += b"\0"
    return struct.pack(">I", len(body) + 4) + body


async def read_startup(reader):
    """Code and body of what a client sends first."""
    length, code = struct.unpack(">II", await reader.readexactly(8))
    if not 8 <= length <= 65536:
        raise Broken("a start-up message of an impossible length")
    return code, await reader.readexactly(length - 8)


async def read_message(reader):
    head = await reader.readexactly(5)
    (length,) = struct.unpack(">I", head[1:])
    if not 4 <= length <= LONGEST:
        raise Broken("a message of an impossible length")
    return head[:1], await reader.readexactly(length - 4)


def startup_parameters(body):
    words = body.split(b"\0")
    pairs = zip(words[::2], words[1::2])
    return {key.decode(): value.decode("utf-8", "replace") for key, value in pairs if key}


def _bind(body):
    """The values of a Bind message, and the formats that it wants of the result."""
    at = body.index(0, body.index(0) + 1) + 1
    (formats,) = struct.unpack_from(">H", body, at)
    at += 2 + 2 * formats
    (count,) = struct.unpack_from(">H", body, at)
    at, values = at + 2, []
    for _ in range(count):
        (length,) = struct.unpack_from(">i", body, at)
        at += 4
        values.append(None if length < 0 else body[at:at + length])
        at += max(length, 0)
    (count,) = struct.unpack_from(">H", body, at)
    return values, struct.unpack_from(f">{count}h", body, at + 2)


def bound(body):
    return _bind(body)[0]


def result_formats(body):
    return _bind(body)[1]


class Messages:
    """Cuts a stream of bytes into whole messages: the way from the server is too busy for a read a message."""

    def __init__(self):
        self._rest = b""

    def feed(self, data):
        """Yields (kind, body, whole) for each message that is complete."""
        data = self._rest + data
        at, end = 0, len(data)
        while end - at >= 5:
            length = int.from_bytes(data[at + 1:at + 5], "big") + 1
            if end - at < length:
                break
            yield data[at:at + 1], data[at + 5:at + length], data[at:at + length]
            at += length
        self._rest = data[at:]
