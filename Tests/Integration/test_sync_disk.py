"""A sync whose disk fails or is full says so, claims nothing that is not so, and is whole when there is room again.

strace has the N-th write to a file, or the N-th fsync, fail: once, and from then on. For every N that there is with
SLUICE_KILL_POINTS=all, for some unless told otherwise. And a real file system of a few MiB that is full.
"""

import contextlib
import os
import signal
import time

import grpc
import pytest
from support.faults import fill, injecting, may_trace, small_disk
from support.small_sync import SmallSync

EVERY = os.environ.get("SLUICE_KILL_POINTS") == "all"
SYSCALLS = {"pwrite64": "pwrite64", "fsync": "fsync,fdatasync"}
# First point and distance to the next.
SOME = {"pwrite64": (4, 61), "fsync": (2, 17)}
# What the writer and the orchestrator say of a disk that is full, and of one that fails; for SQLite, an fsync
# that finds no room has failed.
REASONS = {"EIO": {"storage_failed", "database_failed"}}
REASONS["ENOSPC"] = {"disk_full", *REASONS["EIO"]}

traced = pytest.mark.skipif(not may_trace(), reason="needs strace, and root to attach it")


@pytest.fixture
def sync(tmp_path, stubs):
    with SmallSync(tmp_path, stubs) as sync:
        yield sync


def reason_of(error):
    """The code that a refused call carries besides its status."""
    return dict(error.trailing_metadata()).get("sluice-reason", error.details())


def points(kind):
    """The points of a kind of call, until `found` says that there is none left."""
    number, stride = (1, 1) if EVERY else SOME[kind]
    while True:
        yield number
        number += stride
        assert number < 1000


def see_it_through(sync):
    """The fault is gone: one run brings what is left, and all is as if nothing had been."""
    assert sync.writer.process.poll() is None and sync.orchestrator.process.poll() is None
    sync.check_progress()
    sync.run_until_done()
    sync.check()


@traced
@pytest.mark.parametrize("error", REASONS)
def test_a_write_that_fails_once(sync, capsys, error):
    """At the writer it is tried again at once; at the orchestrator too, or the call is refused."""
    began, hits, ended = time.monotonic(), 0, 0
    for victim in [sync.writer, sync.orchestrator]:
        for kind, syscalls in SYSCALLS.items():
            for number in points(kind):
                sync.add_rows()
                with injecting(victim.pid, syscalls, f"error={error}", number, sync.folder) as injection:
                    try:
                        run = sync.run()
                    except grpc.RpcError as refusal:
                        assert reason_of(refusal) in REASONS[error], refusal
                        run = None
                if not injection.happened:
                    break
                hits += 1
                if run is not None and sync.is_whole(run):
                    # No false success: what it says is done is done.
                    sync.check()
                else:
                    ended += 1
                    assert run is None or run.error_code in REASONS[error], run
                see_it_through(sync)
    with capsys.disabled():
        print(f"\n  {error} once: {hits} points in {time.monotonic() - began:.0f} s, "
              f"{ended} runs refused or failed", end="", flush=True)
    assert hits >= 4


class DirectRun:
    """A run's batches straight to the writer, where every answer is seen."""

    def __init__(self, sync, number):
        self.w = sync.stubs.writer
        self.stub = sync.stubs.writer_grpc.WriterStub(sync.writer.channel("orchestrator"))
        self.number = number
        self.acknowledged = 0

    def open(self):
        return self.stub.OpenSync(self.w.OpenSyncRequest(
            workspace="direct", sync="direct", epoch=self.number, run_id=f"run-{self.number}", destination="profiles",
            data=self.w.DATA_TYPE_EVENTS), timeout=60).next_batch_number

    def apply(self, batch):
        return self.stub.ApplyBatch(self.w.ApplyBatchRequest(
            workspace="direct", sync="direct", epoch=self.number, batch_number=batch, batch_id=f"batch-{batch}",
            run_id=f"run-{self.number}", position_limit=1 << 62, rows=[
                self.w.Row(updated_at=batch, external_id=b"user", payload=b'{"name":"%d"}' % batch) for _ in range(2)]),
            timeout=60)

    def events(self):
        return self.stub.CountProfiles(self.w.CountProfilesRequest(workspace="direct"), timeout=60).events


@traced
@pytest.mark.parametrize("error", REASONS)
def test_a_writer_whose_disk_stays_bad_refuses_and_forgets_nothing(sync, capsys, error):
    began, hits, number, batches = time.monotonic(), 0, 0, 0
    for kind, syscalls in SYSCALLS.items():
        for point in points(kind):
            number += 1
            run = DirectRun(sync, number)
            before = run.events() if batches else 0
            acknowledged, refused = [], None
            with injecting(sync.writer.pid, syscalls, f"error={error}", f"{point}+", sync.folder) as injection:
                try:
                    first = run.open()
                    for batch in range(first, first + 2):
                        acknowledged.append(run.apply(batch))
                except grpc.RpcError as refusal:
                    refused = refusal
                    assert reason_of(refusal) in REASONS[error], refusal
                if refused:
                    # What needs no room is answered still, and is right.
                    assert run.events() == before + sum(receipt.applied for receipt in acknowledged)
            if not injection.happened:
                batches += 2
                break
            hits += 1
            assert refused, "an error that nobody was told"
            assert run.open() == batches + 1
            for batch in range(batches + 1, batches + 3):
                receipt = run.apply(batch)
                assert receipt.applied == 2
                if batch - batches <= len(acknowledged):
                    assert receipt == acknowledged[batch - batches - 1]
            batches += 2
            assert run.events() == 2 * batches
    with capsys.disabled():
        print(f"\n  {error} for good, the writer: {hits} points in {time.monotonic() - began:.0f} s", end="", flush=True)
    assert hits >= 2
    see_it_through(sync)


