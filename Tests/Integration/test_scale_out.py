"""Several writers behind one name: calls spread over them, whichever come and go."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from support.house import find_binaries

NAME = "writers.sluice.test"
# How many calls are looked at; `interop spread` makes 200 a second at most.
CALLS = 1000
# So it takes ten seconds at least to make this many.
CALLS_OF_TEN_SECONDS = 2000


class Writer:
    """A sluice-writer on an address of its own; its log says which calls it answered."""

    def __init__(self, folder, address, port, certificates):
        self.folder = folder / address
        self.folder.mkdir()
        self.log = self.folder / "log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")} | {
            "SLUICE_LISTEN": f"{address}:{port}", "SLUICE_DATA": str(self.folder / "data"),
            "SLUICE_LOG_LEVEL": "debug", "SLUICE_TLS_CERT": str(certificates / "writer.pem"),
            "SLUICE_TLS_KEY": str(certificates / "writer.key"), "SLUICE_TLS_CA": str(certificates / "ca.pem")}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [find_binaries() / "sluice-writer"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: "listening" in self.log.read_text(), f"the writer on {address} listens")

    def answered(self):
        text = self.log.read_text(errors="replace")
        return sum("/grpc.health.v1.Health/Check" in line and ":operator:" in line for line in text.splitlines())

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Caller:
    """`interop spread`, for which NAME has the addresses of a file of its own instead of /etc/hosts."""

    def __init__(self, hosts, port, certificates):
        self.errors = open(hosts.parent / "errors", "w+")
        self.lines = ["0 0"]
        files = [certificates / name for name in ["operator.pem", "operator.key", "ca.pem"]]
        self.process = subprocess.Popen(
            [*namespace(), "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts,
             find_binaries() / "interop", "spread", NAME, str(port), *files],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def calls(self):
        """How many were answered, and how many failed."""
        answered, failed = self.lines[-1].split()
        return int(answered), int(failed)

    def make(self, count, until=lambda: False):
        """Waits for `count` more calls, or until something holds, which it answers."""
        goal = sum(self.calls()) + count
        while sum(self.calls()) < goal:
            if until():
                return True
            assert self.process.poll() is None, self.said()
            time.sleep(0.1)
        return until()

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.reader.join()
            self.process.stdout.close()


def wait_until(condition, what, patience=30):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited for {patience} s: {what}"
        time.sleep(0.05)


def namespace():
    """How to run something that sees other mounts than we do, or a skipped test."""
    ways = [["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]]
    for way in ways:
        with contextlib.suppress(OSError):
            probe = [*way, "mount", "--bind", "/etc/hosts", "/etc/hosts"]
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return way
    pytest.skip("this machine allows no mount namespace, so no name can be given addresses")


def free_port(addresses):
    """A port that is free on all of them."""
    for _ in range(20):
        with contextlib.ExitStack() as stack:
            port = 0
            with contextlib.suppress(OSError):
                for address in addresses:
                    listener = stack.enter_context(socket.socket())
                    listener.bind((address, port))
                    port = listener.getsockname()[1]
                return port
    raise RuntimeError("no port is free on all addresses")


def shares(writers, before):
    """The part of the calls since `before` that each writer answered, of the even one."""
    answered = [writer.answered() - count for writer, count in zip(writers, before)]
    return [count * len(writers) / sum(answered) for count in answered]


def assert_even(caller, writers):
    before = [writer.answered() for writer in writers]
    caller.make(CALLS)
    assert all(0.9 <= share <= 1.1 for share in shares(writers, before)), shares(writers, before)


def test_calls_spread_over_writers_that_come_and_go(tmp_path):
    namespace()
    certificates, hosts = tmp_path / "certificates", tmp_path / "hosts"
    subprocess.run(
        [find_binaries() / "sluice", "certificates", "create", "--out", certificates, "--host", f"writer={NAME}"],
        check=True, capture_output=True, stdin=subprocess.DEVNULL)
    addresses = [f"127.0.0.{number}" for number in range(1, 5)]
    port = free_port(addresses)
    hosts.write_text("".join(f"{address} {NAME}\n" for address in addresses[:3]))
    with contextlib.ExitStack() as stack:
        def start(address):
            writer = Writer(tmp_path, address, port, certificates)
            stack.callback(lambda: writer.process.poll() is None and writer.end())
            return writer

        writers = [start(address) for address in addresses[:3]]
        caller = Caller(hosts, port, certificates)
        stack.callback(lambda: caller.process.poll() is None and caller.end())
        # Until all three are connected, those that are get more.
        assert caller.make(CALLS, until=lambda: all(writer.answered() for writer in writers))
        assert_even(caller, writers)

        killed = writers.pop(1)
        # It stands still first, so that it surely dies with calls that it took and did not answer.
        killed.process.send_signal(signal.SIGSTOP)
        caller.make(100)
        killed.end(signal.SIGKILL)
        assert_even(caller, writers)
        assert caller.calls()[1] == 0, caller.said()

        # The name keeps the address of the dead, as names do for a while.
        added = start(addresses[3])
        with open(hosts, "a") as file:
            file.write(f"{addresses[3]} {NAME}\n")
        assert caller.make(CALLS_OF_TEN_SECONDS, until=added.answered)
        writers.append(added)
        assert_even(caller, writers)

        stopped = writers.pop(0)
        stopped.end()
        assert stopped.process.returncode == 0
        assert_even(caller, writers)

        caller.end()
        assert caller.calls()[1] == 0, caller.said()
