"""HTTP/2 frame by frame (RFC 9113), for clients that do what no library lets them do."""

import select
import socket
import struct
import time
from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
ACK = END_STREAM = 0x1
END_HEADERS = 0x4
HAS_PRIORITY = 0x20
INITIAL_WINDOW_SIZE = 4
LARGEST_WINDOW = 2**31 - 1
CODES = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
]


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def number(value):
    return struct.pack(">I", value)


def settings(*entries):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *entry) for entry in entries))


def hpack_string(text):
    """A string without Huffman coding (RFC 7541, 5.2)."""
    length, rest = len(text), b""
    if length >= 127:
        length, left = 127, length - 127
        while left >= 128:
            rest += bytes([left % 128 + 128])
            left //= 128
        rest += bytes([left])
    return bytes([length]) + rest + text


def field(name, value, indexed=False):
    """A literal header field, which enters the dynamic table only if `indexed` (RFC 7541, 6.2)."""
    return (b"\x40" if indexed else b"\x00") + hpack_string(name.encode()) + hpack_string(value.encode())


def request(path, *more):
    """The header block of a gRPC request."""
    fields = [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers"), *more]
    return b"".join(field(*each) for each in fields)


class End(NamedTuple):
    """How a connection ended: whether the other side closed it, and what it said before."""

    closed: bool
    # Of the last GOAWAY, if there was one.
    code: str | None
    text: str
    sent: int

    def __str__(self):
        said = f"GOAWAY {self.code}" + (f" {self.text}" if self.text else "") if self.code else ""
        return said or "closed" if self.closed else f"{said}, open".lstrip(", ")


class Connection:
    """One connection to a loopback port, from which everything is read that comes, unless it is deaf."""

    def __init__(self, port, first=(), acknowledges=True, deaf=False, speaks=True):
        """`first` is what its SETTINGS say; `speaks` False leaves even the preface to the caller."""
        self.acknowledges, self.deaf = acknowledges, deaf
        self.socket = socket.socket()
        if deaf:
            # A buffer that fills at once: what is not read is to be the server's burden, not the kernel's.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.incoming = bytearray()
        self.owed = b""  # Acknowledgements, which must not come in the middle of a frame
        self.closed = False
        self.sent = 0
        self.goaway = None
        self.frames = []  # What arrived: kind, flags, stream, payload without that of DATA
        self.received = 0  # Bytes of DATA
        if speaks:
            self.send(PREFACE + settings(*first))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, count=0, patience=10):
        """Sends `data`, which is `count` frames of an attack; False when the other side takes no more."""
        view, deadline = memoryview(self.owed + data), time.monotonic() + patience
        self.owed = b""
        while view and not self.closed:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            readable, writable, _ = select.select([] if self.deaf else [self.socket], [self.socket], [], left)
            if readable:
                self._receive()
            if writable and not self.closed:
                try:
                    view = view[self.socket.send(view):]
                except BlockingIOError:
                    pass
                except (BrokenPipeError, ConnectionResetError):
                    self._drain()
        if not view:
            self.sent += count
        return not self.closed

    def poll(self, seconds=0.0):
        """Reads what there is, waiting for the first of it; False when the connection is over."""
        if not self.closed and not self.deaf and select.select([self.socket], [], [], seconds)[0]:
            self._receive()
            if self.owed:
                self.send(b"")
        return not self.closed

    def wait(self, wanted, patience):
        """Reads until `wanted()` holds; False when it did not in time."""
        deadline = time.monotonic() + patience
        while not wanted():
            left = deadline - time.monotonic()
            if left <= 0 or not self.poll(left):
                return wanted()
        return True

    def ping(self, patience=30):
        """Whether what was sent so far has been looked at, and the connection lives."""
        mark = b"barrier!"
        self.send(frame(PING, payload=mark))
        return self.wait(lambda: any(kind == PING and payload == mark for kind, _, _, payload in self.frames), patience)

    def end(self, patience=10):
        """Waits for the other side to close the connection."""
        self.deaf = False
        self.wait(lambda: self.closed, patience)
        code, text = self.goaway or (None, "")
        return End(self.closed, code, text, self.sent)

    def count(self, kind, flags=0):
        return sum(1 for each in self.frames if each[0] == kind and each[1] & flags == flags)

    def _drain(self):
        """What arrived before the other side hung up is still there to be read."""
        while not self.closed:
            self._receive()

    def _receive(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            data = b""
        if not data:
            self.closed = True
        self.incoming += data
        start = 0
        while len(self.incoming) - start >= 9:
            length = int.from_bytes(self.incoming[start:start + 3], "big")
            if len(self.incoming) - start < 9 + length:
                break
            kind, flags, stream = struct.unpack_from(">BBI", self.incoming, start + 3)
            self._take(kind, flags, stream, bytes(self.incoming[start + 9:start + 9 + length]))
            start += 9 + length
        del self.incoming[:start]

    def _take(self, kind, flags, stream, payload):
        if kind == DATA:
            self.received += len(payload)
            payload = b""
        elif kind == GOAWAY:
            code = int.from_bytes(payload[4:8], "big")
            self.goaway = CODES[code] if code < len(CODES) else str(code), payload[8:].decode(errors="replace")
        elif kind == SETTINGS and not flags & ACK and self.acknowledges:
            self.owed += frame(SETTINGS, ACK)
        self.frames.append((kind, flags, stream, payload))
