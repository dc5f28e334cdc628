"""Rejected rows: kept whole and sealed, counted, exported, and applied once by a retry, when what they were rejected for
is changed.

Limits are settings of the writer, so a house that starts again with another limit cures its rows.
"""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time

import grpc
import pytest
from conftest import Clients
from support.house import FAILURE, NOT_FOUND, REJECTED, House

ROWS = int(os.environ.get("SLUICE_RETRY_ROWS", "20000"))
CANARY = "canary-9f2b7c-in-a-payload"


class Shop:
    """A house with a SQLite table for each sync."""

    def __init__(self, folder, **limits):
        self.house = House(folder, settings=limits)
        self.table = folder / "shop.db"

    def restart(self, **limits):
        self.house.stop()
        self.house.settings = limits
        self.house.start()

    def write(self, sync, rows):
        with sqlite3.connect(self.table) as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {sync} (UPDATED_AT TEXT, EXTERNAL_ID TEXT, PAYLOAD TEXT)")
            database.executemany(f"INSERT INTO {sync} VALUES (?, ?, ?)", [
                (stamp, user, payload if isinstance(payload, str) else json.dumps(payload))
                for stamp, user, payload in rows])
        database.close()

    def configure(self, sync, data):
        self.house.apply(f"""
kind: Source
name: {sync}
type: sqlite
settings: {{ file: {self.table} }}
---
kind: Sync
name: {sync}
source: {sync}
table: {sync}
data: {data}
schedule: manual
contacts: [ops@example.com]
""")
        self.house.cli("sync", "test", sync)
        self.house.cli("sync", "activate", sync)

    def profile(self, user, *arguments):
        return json.loads(self.house.cli("profile", "show", "--external-id", user, *arguments, "-o", "json"))

    def counts(self):
        return {name: int(value) for name, value in self.house.json("profile", "count").items() if name != "revenue"}

    def writer_files(self):
        """All that the writer has on disk: its store, the write-ahead log, its own log."""
        folder = self.house.data / "writer"
        return b"".join(path.read_bytes() for path in [*folder.rglob("*"), self.house.data / "log/writer.log"]
                        if path.is_file())


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path, SLUICE_LIMIT_KEYS="3", SLUICE_LIMIT_STRING_LENGTH="20")
    with shop.house:
        yield shop


def stamp(second):
    return f"2024-05-28 10:{second // 60:02}:{second % 60:02}"


def test_rows_are_kept_counted_exported_and_retried(shop):
    wide = {"a": 1, "b": 2, "c": 3, "note": CANARY[:20]}
    shop.write("people", [
        (stamp(1), "1", wide), (stamp(2), "2", wide), (stamp(3), "3", "[]"), (stamp(4), "4", {"a": 1}),
        (stamp(5), "2", {"a": 99}),
    ])
    shop.configure("people", "attributes")
    run = shop.house.run_sync("people", expect=REJECTED)
    assert (run["status"], int(run["rejected"])) == ("partial", 3)

    rows = shop.house.json("run", "rows", run["run_id"], "--errors")
    assert [(row["identifier"], row["code"], row["retryable"], row["payload"]) for row in rows] == [
        ("external_id=1", "too_many_attributes", True, None), ("external_id=2", "too_many_attributes", True, None),
        ("external_id=3", "payload_not_object", True, None)]
    groups = shop.house.json("run", "rows", run["run_id"], "--group")
    assert [(group["code"], int(group["rows"])) for group in groups] == [
        ("too_many_attributes", 2), ("payload_not_object", 1)]
    exported = [json.loads(line) for line in shop.house.lines(
        "run", "rows", run["run_id"], "--payload", "--code", "too_many_attributes", "-o", "jsonl")]
    assert [json.loads(row["payload"]) for row in exported] == [wide, wide]

    # The payloads are on the disk sealed: as text they are nowhere.
    assert b"too_many_attributes" in shop.writer_files()
    assert CANARY[:20].encode() not in shop.writer_files()

    # Nothing is cured yet.
    assert int(shop.house.json("run", "retry", "people", expect=REJECTED)["rejected"]) == 3

    shop.restart(SLUICE_LIMIT_STRING_LENGTH="20")
    first = shop.house.json("run", "retry", "--run", run["run_id"], "--external-id", "1")
    assert (int(first["applied"]), int(first["rejected"])) == (1, 0)
    assert shop.profile("1")["custom_attributes"] == wide
    rest = shop.house.json("run", "retry", "people", expect=REJECTED)
    assert (int(rest["applied"]), int(rest["rejected"])) == (1, 1)
    # What came after the row stays; the rest of the row is there.
    assert shop.profile("2")["custom_attributes"] == wide | {"a": 99}
    [origin] = json.loads(shop.house.cli("profile", "show", "--external-id", "1", "--explain", "note", "-o", "json"))
    assert (origin["run_id"], origin["updated_at"]) == (run["run_id"], "2024-05-28T10:00:01Z")

    # Once more does nothing, and a run that reads them again knows them.
    assert int(shop.house.json("run", "retry", "people", "--code", "too_many_attributes")["applied"]) == 0
    again = shop.house.run_sync("people")
    assert (int(again["already_applied"]), int(again["applied"])) == (5, 0)
    rows = shop.house.json("run", "rows", run["run_id"])
    assert [(row["outcome"], row["outcome_run_id"]) for row in rows] == [("applied", None), ("applied", None), (None, None)]
    assert [row["identifier"] for row in shop.house.json("run", "rows", run["run_id"], "--errors")] == ["external_id=3"]
    assert shop.counts()["profiles"] == 3

    assert shop.house.run("run", "retry", "nobody").returncode == NOT_FOUND
    assert shop.house.run("run", "retry", "--run", "nobody").returncode == NOT_FOUND


