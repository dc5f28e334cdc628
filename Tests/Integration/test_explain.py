"""Dry runs and `row explain`, with real processes and a real PostgreSQL: what was expected and what was seen."""

import json
import signal
import sqlite3
import subprocess
import time

import pytest
from support.house import CONFLICT, NOT_FOUND, OK, REJECTED

SYNC = "people"
TABLE = []
ROWS = 25_000
STAMP = "timestamptz '2024-03-01 12:00:00Z'"

CONFIGURATION = """
kind: Credential
name: shop-db
type: password
username: {user}
secretFile: {secret}
---
kind: Source
name: shop
type: postgresql
settings: {{ host: {host}, port: {port}, database: postgres, tls: disable }}
credential: shop-db
---
kind: Sync
name: people
source: shop
table: people
data: attributes
contacts: [ops@example.com]
options: {{ overlap: 10m }}
---
kind: Sync
name: existing
source: shop
table: newcomers
data: attributes
contacts: [ops@example.com]
options: {{ overlap: 10m, updateExistingOnly: true }}
"""


@pytest.fixture(scope="module", autouse=True)
def table(request):
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n\n" + "\n".join("  {:16} {:44} {}".format(*row) for row in TABLE))


@pytest.fixture(scope="module")
def house(dev, postgres):
    postgres.execute(f"""
        CREATE TABLE people ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "EMAIL" text, "PAYLOAD" jsonb);
        INSERT INTO people SELECT {STAMP} + i * interval '1 second', 'user-' || i, NULL,
          CASE WHEN i % 1000 = 0 THEN '[1]'::jsonb ELSE jsonb_build_object('plan', 'free', 'n', i) END
        FROM generate_series(1, {ROWS}) AS i;
        CREATE TABLE newcomers ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "PAYLOAD" text);
        INSERT INTO newcomers VALUES ({STAMP}, 'stranger', '{{"plan": "free"}}');
    """)
    secret = dev.folder / "secret"
    secret.write_text(postgres.password)
    dev.apply(CONFIGURATION.format(
        user=postgres.user, secret=secret, host=postgres.host, port=postgres.port))
    return dev


def state(house):
    """Every row of every table of writer and orchestrator, as SQL; and every profile as it is exported."""
    found = {"profiles": house.cli("profile", "export", "--events")}
    for file in sorted(house.data.rglob("*")):
        if file.is_file() and file.read_bytes()[:15] == b"SQLite format 3" and "vault" not in str(file):
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as store:
                # What the orchestrator last saw of the vault moves with every password that it is lent.
                found[file.name] = "\n".join(
                    line for line in store.iterdump() if not line.startswith('INSERT INTO "vault_'))
    # The store and the orchestrator's.
    assert len(found) >= 3, found.keys()
    return found


def dry_run(house, *options, expect=OK, name=SYNC):
    return house.json("sync", "run", name, "--dry-run", *options, expect=expect)


def counts(run):
    return {key: run[key] for key in [
        "rows_read", "applied", "unchanged", "already_applied", "superseded", "skipped", "rejected"]}


def explain(house, user, sync=SYNC, by="--external-id", expect=OK):
    return house.json("row", "explain", sync, by, user, expect=expect)


def seen(reason, what, answer):
    assert answer["reason"] == reason, answer
    row = answer["rows"][0] if answer["rows"] else answer
    TABLE.append((reason, what, row["message"]))
    return row


