"""The nine trials of correctness of a sync, C1 to C9, with a real PostgreSQL: what was expected and seen.

Two are cited, because tests of their own have them: C4 (kill -9 in the middle) is test_kill.py, and C7 (a
payload of 1 MB and a byte, NUL, broken JSON, no id) test_bad_input.py. In C6 the destination is the writer,
which says UNAVAILABLE, as gRPC does for 429 and 503, behind something that also loses its receipts.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest
import yaml
from support import crash, events
from support.flaky_writer import FlakyWriter
from support.house import OK, REJECTED, Client, House
from support.postgres import PrivateCluster

TIE = 25_000
TIED_PROFILES = 1000
STAMP = "timestamptz '2024-03-01 12:00:00Z'"
# Each: trial, what was done, what is expected, what was seen.
TABLE = [
    ("C4", "kill -9 of writer and orchestrator", "lost 0, doubled 0", "test_kill.py"),
    ("C7", "1 MB + 1 byte, NUL, broken, no id", "one row rejected each", "test_bad_input.py"),
]


@pytest.fixture(scope="module", autouse=True)
def table(request):
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n\n" + "\n".join("  {:3} {:40} {:47} {}".format(*row) for row in sorted(TABLE)))


class Tied:
    """A table in which, at first, all rows have one stamp, and its sync."""

    def __init__(self, house, postgres):
        self.house, self.postgres = house, postgres
        self.rows = TIE
        events.make_table(postgres, TIE, TIED_PROFILES)
        postgres.execute(f'UPDATE clicks SET "UPDATED_AT" = {STAMP}')
        events.configure(house, postgres)

    def insertion(self, at, payload=None):
        """The statement that adds the next event; with `payload`, a row that is none."""
        number = self.rows
        if payload is None:
            self.rows += 1
            payload = f'{{"name": "clicked", "properties": {{"number": {number}}}}}'
        return f"INSERT INTO clicks VALUES ({at}, 'user-{number * 48271 % TIED_PROFILES}', '{payload}');"

    def add(self, at):
        self.postgres.execute(self.insertion(at))

    def sync(self, applied, expect=OK):
        run = self.house.run_sync(events.SYNC, expect=expect)
        assert int(run["applied"]) == applied, run
        return run

    def prove(self):
        events.prove(self.house, self.rows, TIED_PROFILES)


@pytest.fixture(scope="module")
def tied(dev, postgres):
    return Tied(dev, postgres)


@pytest.fixture
def place(tmp_path):
    with PrivateCluster() as postgres, House(tmp_path) as house:
        yield house, postgres


def test_c1_c2_c3_c9_c5_ties_late_rows_the_year_2099_and_rows_that_are_rejected(tied):
    first = tied.sync(TIE)
    tied.prove()
    again = tied.sync(0)
    assert first["status"] == again["status"] == "success"
    TABLE.append(("C1", f"{TIE:,} rows with one stamp", "all once; a second run applies none",
                  f"{first['applied']} applied, then {again['applied']}"))

    tied.add(STAMP)
    run = tied.sync(1)
    tied.prove()
    TABLE.append(("C2", "a row at the boundary's very stamp", "it alone is applied", f"{run['applied']} applied"))

    # It begins before the run and commits after it, with an older stamp than the run has seen.
    late = session(tied.postgres)
    late.stdin.write("BEGIN;" + tied.insertion(f"{STAMP} + interval '5 seconds'") + "\n\\echo written\n")
    late.stdin.flush()
    assert late.stdout.readline().strip() == "written"
    tied.add(f"{STAMP} + interval '60 seconds'")
    newer = tied.sync(1)
    late.communicate("COMMIT;\n")
    assert late.returncode == 0
    caught = tied.sync(1)
    tied.prove()
    assert caught["cursor"] == newer["cursor"]
    TABLE.append(("C3", "an older row, committed after the run", "the next run applies it",
                  f"{newer['applied']}, then {caught['applied']} applied"))

    tied.add("timestamptz '2099-01-01 00:00:00Z'")
    future = tied.sync(1)
    assert any("later than the warehouse's own clock" in warning for warning in future["warnings"])
    assert not future["cursor"].startswith("2099")
    tied.add("now()")
    after = tied.sync(1)
    tied.prove()
    assert not after["cursor"].startswith("2099")
    TABLE.append(("C9", "a row stamped 2099, then one of now", "applied, warned of; cursor stays before",
                  f"{future['applied']}, then {after['applied']} applied; cursor {after['cursor'][:10]}"))

    good, bad = 990, 10
    tied.postgres.execute(
        "".join(tied.insertion("now()") for _ in range(good))
        + "".join(tied.insertion("now()", "[1]") for _ in range(bad)))
    run = tied.sync(good, expect=REJECTED)
    tied.prove()
    assert (run["status"], int(run["rejected"])) == ("partial", bad)
    listed = tied.house.cli("run", "rows", run["run_id"], "-o", "jsonl").splitlines()
    assert len(listed) == bad
    TABLE.append(("C5", "1 % of 1,000 rows is refused", "partial, each of them listed, the others applied",
                  f"{run['status']}: {run['applied']} applied, {len(listed)} listed"))


def session(postgres):
    """psql on a pipe, for a transaction that stays open."""
    return subprocess.Popen(
        ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host", postgres.folder, "--port",
         str(postgres.port), "--username", postgres.user, "--dbname", "postgres"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_c6_a_destination_that_stalls_for_60_s(place):
    house, postgres = place
    rows, profiles = 60_000, 1000
    events.make_table(postgres, rows, profiles)
    events.configure(house, postgres)
    run = crash.CrashRun(house, rows)
    run.start()
    run.wait_for(lambda run: int(run["applied"]) >= rows // 20)
    writer = house.pid("writer")
    os.kill(writer, signal.SIGSTOP)
    try:
        time.sleep(60)
        standing = run.latest()
        assert standing["status"] == "running", standing
    finally:
        os.kill(writer, signal.SIGCONT)
    last = run.wait_for(lambda run: False)
    assert (last["status"], int(last["applied"])) == ("success", rows), last
    events.prove(house, rows, profiles)
    TABLE.append(("C6", f"a stall of 60 s after {int(standing['applied']):,} rows", "the run waits: lost 0, doubled 0",
                  f"{last['status']}: {last['applied']} applied once"))


@contextlib.contextmanager
def orchestrator_before(house, writer, folder):
    """A second orchestrator of the house, with nothing in it, that takes `writer` for the writer."""
    with open(f"/proc/{house.pid('orchestrator')}/environ") as file:
        environment = dict(pair.split("=", 1) for pair in file.read().split("\0") if pair)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment |= {"SLUICE_LISTEN": address, "SLUICE_DATA": str(folder / "data"), "SLUICE_WRITER": writer}
    client = Client(folder)
    shutil.copytree(house.folder / "config", folder / "config")
    contexts = folder / "config/sluice/contexts.yaml"
    known = yaml.safe_load(contexts.read_text())
    known["contexts"][known["current"]]["orchestrator"] = address
    contexts.write_text(yaml.safe_dump(known))
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [client.binaries / "sluice-orchestrator"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while client.run("health").returncode != OK:
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield client
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_c6_a_destination_that_fails_in_bursts_and_loses_receipts(place, tmp_path):
    house, postgres = place
    rows, profiles = 60_000, 1000
    events.make_table(postgres, rows, profiles)
    contexts = yaml.safe_load((house.folder / "config/sluice/contexts.yaml").read_text())
    context = contexts["contexts"][contexts["current"]]
    certificates = pathlib.Path(context["authority"]).parent
    (tmp_path / "second").mkdir()
    with FlakyWriter(context["writer"], certificates, every=2, burst=4) as flaky, \
            orchestrator_before(house, flaky.address, tmp_path / "second") as client:
        events.configure(client, postgres)
        run = client.run_sync(events.SYNC)
        assert (run["status"], int(run["applied"])) == ("success", rows), run
        assert flaky.lost >= 3 and flaky.refused >= 12, (flaky.lost, flaky.refused)
        events.prove(client, rows, profiles)
    TABLE.append(("C6", f"{flaky.lost} receipts lost, {flaky.refused} calls refused", "lost 0, doubled 0",
                  f"{run['status']}: {run['applied']} applied once"))


def test_c8_a_stop_and_a_cancel_in_the_middle_then_a_run(place):
    house, postgres = place
    rows, profiles = 150_000, 1000
    events.make_table(postgres, rows, profiles)
    events.configure(house, postgres)
    run = crash.CrashRun(house, rows)
    run.start()
    run.wait_for(lambda run: int(run["applied"]) >= rows // 20)
    orchestrator = house.pid("orchestrator")
    os.kill(orchestrator, signal.SIGTERM)
    while house.pid("orchestrator") in (None, orchestrator):
        time.sleep(0.05)
    house.wait_until_healthy()
    stopped = run.latest()
    assert (stopped["status"], stopped["error_code"]) == ("cancelled", "interrupted"), stopped

    run.start()
    middle = run.wait_for(lambda run: int(run["applied"]) >= rows // 20)
    assert middle["status"] == "running", middle
    house.cli("run", "cancel", middle["run_id"], "--timeout", "10s")
    cancelled = run.latest()
    assert (cancelled["run_id"], cancelled["status"]) == (middle["run_id"], "cancelled"), cancelled

    last = house.run_sync(events.SYNC)
    applied = [int(each["applied"]) for each in [stopped, cancelled, last]]
    events.prove(house, rows, profiles)
    assert last["status"] == "success" and all(applied), applied
    TABLE.append(("C8", "SIGTERM, run, cancel, run", f"lost 0, doubled 0 of {rows:,}",
                  " + ".join(map(str, applied)) + f" = {sum(applied)} applied"))
