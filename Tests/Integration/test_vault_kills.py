"""A vault that is killed at any system call of a change keeps a key that works.

strace sends SIGKILL at the N-th write, and at the N-th fsync, of each step: for every N that there is
with SLUICE_KILL_POINTS=all, for some of the writes unless told otherwise.
"""

import os
import signal

import grpc
import jwt
import pytest
from support.faults import injecting, may_trace
from support.vault import VaultCalls, VaultProcess, make_certificates, make_master_key

EVERY = os.environ.get("SLUICE_KILL_POINTS") == "all"
# Of SQLite: a commit is some writes to the write-ahead log and one fdatasync.
SYSCALLS = {"fsync": "fsync,fdatasync", "write": "pwrite64,write"}
STRIDES = {"fsync": 1, "write": 1 if EVERY else 7}


pytestmark = pytest.mark.skipif(not may_trace(), reason="needs strace, and root to attach it")


class Sweep:
    """One vault that is killed again and again, and finds itself again each time."""

    def __init__(self, folder, certificates, stubs):
        self.folder = folder
        self.process = VaultProcess(folder, certificates)
        self.calls = VaultCalls(self.process, stubs)
        make_master_key(self.process.key_file)
        self.process.start()
        self.calls.put("shop-db", b"p")
        self.calls.put("snow", kind="KEY_PAIR")
        self.calls.prove(1)
        self.kills = 0

    def points(self, step, ready, check):
        """Kills during `step` at every point that it has; `ready` sets each up, `check` looks at what is left."""
        found = {}
        for name, syscalls in SYSCALLS.items():
            number = 1
            while True:
                ready()
                # A step in the process's first turn may meet other writes than a later one.
                self.calls.get("snow")
                killed = False
                with injecting(self.process.pid, syscalls, "signal=SIGKILL", number, self.folder):
                    try:
                        step()
                    except grpc.RpcError as error:
                        killed = error.code() in [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED]
                        assert killed, error
                if not killed and self.process.process.poll() is None:
                    check(done=True)
                    break
                # The answer may have left before the call that was the last.
                assert self.process.kill() == -signal.SIGKILL
                self.kills += 1
                self.process.start()
                check(done=not killed)
                number += STRIDES[name]
                assert number < 500
            found[name] = number - 1
        return found

    def works(self):
        """Every key that can sign does, for the public key that was shown; all is sound."""
        shown = {key.version: key for key in self.calls.get("snow").keys}
        token = self.calls.sign()
        versions = [token.version, *token.other_versions]
        for version in versions:
            jwt.decode(self.calls.sign(version=version).token, shown[version].public_key, algorithms=["RS256"])
        assert self.calls.release("shop-db").secret == b"p"
        assert self.calls.problems() == []
        return versions


@pytest.fixture
def sweep(tmp_path, tmp_path_factory, stubs):
    sweep = Sweep(tmp_path, make_certificates(tmp_path_factory.mktemp("certificates")), stubs)
    yield sweep
    sweep.process.stop()


def states(calls):
    return {key.version: calls.v.KeyState.Name(key.state).removeprefix("KEY_STATE_").lower()
            for key in calls.get("snow").keys}


def test_a_rotation(sweep, capsys):
    calls = sweep.calls

    def settle():
        """One active key and no next one."""
        for version, state in states(calls).items():
            if state in ["pending", "published", "proven", "retiring"]:
                calls.vault().DestroyKey(calls.v.DestroyKeyRequest(workspace="default", name="snow", version=version))

    def next_version():
        return max(version for version, state in states(calls).items() if state in ["published", "proven"])

    active = [version for version, state in states(calls).items() if state == "active"]
    assert active == [1]

    def rotated(done):
        assert sweep.works()[0] == 1
        # Half way it is pending: made, and shown to nobody.
        left = [state for state in states(calls).values() if state not in ["active", "destroyed"]]
        assert left in ([["published"]] if done else [[], ["pending"], ["published"]])
        calls.rotate()
        assert len(sweep.works()) == 2

    found = {"rotate": sweep.points(calls.rotate, settle, rotated)}

    def published():
        settle()
        calls.rotate()

    def proven(done):
        sweep.works()
        version = next_version()
        assert states(calls)[version] in (["proven"] if done else ["published", "proven"])

    found["prove"] = sweep.points(lambda: calls.prove(next_version()), published, proven)

    def ready():
        published()
        calls.prove(next_version())

    def promoted(done):
        versions = sweep.works()
        now = states(calls)
        signing = [version for version, state in now.items() if state == "active"]
        assert signing == [versions[0]]
        # Old and new: both sign, whichever is in force.
        assert len(versions) == 2 and {now[versions[1]]} <= {"proven", "retiring"}
        if done:
            assert now[versions[1]] == "retiring"

    found["promote"] = sweep.points(calls.promote, ready, promoted)
    with capsys.disabled():
        print(f"\n  {sweep.kills} kills: {found}", end="", flush=True)
    assert all(counts["fsync"] >= 1 and counts["write"] >= 1 for counts in found.values())


def test_a_change_of_the_master_key(sweep, capsys):
    calls, process, operations = sweep.calls, sweep.process, lambda: sweep.calls.operations
    key_file = process.key_file
    new = {}

    def slots():
        return len(calls.status().slots)

    def one_slot():
        if slots() == 2:
            # The old key is installed still: first the new one, then the end of the change.
            install(new["text"])
            operations().FinishMasterKey(calls.v.FinishMasterKeyRequest(), timeout=60)
        assert slots() == 1
        new["bytes"] = os.urandom(32)
        new["text"] = new["bytes"].hex() + "\n"

    def install(text):
        key_file.write_text(text)

    def add():
        operations().AddMasterKey(calls.v.AddMasterKeyRequest(key=new["bytes"]), timeout=60)

    def added(done):
        sweep.works()
        assert slots() in ([2] if done else [1, 2])
        if slots() == 1:
            add()
        # Either key opens it now.
        old = key_file.read_text()
        process.stop()
        install(new["text"])
        process.start()
        sweep.works()
        process.stop()
        install(old)
        process.start()

    found = {"add": sweep.points(add, one_slot, added)}

    def two_slots():
        one_slot()
        add()
        install(new["text"])

    def finish():
        operations().FinishMasterKey(calls.v.FinishMasterKeyRequest(), timeout=60)

    def finished(done):
        sweep.works()
        assert slots() in ([1] if done else [1, 2])

    found["finish"] = sweep.points(finish, two_slots, finished)
    with capsys.disabled():
        print(f"\n  {sweep.kills} kills: {found}", end="", flush=True)
    assert all(counts["fsync"] >= 1 and counts["write"] >= 1 for counts in found.values())


def test_a_change_of_the_root_key(sweep, capsys):
    calls = sweep.calls
    before = {}

    def ready():
        before["root"] = calls.status().root_id

    def rotate():
        calls.operations.RotateRootKey(calls.v.RotateRootKeyRequest(), timeout=60)

    def rotated(done):
        sweep.works()
        root = calls.status().root_id
        assert root in ([before["root"] + 1] if done else [before["root"], before["root"] + 1])

    found = sweep.points(rotate, ready, rotated)
    with capsys.disabled():
        print(f"\n  {sweep.kills} kills: {found}", end="", flush=True)
    assert found["fsync"] >= 1 and found["write"] >= 1