def test_1_a_dry_run_of_a_tested_draft_changes_nothing_and_counts_as_the_run_does(house):
    untested = house.run("sync", "run", SYNC, "--dry-run")
    assert untested.returncode == CONFLICT and "not_tested" in untested.stderr
    house.cli("sync", "test", SYNC)
    before = state(house)
    dry = dry_run(house, "--wait", expect=REJECTED)
    assert dry["dry_run"] is True and dry["cursor"] is None
    assert (dry["rows_read"], dry["applied"], dry["rejected"]) == (ROWS, ROWS - 25, 25)
    assert len(dry["differences"]) == 10
    first = dry["differences"][0]
    assert (first["identifier"], first["outcome"], first["creates_profile"]) == ("external_id=user-1", "applied", True)
    assert {a["name"]: (a["old_value"], a["new_value"]) for a in first["attributes"]} == {
        "n": (None, "1"), "plan": (None, '"free"')}
    assert any("batches" in warning for warning in dry["warnings"])
    assert state(house) == before
    assert house.json("run", "list") == []

    house.cli("sync", "activate", SYNC)
    run = house.run_sync(SYNC, expect=REJECTED)
    assert counts(run) == counts(dry)
    TABLE.append(("dry run", f"{ROWS:,} rows, a draft's", "the run that follows counts the same"))


def test_2_a_dry_run_says_what_would_become_of_what(house, postgres):
    postgres.execute(f"""
        INSERT INTO people VALUES
          (now(), 'user-1', 'one@example.com', '{{"plan": "paid", "n": 1}}'),
          (now(), 'brand-new', NULL, '{{"plan": "free"}}'),
          (now(), 'user-3', NULL, '{{"plan": "free", "n": 3}}'),
          (now(), 'user-4', NULL, '[]')
    """)
    before = state(house)
    dry = dry_run(house, expect=REJECTED)
    assert dry["warnings"] == [] or not any("batches" in warning for warning in dry["warnings"])
    by_user = {d["identifier"].split(",")[0]: d for d in dry["differences"]}
    changed = {a["name"]: (a["old_value"], a["new_value"]) for a in by_user["external_id=user-1"]["attributes"]}
    assert changed == {"plan": ('"free"', '"paid"'), "email": (None, '"one@example.com"')}
    assert by_user["external_id=brand-new"]["creates_profile"] is True
    assert by_user["external_id=user-4"]["code"] == "payload_not_object"
    assert "external_id=user-3" not in by_user
    assert state(house) == before
    run = house.run_sync(SYNC, expect=REJECTED)
    assert counts(run) == counts(dry)
    assert (run["applied"], run["unchanged"], run["rejected"]) == (2, 1, 1)
    TABLE.append(("dry run", "an active sync's", f"{counts(run)} both"))