def test_payloads_and_retries_are_for_operators(shop, stubs):
    shop.write("people", [(stamp(1), "1", "[]")])
    shop.configure("people", "attributes")
    shop.house.run_sync("people", expect=REJECTED)
    rows = stubs.writer.ListRejectedRowsRequest(workspace="default", sync="people")
    clients = Clients(shop.house, stubs)
    try:
        assert [row.payload for row in clients.writer().ExportRejectedRows(rows)] == [b"[]"]
        assert [row.HasField("payload") for row in clients.writer("orchestrator").ListRejectedRows(rows)] == [False]
        for role in ["orchestrator", "vault", "writer"]:
            with pytest.raises(grpc.RpcError) as refusal:
                list(clients.writer(role).ExportRejectedRows(rows))
            assert refusal.value.code() == grpc.StatusCode.PERMISSION_DENIED
    finally:
        clients.close()


def test_a_key_that_is_missing_or_another_is_named_and_nothing_else_breaks(shop):
    wide = {"a": 1, "b": 2, "c": 3, "d": 4}
    shop.write("people", [(stamp(1), "1", wide)])
    shop.configure("people", "attributes")
    run = shop.house.run_sync("people", expect=REJECTED)

    # Another key: its rows are its own, the former ones are told.
    key = shop.house.data / "row.key"
    kept = key.read_bytes()
    key.unlink()
    shop.restart(SLUICE_LIMIT_KEYS="3")
    shop.write("people", [(stamp(2), "2", wide), (stamp(3), "3", {"a": 1})])
    assert int(shop.house.run_sync("people", expect=REJECTED)["applied"]) == 1
    shop.restart()
    outcome = shop.house.run("run", "retry", "people")
    assert outcome.returncode == FAILURE
    assert "row_key_wrong" in outcome.stderr and "SLUICE_ROW_KEY_FILE" in outcome.stderr
    assert shop.profile("2")["custom_attributes"] == wide
    assert [row["code"] for row in shop.house.json("run", "rows", run["run_id"])] == ["too_many_attributes"]
    outcome = shop.house.run("run", "rows", run["run_id"], "--payload")
    assert outcome.returncode == FAILURE and "SLUICE_ROW_KEY_FILE" in outcome.stderr

    # The former key is back.
    key.write_bytes(kept)
    shop.restart()
    assert int(shop.house.json("run", "retry", "people")["applied"]) == 1
    assert shop.profile("1")["custom_attributes"] == wide

    # A file that others can read is refused at the start.
    key.chmod(0o644)
    shop.house.stop()
    with pytest.raises(Exception, match="SLUICE_ROW_KEY_FILE"):
        shop.house.start()
    shop.house.process.wait(30)
    key.chmod(0o600)
    shop.house.start()


def test_events_are_applied_once_though_the_writer_is_killed_in_the_middle_of_a_retry(shop):
    """Also beside a run of the same sync, and with equal rows."""
    event = {"name": "seen", "properties": {"p": "longer than twenty characters"}}
    # Each row twice: two equal rows are two events.
    rows = [(stamp(index // 2 % 3000), str(index // 2 % 500), event) for index in range(ROWS)]
    shop.write("seen", rows)
    shop.configure("seen", "events")
    run = shop.house.run_sync("seen", expect=REJECTED)
    assert int(run["rejected"]) == ROWS
    shop.restart()

    shop.write("seen", [(stamp(3100), "late", {"name": "seen"})] * 3)
    beside = []
    thread = threading.Thread(target=lambda: beside.append(shop.house.run("sync", "run", "seen", "--wait", "-o", "json")))
    retry = subprocess.Popen(
        [shop.house.binaries / "sluice", "run", "retry", "seen", "-o", "json"], cwd=shop.house.folder,
        env=shop.house.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    thread.start()
    deadline = time.monotonic() + 120
    while (done := shop.counts()["events"]) < ROWS // 5:
        assert time.monotonic() < deadline and retry.poll() is None, (done, retry.poll())
    os.kill(shop.house.pid("writer"), signal.SIGKILL)
    retry.communicate(timeout=60)
    thread.join(120)
    shop.house.wait_until_healthy()
    between = shop.counts()["events"]
    assert ROWS // 5 <= between < ROWS, between

    last = shop.house.json("run", "retry", "seen")
    assert int(last["rejected"]) == 0
    # The run beside it may have been lost with the writer; the next one goes on.
    shop.house.run_sync("seen")
    assert shop.counts()["events"] == ROWS + 3
    assert int(shop.house.json("run", "retry", "seen")["applied"]) == 0
    assert shop.house.json("run", "rows", run["run_id"], "--errors") == []
    [events] = shop.profile("7")["custom_events"]
    assert int(events["count"]) == sum(user == "7" for _, user, _ in rows)
