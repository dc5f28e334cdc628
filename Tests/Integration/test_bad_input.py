"""What users get wrong, end to end through the CLI: each has its own sentence, at the right level.

A sync-level mistake ends the test or the run and names what to do; a row-level mistake rejects the row
and the others go on. No process may end over any of them.
"""

import json
import sqlite3

import pytest
from support.house import FAILURE, OK, REJECTED

SERVICES = ["vault", "orchestrator", "writer"]


@pytest.fixture(scope="module")
def house(dev):
    return dev


@pytest.fixture(autouse=True)
def no_process_ends(house):
    before = [house.pid(service) for service in SERVICES]
    yield
    assert [house.pid(service) for service in SERVICES] == before
    assert house.run("health").returncode == OK


def configuration(house, name, settings, table, data="attributes", password=None, source="postgresql"):
    documents = []
    if password is not None:
        secret = house.folder / f"{name}-password"
        secret.write_text(password)
        secret.chmod(0o600)
        documents.append(f"kind: Credential\nname: {name}\ntype: password\nusername: sluice\nsecretFile: {secret}")
    documents.append(f"kind: Source\nname: {name}\ntype: {source}\nsettings: {json.dumps(settings)}"
                     + (f"\ncredential: {name}" if password is not None else ""))
    documents.append(f"kind: Sync\nname: {name}\nsource: {name}\ntable: {table}\ndata: {data}\n"
                     "schedule: manual\ncontacts: [ops@example.com]")
    house.apply("\n---\n".join(documents))


def said(result):
    return (result.stdout + result.stderr).lower()


@pytest.mark.parametrize("name, wrong, words", [
    ("wrong-password", {}, ["password"]),
    ("unknown-host", {"host": "no-such-host.invalid"}, ["no-such-host.invalid"]),
    ("nobody-listens", {"port": 1}, ["refused"]),
    ("unknown-database", {"database": "no_such_database"}, ["no_such_database"]),
])
def test_a_source_that_cannot_be_reached_says_why(house, postgres, name, wrong, words):
    settings = postgres.source_settings() | wrong
    password = "not the password" if name == "wrong-password" else postgres.password
    configuration(house, name, settings, "public.users", password=password)
    for command in (["source", "test", name], ["sync", "test", name]):
        result = house.run(*command)
        assert result.returncode == FAILURE, result
        for word in words:
            assert word in said(result)
        assert postgres.password not in said(result) and "not the password" not in said(result)
    refused = house.run("sync", "activate", name)
    assert refused.returncode != OK
    assert "test" in said(refused)


@pytest.mark.parametrize("name, columns, data, words", [
    ("missing-table", None, "attributes", ["missing_table"]),
    ("no-updated-at", '"EXTERNAL_ID" text, "PAYLOAD" text', "attributes", ["updated_at"]),
    ("no-identifier", '"UPDATED_AT" timestamptz, "PAYLOAD" text', "attributes", ["external_id", "braze_id"]),
    ("no-payload", '"UPDATED_AT" timestamptz, "EXTERNAL_ID" text', "events", ["payload"]),
    ("deletes-payload", '"UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "PAYLOAD" text', "deletes", ["payload"]),
])
def test_a_table_that_cannot_be_synced_says_what_it_needs(house, postgres, name, columns, data, words):
    table = name.replace("-", "_")
    if columns is not None:
        postgres.execute(f"CREATE TABLE {table} ({columns})")
    configuration(house, name, postgres.source_settings(), f"public.{table}", data, postgres.password)
    result = house.run("sync", "test", name)
    assert result.returncode == FAILURE, result
    for word in words:
        assert word in said(result)
    assert house.run("sync", "activate", name).returncode != OK


def test_a_table_that_vanishes_ends_the_run_and_not_the_sync(house, postgres):
    postgres.execute("""CREATE TABLE vanishing ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "PAYLOAD" text)""")
    insert = """INSERT INTO vanishing VALUES ('2024-05-01 12:00:00Z', 'vanishing-1', '{"step": 1}')"""
    postgres.execute(insert)
    configuration(house, "vanishing", postgres.source_settings(), "vanishing", password=postgres.password)
    house.cli("sync", "test", "vanishing")
    house.cli("sync", "activate", "vanishing")
    postgres.execute("ALTER TABLE vanishing RENAME TO elsewhere")
    failed = house.run("sync", "run", "vanishing", "--wait", "-o", "json")
    assert failed.returncode == FAILURE, failed
    run = json.loads(failed.stdout)
    assert run["status"] == "config_error"
    assert "vanishing" in said(failed)
    postgres.execute("ALTER TABLE elsewhere RENAME TO vanishing")
    assert int(house.run_sync("vanishing")["applied"]) == 1


