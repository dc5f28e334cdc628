"""A small sync whose writer and orchestrator are killed or starved: its table, its runs, and what must hold."""

import collections
import sqlite3
import time

import grpc
from support.process import ServiceProcess, free_port, make_certificates

WORKSPACE, SYNC = "default", "clicks"
SECOND = 1_000_000_000
# 2024-01-01T00:00:00Z.
START = 1_704_067_200 * SECOND
# A row that is rejected for what it is, and so large that two of them end a batch.
FILLER = "x" * 900_000


class SmallSync:
    """A table in a SQLite file, an orchestrator that reads it, and a writer. The vault is not needed."""

    def __init__(self, folder, stubs, fillers=4, writer_data=None, orchestrator_data=None):
        self.folder = folder
        self.stubs = stubs
        self.fillers = fillers
        certificates = make_certificates(folder / "certificates")
        self.writer = ServiceProcess("writer", folder / "writer", certificates, writer_data, free_port())
        self.orchestrator = ServiceProcess(
            "orchestrator", folder / "orchestrator", certificates, orchestrator_data, free_port(),
            VAULT=f"127.0.0.1:{free_port()}", WRITER=f"127.0.0.1:{self.writer.port}")
        self.table = folder / "table.db"
        self.round = 0
        # How often each event is in the table, and how many rows of it must be rejected.
        self.expected = collections.Counter()
        self.bad_rows = 0
        # The writer's epoch, next batch and position, as they were last seen.
        self.progress = (0, 0, 0)
        # Each batch's id and what it says was applied and rejected; the writer keeps the newest only.
        self.receipts = {}
        # Runs whose success was told.
        self.told = {}

    def __enter__(self):
        try:
            return self.set_up()
        except BaseException:
            self.__exit__()
            raise

    def set_up(self):
        self.writer.start()
        self.orchestrator.start()
        with sqlite3.connect(self.table) as table:
            table.execute("CREATE TABLE clicks (UPDATED_AT INTEGER, EXTERNAL_ID TEXT, PAYLOAD TEXT)")
        table.close()
        o = self.stubs.orchestrator
        self.calls.PutSource(o.PutSourceRequest(source=o.Source(
            name="shop", type="sqlite", settings={"file": str(self.table), "timestamps": "unix_ns"})))
        self.calls.PutSync(o.PutSyncRequest(sync=o.Sync(
            name=SYNC, source="shop", table="clicks", data=o.DATA_TYPE_EVENTS, schedule="manual",
            destination="profiles", contacts=["ops@example.com"], options=o.SyncOptions(overlap_ns=SECOND))))
        assert list(self.calls.TestSync(o.TestSyncRequest(name=SYNC)))[-1].report.ok
        self.calls.ActivateSync(o.ActivateSyncRequest(name=SYNC))
        self.add_rows()
        self.run_until_done()
        self.check()
        return self

    def __exit__(self, *_):
        try:
            self.orchestrator.stop()
        finally:
            self.writer.stop()

    @property
    def calls(self):
        return self.stubs.orchestrator_grpc.OrchestratorStub(self.orchestrator.channel("operator"))

    def add_rows(self):
        """New events: some at one stamp, some twice, and in several batches, as fillers end them."""
        self.round += 1
        rows = []
        stamp = START + self.round * 3 * SECOND
        for part in range(self.fillers // 2 + 1):
            names = [f"{self.round}.{part}.{number}" for number in range(3)]
            for name in [*names, names[0]]:
                rows.append((stamp, f"user-{part}", '{"name":"%s"}' % name))
                self.expected[name] += 1
            if part < self.fillers // 2:
                rows += [(stamp, "filler", f"{self.round}.{part}.{number}{FILLER}") for number in range(2)]
                self.bad_rows += 2
            # The last two parts share a stamp, and a batch's edge lies between them.
            stamp += SECOND if part < self.fillers // 2 - 1 else 0
        with sqlite3.connect(self.table) as table:
            table.executemany("INSERT INTO clicks VALUES (?, ?, ?)", rows)
        table.close()

    # Runs

    def start_run(self):
        o = self.stubs.orchestrator
        return self.calls.RunSync(o.RunSyncRequest(name=SYNC), timeout=60)

    def run(self):
        """One run to its end; answers it. Throws when the orchestrator goes away."""
        o = self.stubs.orchestrator
        run = self.start_run()
        # Told to be recorded: whatever happens now, it must be there.
        self.told[run.run_id] = None
        return self.watch(run.run_id)

    def watch(self, run_id, timeout=120):
        """A run's end, as it is told."""
        o = self.stubs.orchestrator
        for run in self.calls.WatchRun(o.WatchRunRequest(run_id=run_id), timeout=timeout):
            pass
        self.told[run_id] = o.RunStatus.Name(run.status)
        return run

    def settle(self, patience=30):
        """Returns when no run goes on any more."""
        deadline = time.monotonic() + patience
        while any(run.status == self.stubs.orchestrator.RUN_STATUS_RUNNING for run in self.runs()):
            assert time.monotonic() < deadline, self.runs()
            time.sleep(0.05)

    def is_whole(self, run):
        """Whether a run has done all of its work; then its numbers must prove it."""
        o = self.stubs.orchestrator
        if run.status not in [o.RUN_STATUS_SUCCESS, o.RUN_STATUS_PARTIAL]:
            assert run.error_code, run
            return False
        total = sum(getattr(run, name) for name in [
            "applied", "unchanged", "already_applied", "superseded", "skipped", "rejected"])
        assert run.rows_read == total, run
        return True

    def run_until_done(self, tries=1):
        for _ in range(tries):
            run = self.run()
            if self.is_whole(run):
                return run
        raise AssertionError(f"{tries} runs did not do it: {run}")

    def runs(self):
        o = self.stubs.orchestrator
        return list(self.calls.ListRuns(o.ListRunsRequest(limit=1000), timeout=60))

    # What must hold

    def stored(self, query):
        """Rows of the writer's store; the process that serves it must be there."""
        store = sqlite3.connect(f"file:{self.writer.data}/profiles.db?mode=ro", uri=True, timeout=30)
        try:
            return store.execute(query).fetchall()
        finally:
            store.close()

    def check_progress(self):
        """I4: position, batch number and epoch never fall. I2: what is there is there once at most."""
        [seen] = self.stored("SELECT epoch, next_batch, coalesce(position, 0) FROM syncs WHERE id = 1")
        assert all(new >= old for new, old in zip(seen, self.progress)), (seen, self.progress)
        self.progress = seen
        for number, *receipt in self.stored(
                "SELECT number, batch_id, applied, rejected FROM receipts WHERE sync = 1"):
            assert self.receipts.setdefault(number, receipt) == receipt, number
        events = self.events()
        too_many = {name: count for name, count in events.items() if count > self.expected[name]}
        assert not too_many, too_many
        # I3: everything before the position is there.
        missing = self.expected - events
        stamps = {name: self.stamp_of(name) for name in missing}
        early = {name: stamp for name, stamp in stamps.items() if stamp < self.progress[2]}
        assert not early, (early, self.progress)

    def events(self):
        """How often each event of the sync is there; a batch that a test sends itself has others."""
        found = self.stored("SELECT name, count(*) FROM events GROUP BY name")
        return collections.Counter({name.decode(): count for name, count in found if b"." in name})

    def stamp_of(self, name):
        table = sqlite3.connect(self.table)
        try:
            return table.execute(
                "SELECT min(UPDATED_AT) FROM clicks WHERE PAYLOAD = ?", ('{"name":"%s"}' % name,)).fetchone()[0]
        finally:
            table.close()

    def check(self):
        """I1, I2: each row's effect is there, exactly once. I8: counts, receipts and row log agree."""
        self.check_progress()
        events = self.events()
        assert events == self.expected, (self.expected - events, events - self.expected)
        applied, rejected = (sum(receipt[place] for receipt in self.receipts.values()) for place in [1, 2])
        assert applied == sum(self.expected.values())
        assert rejected == self.bad_rows
        assert self.stored("SELECT count(*) FROM rejected_rows") == [(rejected,)]
        assert self.stored("SELECT events FROM workspaces WHERE id = 1") == [(applied,)]
        assert sorted(self.receipts) == list(range(1, self.progress[1]))
        o = self.stubs.orchestrator
        runs = self.runs()
        assert all(run.status != o.RUN_STATUS_RUNNING for run in runs), runs
        # I7: what was told stays true.
        recorded = {run.run_id: o.RunStatus.Name(run.status) for run in runs}
        for run_id, status in self.told.items():
            assert run_id in recorded and status in [None, recorded[run_id]], (run_id, status, recorded.get(run_id))
        self.told = {}
        cursor = self.calls.GetCursor(o.GetCursorRequest(sync=SYNC), timeout=60)
        assert cursor.position == self.progress[2]


def is_gone(error):
    return error.code() in [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED]