@traced
@pytest.mark.parametrize("error", REASONS)
def test_an_orchestrator_whose_disk_stays_bad_starts_no_run(sync, capsys, error):
    began, hits = time.monotonic(), 0
    for kind, syscalls in SYSCALLS.items():
        for point in points(kind):
            sync.add_rows()
            with injecting(sync.orchestrator.pid, syscalls, f"error={error}", f"{point}+", sync.folder) as injection:
                watch = None
                try:
                    run_id = sync.start_run().run_id
                    watch = sync.watch(run_id, timeout=2)
                except grpc.RpcError as refusal:
                    assert (reason_of(refusal) in REASONS[error]
                            or refusal.code() == grpc.StatusCode.DEADLINE_EXCEEDED), refusal
            # Its end was told, so it must be there; or the end is recorded as soon as that can be done.
            if watch is None:
                sync.settle()
            if not injection.happened:
                break
            hits += 1
            see_it_through(sync)
    with capsys.disabled():
        print(f"\n  {error} for good, the orchestrator: {hits} points in {time.monotonic() - began:.0f} s",
              end="", flush=True)
    assert hits >= 2


def test_a_writer_without_room(tmp_path, stubs):
    with small_disk(tmp_path / "disk") as disk, SmallSync(tmp_path, stubs, writer_data=disk / "data") as sync:
        ballast = fill(disk)
        # What room there is in the last pages of the write-ahead log is used up first.
        direct = DirectRun(sync, 1)
        with pytest.raises(grpc.RpcError) as caught:
            direct.open()
            for batch in range(1, 2000):
                direct.apply(batch)
                direct.acknowledged += 1
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "disk is full" in caught.value.details()
        events = direct.events() if direct.acknowledged else 0
        assert events == 2 * direct.acknowledged

        # A run waits for room, and says meanwhile that it has not done anything.
        sync.add_rows()
        run_id = sync.start_run().run_id
        time.sleep(2)
        [run] = [run for run in sync.runs() if run.run_id == run_id]
        assert run.status == stubs.orchestrator.RUN_STATUS_RUNNING and run.applied == 0
        sync.check_progress()
        ballast.unlink()
        assert sync.is_whole(sync.watch(run_id))
        sync.check_progress()
        assert direct.events() == events


def test_a_writer_that_stays_without_room_fails_the_run(tmp_path, stubs):
    if not EVERY:
        pytest.skip("takes half a minute: SLUICE_KILL_POINTS=all")
    with small_disk(tmp_path / "disk") as disk, SmallSync(tmp_path, stubs, writer_data=disk / "data") as sync:
        ballast = fill(disk)
        for _ in range(3):
            sync.add_rows()
            run = sync.run()
            if not sync.is_whole(run):
                break
        assert run.error_code == "disk_full" and "disk is full" in run.error_message, run
        sync.check_progress()
        ballast.unlink()
        see_it_through(sync)


def test_an_orchestrator_without_room_keeps_its_runs_honest(tmp_path, stubs):
    """What a run has done is told when it is in the history, and the history is right once there is room."""
    o = stubs.orchestrator
    with small_disk(tmp_path / "disk") as disk, SmallSync(tmp_path, stubs, orchestrator_data=disk / "data") as sync:
        sync.add_rows()
        # The run begins while there is room, and ends when there is none.
        os.kill(sync.writer.pid, signal.SIGSTOP)
        try:
            run_id = sync.start_run().run_id
            time.sleep(1)
            ballast = fill(disk)
            use_up(sync)
        finally:
            os.kill(sync.writer.pid, signal.SIGCONT)
        # Longer than the orchestrator is patient at once.
        with contextlib.suppress(grpc.RpcError):
            sync.watch(run_id, timeout=6)
        sync.check_progress()
        refusal = refused(lambda: sync.start_run())
        assert reason_of(refusal) in ["disk_full", "already_running"], refusal
        ballast.unlink()
        sync.settle()
        [run] = [run for run in sync.runs() if run.run_id == run_id]
        assert sync.is_whole(run), run
        sync.check()
        see_it_through(sync)


def test_a_log_without_room_stops_nobody(tmp_path, stubs):
    with small_disk(tmp_path / "disk") as disk:
        sync = SmallSync(tmp_path, stubs)
        for service in [sync.writer, sync.orchestrator]:
            service.log = disk / f"{service.name}.log"
        with sync:
            fill(disk)
            logs = [sync.writer.log, sync.orchestrator.log]
            for log in logs:
                # The rest of the last page, too.
                with open(log, "ab") as stream:
                    stream.write(b"x" * (-log.stat().st_size % 4096))
            before = [log.stat().st_size for log in logs]
            sync.add_rows()
            see_it_through(sync)
            assert [log.stat().st_size for log in logs] == before


def use_up(sync):
    """Fills what room the orchestrator's files still have in themselves."""
    o = sync.stubs.orchestrator
    for number in range(2000):
        try:
            sync.calls.PutSource(o.PutSourceRequest(source=o.Source(
                name=f"source-{number}", type="sqlite", settings={"file": "/" + "x" * 900})), timeout=60)
        except grpc.RpcError as refusal:
            assert reason_of(refusal) == "disk_full", refusal
            return
    raise AssertionError("the disk is not full")


def refused(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value
