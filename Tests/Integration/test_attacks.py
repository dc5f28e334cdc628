"""The attacks of scripts/support/attacks.py against our server, each to end as its table says.

`scripts/attack-table` measures what these tests assert, and how other connections fare meanwhile.
"""

import pathlib
import subprocess
from concurrent import futures

import grpc
import pytest
from support.attacks import ANY, ATTACKS, CLOSED, HANG, TEST_SERVICE, Pace, call, message
from support.frames import (
    DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, Connection, field, frame, number, request)
from support.house import find_binaries
from support.interop import InteropServer

CONCURRENT_STREAMS = 100
# For the server to do what it does after some seconds, on a machine that has other work too.
SLACK = 9


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Certificate, key and authority of a server."""
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run(
        [find_binaries() / "sluice", "certificates", "create", "--out", folder], check=True, capture_output=True,
        stdin=subprocess.DEVNULL)
    return [folder / "writer.pem", folder / "writer.key", folder / "ca.pem"]


@pytest.fixture(scope="module")
def server():
    with InteropServer() as server:
        yield server


def answers(server, files):
    """Whether a client that has nothing to do with all this is served."""
    target = f"127.0.0.1:{server.port}"
    if files:
        authority, key, certificate = (pathlib.Path(files[index]).read_bytes() for index in [2, 1, 0])
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(authority, key, certificate))
    else:
        channel = grpc.insecure_channel(target)
    with channel:
        empty = channel.unary_unary(TEST_SERVICE + "EmptyCall", request_serializer=bytes, response_deserializer=bytes)
        return empty(b"", timeout=20) == b""


def attacked(name, files=()):
    """Runs an attack against a server of its own; answers how it ended and what the server had to do."""
    attack = ATTACKS[name]
    with InteropServer(files) as server:
        # The first call makes things that stay.
        assert answers(server, files)
        before = server.memory()
        # Some more than the limit: what a server tolerates in a burst grows a little while the burst lasts.
        frames = attack.limit * 11 // 10
        end = attack.run(server.port, Pace(frames, attack.batch, patience=attack.lasts + SLACK))
        grown = server.memory("VmHWM") - before
        started, highest = server.handlers()
        assert answers(server, files), f"{attack.title}: others are not served any more"
    print(f"{attack.title}: {end}, {end.sent} sent, {grown / 1e6:.1f} MB, {started - 1} handlers, {highest} at once")
    assert grown < attack.memory, f"{attack.title}: {grown} bytes"
    assert attack.end == ANY or end.closed, f"{attack.title}: {end} after {end.sent}"
    if attack.end not in [ANY, CLOSED]:
        assert end.code == attack.end, f"{attack.title}: {end} after {end.sent}"
        assert attack.text in end.text, f"{attack.title}: {end}"
    # Less the call of `answers` above.
    return end, started - 1, highest


AT_ONCE = [name for name, attack in ATTACKS.items() if not attack.lasts]
LATER = [name for name, attack in ATTACKS.items() if attack.lasts]


@pytest.mark.parametrize("name", AT_ONCE)
def test_a_flood_is_cut_off(name):
    _, started, highest = attacked(name)
    assert started <= ATTACKS[name].handlers * 11 // 10
    # Calls that were reset may still be ending while as many new ones begin.
    assert highest <= 2 * CONCURRENT_STREAMS


def test_nobody_may_sit_on_a_connection(files):
    """What ends by a time limit, all at once: they take as long as the longest."""
    with futures.ThreadPoolExecutor(len(LATER)) as pool:
        running = {
            name: pool.submit(attacked, name, files if ATTACKS[name].needs_tls else ()) for name in LATER}
    failures = [str(each.exception()) for each in running.values() if each.exception()]
    assert not failures, "\n".join(failures)


def test_a_stream_id_does_not_go_back(server):
    empty = request(TEST_SERVICE + "EmptyCall")
    with Connection(server.port) as connection:
        connection.send(call(5, empty, message(b"")))
        connection.send(call(3, empty, message(b"")))
        assert connection.end().code == "PROTOCOL_ERROR"


# What is no attack must not be taken for one.


def test_a_client_may_cancel_every_call_that_it_may_have(server):
    streams = range(1, 2 * CONCURRENT_STREAMS, 2)
    with Connection(server.port) as connection:
        connection.send(b"".join(call(stream, HANG) for stream in streams))
        assert connection.ping()
        connection.send(b"".join(frame(RST_STREAM, stream=stream, payload=number(8)) for stream in streams))
        connection.frames.clear()
        assert connection.ping() and not connection.goaway


def test_calls_that_we_refuse_early_are_not_held_against_their_client(server):
    """The server ends such a stream with RST_STREAM NO_ERROR, as RFC 9113 (8.1) wants it, not the peer's fault."""
    calls = 300
    with Connection(server.port) as connection:
        for index in range(calls):
            connection.send(call(2 * index + 1, request(TEST_SERVICE + "Nothing")))
            connection.poll(0.001)
        assert connection.wait(lambda: connection.count(RST_STREAM) == calls, 30)
        assert {payload for kind, _, _, payload in connection.frames if kind == RST_STREAM} == {number(0)}
        assert connection.count(HEADERS) == calls
        assert connection.ping() and not connection.goaway


def test_a_client_may_end_each_request_with_an_empty_frame(server):
    """As gRPC's own clients do: that it is the last is what it says."""
    calls, together = 2000, 50
    headers = request(TEST_SERVICE + "StreamingInputCall")
    with Connection(server.port) as connection:
        for begin in range(0, calls, together):
            streams = [2 * index + 1 for index in range(begin, begin + together)]
            connection.send(b"".join(
                call(stream, headers) + frame(DATA, 0, stream, message(b"")) + frame(DATA, END_STREAM, stream)
                for stream in streams))
            # A response is two lists of headers, and trailers end it.
            done = begin + together
            assert connection.wait(lambda: connection.count(HEADERS, END_STREAM) == done, 30), connection.end(1)
        assert connection.ping() and not connection.goaway


def test_a_client_may_send_many_empty_messages(server):
    """Each is a frame with gRPC's prefix and nothing else."""
    headers = request(TEST_SERVICE + "StreamingInputCall")
    with Connection(server.port) as connection:
        # The window is 64 KB until the server's SETTINGS are acknowledged.
        assert connection.ping()
        connection.send(call(1, headers))
        for _ in range(200):
            connection.send(frame(DATA, 0, 1, message(b"")) * 100)
            connection.poll()
        connection.send(frame(DATA, END_STREAM, 1))
        assert connection.wait(lambda: connection.count(HEADERS, END_STREAM), 30), connection.end(1)
        assert not connection.goaway and not connection.count(RST_STREAM)


def test_a_client_may_ask_now_and_then_whether_we_are_there(server):
    with Connection(server.port) as connection:
        connection.send(call(1, HANG))
        for index in range(2):
            mark = bytes([index] * 8)
            connection.send(frame(PING, payload=mark))
            assert connection.wait(lambda: any(each[3] == mark for each in connection.frames), 10)
        assert not connection.goaway


def test_trailers_of_a_call_that_is_over_are_no_new_stream(server):
    """The server may have answered already when a client's trailers come; their id is lower than others' then."""
    with Connection(server.port) as connection:
        for stream in [1, 3]:
            connection.send(call(stream, request(TEST_SERVICE + "Nothing")))
        assert connection.wait(lambda: connection.count(RST_STREAM) == 2, 10)
        connection.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, field("x", "late")))
        assert connection.ping() and not connection.goaway
