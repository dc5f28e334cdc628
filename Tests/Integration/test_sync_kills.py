"""A sync whose writer or orchestrator is killed at any system call that writes loses nothing and doubles nothing.

strace sends SIGKILL at the N-th write, and at the N-th fsync, of a whole small run: for every N that there is with
SLUICE_KILL_POINTS=all, for some unless told otherwise. After each the process is started again, and a run brings
what is left (I1 to I4, I7 and I8 of the design's reliability notes).
"""

import concurrent.futures
import os
import signal
import subprocess
import time

import grpc
import pytest
from support.faults import injecting, may_trace
from support.small_sync import SmallSync, is_gone

EVERY = os.environ.get("SLUICE_KILL_POINTS") == "all"
# What SQLite writes with, what sockets and logs are written with, and what none is known to be.
SYSCALLS = {
    "pwrite64": "pwrite64", "fsync": "fsync,fdatasync", "write": "write",
    "other": "ftruncate,unlink,unlinkat,rename,writev,pwritev,pwritev2,sendto,sendmsg,sendfile,fallocate,truncate",
}
# First point and distance to the next.
SOME = {"pwrite64": (2, 53), "fsync": (1, 11), "write": (3, 23), "other": (1, 3)}

pytestmark = pytest.mark.skipif(not may_trace(), reason="needs strace, and root to attach it")


@pytest.fixture
def sync(tmp_path, stubs):
    with SmallSync(tmp_path, stubs) as sync:
        yield sync


def sweep(sync, victim, step, prepare=lambda: None):
    """Kills `victim` during `step` at every point that it has; answers how many there were of each kind."""
    found, kills = {}, 0
    for kind, syscalls in SYSCALLS.items():
        number, stride = (1, 1) if EVERY else SOME[kind]
        while True:
            sync.add_rows()
            prepare()
            with injecting(victim.pid, syscalls, "signal=SIGKILL", number, sync.folder) as injection:
                killed = step()
            # The last answer may have left before the call that was the last.
            if not killed and victim.process is not None and (injection.happened or has_ended(victim.process)):
                assert victim.process.wait(30) == -signal.SIGKILL
                victim.kill()
                killed = True
            if not killed:
                if victim.process is None:
                    victim.start()
                sync.run_until_done()
                sync.check()
                break
            kills += 1
            if victim.process is None:
                victim.start()
            # Before anything is made good, nothing is wrong.
            sync.check_progress()
            sync.run_until_done()
            sync.check()
            number += stride
            assert number < 1000
        found[kind] = number - stride if number > 1 else 0
    return kills, found


def has_ended(process):
    """Whether a process is gone, or is gone in a moment: its end is seen later than it was made."""
    try:
        process.wait(0.05)
    except subprocess.TimeoutExpired:
        return False
    return True


def say(capsys, what, kills, found, began):
    with capsys.disabled():
        print(f"\n  {what}: {kills} kills in {time.monotonic() - began:.0f} s, the last at {found}", end="", flush=True)


def test_the_orchestrator_in_a_run(sync, capsys):
    victim = sync.orchestrator

    def step():
        try:
            sync.run()
        except grpc.RpcError as error:
            assert is_gone(error), error

    began = time.monotonic()
    kills, found = sweep(sync, victim, step)
    say(capsys, "orchestrator, run", kills, found, began)
    assert found["pwrite64"] and found["fsync"] and found["write"]


def test_the_writer_in_a_run(sync, capsys):
    """Back within half a minute, it does not even fail the run."""
    victim = sync.writer

    def step():
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            run = pool.submit(sync.run)
            while not run.done() and victim.process.poll() is None:
                time.sleep(0.005)
            killed = victim.process.poll() is not None
            if killed:
                assert victim.kill() == -signal.SIGKILL
                victim.start()
            assert sync.is_whole(run.result()), run.result()
        return killed

    began = time.monotonic()
    kills, found = sweep(sync, victim, step)
    say(capsys, "writer, run", kills, found, began)
    assert found["pwrite64"] and found["fsync"] and found["write"]


@pytest.mark.parametrize("name", ["writer", "orchestrator"])
def test_while_it_stops(sync, capsys, name):
    """The end moves the write-ahead log into the file, shortens it and removes it."""
    victim = getattr(sync, name)

    def step():
        victim.process.send_signal(signal.SIGTERM)
        code = victim.process.wait(60)
        victim.kill()
        assert code in [0, -signal.SIGKILL]
        return code != 0

    began = time.monotonic()
    kills, found = sweep(sync, victim, step, prepare=sync.run_until_done)
    say(capsys, f"{name}, stop", kills, found, began)
    assert found["pwrite64"] and found["other"]
