"""A sync that is deleted and made again under its name, by the command line, with a real PostgreSQL: it is a
new sync. Also over a kill of the orchestrator, and of one that was still running."""

import json
import os
import signal
import time

import pytest
from support.house import OK, REJECTED

COLUMNS = '"UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "PAYLOAD" text'
ATTRIBUTES = {"color": "red"}
EVENT = {"name": "visited"}


class Shop:
    """A source with tables of rows that are so many days old, and one sync that comes and goes."""

    def __init__(self, house, postgres):
        self.house, self.postgres = house, postgres
        house.postgresql_source(postgres)

    def table(self, name, payload, days):
        self.postgres.execute(f"CREATE TABLE {name} ({COLUMNS})")
        for day in days:
            self.add(name, f"{name}-{day}", payload, day)

    def add(self, table, user, payload, day):
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.postgres.execute(
            f"INSERT INTO {table} VALUES (now() - {day} * interval '1 day', '{user}', '{text}')")

    def sync(self, name, table, data):
        self.house.apply(
            f"kind: Sync\nname: {name}\nsource: db\ntable: {table}\ndata: {data}\ncontacts: [ops@example.com]\n")
        self.house.cli("sync", "test", name)
        self.house.cli("sync", "activate", name)

    def delete(self, name):
        self.house.cli("sync", "pause", name)
        self.house.cli("sync", "delete", name, "--yes")

    def counts(self):
        return {key: int(value) for key, value in self.house.json("profile", "count").items() if key != "revenue"}


@pytest.fixture(scope="module")
def shop(dev, postgres):
    return Shop(dev, postgres)


def test_it_reads_every_row_anew_also_as_another_data_type_of_another_table(shop):
    house = shop.house
    shop.table("people", ATTRIBUTES, [9, 5, 1])
    shop.table("visits", EVENT, [9, 8, 7, 2])
    shop.sync("again", "people", "attributes")
    first = house.run_sync("again")
    assert (first["rows_read"], first["applied"]) == (3, 3), first
    assert house.run_sync("again")["status"] == "success"

    # The same once more: every row is read, and changes nothing.
    shop.delete("again")
    shop.sync("again", "people", "attributes")
    assert house.json("cursor", "show", "again")["position"] is None
    same = house.run_sync("again")
    assert (same["status"], same["rows_read"], same["unchanged"]) == ("success", 3, 3), same
    told = house.json("row", "explain", "again", "--external-id", "people-9")
    assert told["reason"] == "unchanged" and "deleted sync" in told["rows"][0]["message"], told

    # Another table and another data type, with older rows than the old one's place.
    shop.delete("again")
    shop.sync("again", "visits", "events")
    dry = house.json("sync", "run", "again", "--dry-run")
    assert shop.counts()["events"] == 0, dry
    events = house.run_sync("again")
    assert (events["status"], events["rows_read"], events["applied"]) == ("success", 4, 4), events
    shop.add("visits", "late", EVENT, 0)
    last = house.run_sync("again")
    assert (last["applied"], last["already_applied"]) == (1, 1), last
    counts = shop.counts()
    assert (counts["events"], counts["profiles"]) == (5, 8), counts
    assert house.json("profile", "show", "--external-id", "people-9")["custom_attributes"] == ATTRIBUTES


def test_rejected_rows_of_the_deleted_one_are_listed_and_not_retried(shop):
    house = shop.house
    shop.table("orders", {"product_id": "p", "currency": "USD", "price": 1}, [3])
    shop.add("orders", "broken", "no JSON", 2)
    shop.sync("orders", "orders", "purchases")
    old = house.run_sync("orders", expect=REJECTED)
    before = shop.counts()["purchases"]
    shop.delete("orders")
    shop.sync("orders", "orders", "purchases")
    new = house.run_sync("orders", expect=REJECTED)
    assert (new["applied"], new["rejected"]) == (1, 1), new
    assert shop.counts()["purchases"] == before + 1
    told = house.json("row", "explain", "orders", "--external-id", "broken")
    assert [row["run_id"] for row in told["rows"]] == [new["run_id"]], told
    assert [row["run_id"] for row in told["log"]] == [new["run_id"]], told
    assert old["run_id"] != new["run_id"]


def test_a_run_of_the_deleted_one_that_was_killed_leaves_nothing_to_the_new_one(shop):
    house = shop.house
    # Reading a row takes a while.
    shop.postgres.execute(
        "CREATE FUNCTION nap() RETURNS text VOLATILE LANGUAGE plpgsql "
        "AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN '{\"name\": \"napped\"}'; END $$;"
        "CREATE VIEW naps AS SELECT now() - i * interval '1 day' AS \"UPDATED_AT\", 'nap-' || i AS \"EXTERNAL_ID\", "
        "nap() AS \"PAYLOAD\" FROM generate_series(1, 30) AS i")
    shop.sync("naps", "naps", "events")
    before = shop.counts()["events"]
    run = house.json("sync", "run", "naps")
    deadline = time.monotonic() + 60
    while house.json("run", "show", run["run_id"])["phase"] not in ("querying", "reading", "finishing", "finished"):
        assert time.monotonic() < deadline
    killed = house.pid("orchestrator")
    os.kill(killed, signal.SIGKILL)
    while house.pid("orchestrator") in (None, killed):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    house.wait_until_healthy()
    assert house.json("run", "show", run["run_id"])["error_code"] == "interrupted"
    shop.delete("naps")
    shop.sync("naps", "naps", "events")
    anew = house.run_sync("naps", expect=OK)
    assert (anew["status"], anew["applied"]) == ("success", 30), anew
    # And what the killed one had sent by then.
    assert before + 30 <= shop.counts()["events"] <= before + 60