def waiting(postgres):
    """How many sessions wait for a lock."""
    return int(postgres.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def test_3_ctrl_c_ends_a_dry_run_and_the_sync_is_free(house, postgres):
    lock = subprocess.Popen(
        ["psql", "--no-psqlrc", "--quiet", "--host", str(postgres.folder), "--port", str(postgres.port),
         "--username", postgres.user, "--dbname", "postgres"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lock.stdin.write("BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE;\n\\echo locked\n")
    lock.stdin.flush()
    assert lock.stdout.readline().strip() == "locked"
    command = subprocess.Popen(
        [str(house.binaries / "sluice"), "sync", "run", SYNC, "--dry-run"], cwd=house.folder,
        env=house.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        # A run of ours that came first would have the sync instead.
        deadline = time.monotonic() + 30
        while waiting(postgres) == 0:
            assert time.monotonic() < deadline and command.poll() is None, "the dry run does not get to the table"
            time.sleep(0.1)
        assert house.run("sync", "run", SYNC).returncode == CONFLICT
        command.send_signal(signal.SIGINT)
        output, errors = command.communicate(timeout=15)
        assert command.returncode == 130 and "changed nothing" in errors, errors
    finally:
        lock.communicate("ROLLBACK;\n")
    deadline = time.monotonic() + 20
    while (result := house.run("sync", "run", SYNC, "--wait")).returncode == CONFLICT:
        assert time.monotonic() < deadline, "the sync is still held"
        time.sleep(0.1)
    assert result.returncode == OK, result.stderr
    TABLE.append(("dry run", "Ctrl-C while the table is locked", "exit 130, and the next run starts"))


def test_4_each_reason(house, postgres):
    before = state(house)
    row = seen("applied", "a row that a run took", explain(house, "user-7"))
    assert row["run_id"] == house.json("run", "list", SYNC)[-1]["run_id"]
    row = seen("rejected", "a payload that is no object", explain(house, "user-1000"))
    assert row["code"] == "payload_not_object" and row["run_id"]
    answer = explain(house, "user-1")
    assert [r["reason"] for r in answer["rows"]] == ["applied", "superseded"]
    assert answer["external_id"] == "user-1" and len(answer["braze_id"]) == 24
    TABLE.append(("superseded", "the older of a user's two rows", answer["rows"][1]["message"]))
    by_email = explain(house, "ONE@example.com", by="--email")
    assert by_email["reason"] == "applied" and by_email["external_id"] == "user-1"
    assert state(house) == before

    postgres.execute(f"INSERT INTO people VALUES ({STAMP} - interval '1 day', 'late', NULL, '{{\"plan\": \"x\"}}')")
    seen("before_cursor", "committed late with an old stamp", explain(house, "late"))
    postgres.execute("INSERT INTO people VALUES (now(), 'soon', NULL, '{\"plan\": \"x\"}')")
    row = seen("waiting", "newer than the cursor", explain(house, "soon"))
    assert row["effect"]["creates_profile"] is True and "sync run people" in row["message"]
    postgres.execute("INSERT INTO people VALUES (NULL, 'stampless', NULL, '{}')")
    seen("no_updated_at", "UPDATED_AT is NULL", explain(house, "stampless"))

    # The same again under a newer stamp, in a run of its own.
    house.run_sync(SYNC)
    postgres.execute("""UPDATE people SET "UPDATED_AT" = now() WHERE "EXTERNAL_ID" = 'soon'""")
    run = house.run_sync(SYNC)
    assert (run["applied"], run["unchanged"]) == (0, 1), run
    row = seen("unchanged", "touched, and nothing else", explain(house, "soon"))
    assert row["run_id"] == run["run_id"]

    house.cli("sync", "test", "existing")
    house.cli("sync", "activate", "existing")
    house.run_sync("existing")
    row = seen("skipped", "updateExistingOnly, and no such user", explain(house, "stranger", sync="existing"))
    assert row["code"] == "user_unknown"

    postgres.execute("""DELETE FROM people WHERE "EXTERNAL_ID" = 'user-8'""")
    answer = explain(house, "user-8")
    assert answer["rows"] == [] and answer["braze_id"]
    seen("not_in_source", "the row is gone, the profile is there", answer)

    nobody = house.run("row", "explain", SYNC, "--external-id", "nobody at all")
    assert nobody.returncode == NOT_FOUND and "user_not_found" in nobody.stderr
    injected = house.run("row", "explain", SYNC, "--external-id", "' OR 1=1 --")
    assert injected.returncode == NOT_FOUND


def test_5_events_are_found_again_in_the_profile_and_known_by_the_ledger(house, postgres):
    postgres.execute(f"""
        CREATE TABLE clicks (updated_at timestamptz, external_id text, payload text);
        INSERT INTO clicks VALUES (now(), 'user-7', '{{"name": "clicked", "properties": {{"n": 1}}}}')
    """)
    house.apply("""
kind: Sync
name: clicks
source: shop
table: clicks
data: events
contacts: [ops@example.com]
""")
    house.cli("sync", "test", "clicks")
    dry = dry_run(house, name="clicks")
    assert dry["differences"][0]["activity"].startswith("event clicked at ")
    house.cli("sync", "activate", "clicks")
    run = house.run_sync("clicks")
    row = seen("applied", "an event", explain(house, "user-7", sync="clicks"))
    assert row["run_id"] == run["run_id"] and "event clicked" in row["message"]
    again = dry_run(house, name="clicks")
    assert (again["applied"], again["already_applied"]) == (0, 1)


def test_6_for_people(house):
    table = house.cli("row", "explain", SYNC, "--external-id", "user-1")
    assert "plan is" in table and "superseded" in table
    assert json.loads(house.cli("row", "explain", SYNC, "--external-id", "user-1", "-o", "jsonl"))
    dry = house.run("sync", "run", SYNC, "--dry-run")
    assert dry.returncode == OK and "nothing was changed" in dry.stderr, dry.stderr