GOOD = [f"good-{number}" for number in range(1, 6)]
# One byte more than a row may carry; the first good row carries exactly as much (R30, R31).
LARGEST = 1 << 20
BIG = json.dumps({"note": "x" * (LARGEST + 1 - len('{"note": ""}'))})
TABLE = ('CREATE TABLE {} ("UPDATED_AT" {}, "EXTERNAL_ID" text, "ALIAS_NAME" text, "ALIAS_LABEL" text, '
         '"BRAZE_ID" text, "PAYLOAD" text)')
# What is wrong with each row: external id, alias name, braze id, payload, a word of the reason.
BAD_ROWS = [
    ("two-ids", None, "5f5a1c2e0d3b4a6978c1d2e3", '{"a": 1}', "identif"),
    (None, None, None, '{"a": 1}', "identif"),
    (None, "half-an-alias", None, '{"a": 1}', "alias"),
    ("list", None, None, "[1, 2]", "object"),
    ("text", None, None, '"words"', "object"),
    ("broken", None, None, '{"a": ', "json"),
    ("empty", None, None, "", "json"),
    ("null", None, None, None, "payload"),
    ("big", None, None, BIG, "greater than 1mb"),
    ("escaped-nul", None, None, '{"a": "b\\u0000c"}', "nul"),
]


def check_rejected(house, name, bad):
    """One run: the good rows are applied, each bad one is listed with its own reason."""
    house.cli("sync", "test", name)
    house.cli("sync", "activate", name)
    run = house.run_sync(name, expect=REJECTED)
    assert run["status"] == "partial"
    assert int(run["rows_read"]) == len(GOOD) + len(bad)
    assert int(run["applied"]) == len(GOOD)
    assert int(run["rejected"]) == len(bad)
    for user in GOOD:
        assert house.json("profile", "show", "--external-id", f"{name}-{user}")["external_id"] == f"{name}-{user}"
    listed = [json.loads(line) for line in house.cli("run", "rows", run["run_id"], "-o", "jsonl").splitlines()]
    assert len(listed) == len(bad)
    # A run reads in the order of UPDATED_AT, which is the order of `bad`.
    for row, word in zip(listed, bad):
        assert word in (row["code"] + " " + row["message"]).lower(), row
        assert len(row["message"]) < 500
    return listed


def test_a_bad_row_of_each_kind_is_rejected_and_the_others_go_on(house, postgres):
    name = "bad-rows"
    postgres.execute(TABLE.format("bad_rows", "timestamptz"))
    rows = [(f"{name}-{user}", None, None, '{"fine": true}', None) for user in GOOD] + BAD_ROWS
    rows[0] = (rows[0][0], None, None, json.dumps({"note": "x" * (LARGEST - len('{"note": ""}'))}), None)
    # Good ones before, between and after the bad ones.
    rows = rows[:2] + rows[5:10] + rows[2:4] + rows[10:] + rows[4:5]
    lines = []
    for minute, (user, alias, braze, payload, _) in enumerate(rows):
        fields = [f"2024-05-01 12:{minute:02}:00Z", user, alias, None, braze, payload]
        lines.append("\t".join("\\N" if f is None else f.replace("\\", "\\\\") for f in fields))
    postgres.execute("COPY bad_rows FROM STDIN", stdin="\n".join(lines) + "\n")
    configuration(house, name, postgres.source_settings(), "bad_rows", password=postgres.password)
    check_rejected(house, name, [row[4] for row in BAD_ROWS])
    # The next run sees the same rows again: rejected again, and nothing else changes.
    again = house.run("sync", "run", name, "--wait", "-o", "json")
    assert int(json.loads(again.stdout)["applied"]) == 0


def test_bytes_that_are_not_text_are_rejected(house):
    name = "bad-bytes"
    path = house.folder / "bad-bytes.db"
    bad = [
        ("CAST(x'fffe41' AS TEXT)", "'{\"a\": 1}'", "utf-8"),
        ("'bytes'", "CAST(x'7b2261223a22ff227d' AS TEXT)", "utf-8"),
        ("CAST(x'610062' AS TEXT)", "'{\"a\": 1}'", "nul"),
        ("'nul'", "CAST(x'7b2261223a22620063227d' AS TEXT)", "nul"),
    ]
    with sqlite3.connect(path) as database:
        database.execute(TABLE.format("bad_bytes", "text"))
        rows = [(f"'{name}-{user}'", "'{\"fine\": true}'") for user in GOOD] + [row[:2] for row in bad]
        for minute, (user, payload) in enumerate(rows):
            database.execute(
                f"INSERT INTO bad_bytes VALUES ('2024-05-01 12:{minute:02}:00', {user}, NULL, NULL, NULL, {payload})")
    database.close()
    configuration(house, name, {"file": str(path)}, "bad_bytes", source="sqlite")
    check_rejected(house, name, [row[2] for row in bad])
