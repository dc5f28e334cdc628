"""Cursors that are moved by hand, by the command line, with a real PostgreSQL: what it says before and what
then happens, and what is refused."""

import json
import re

import pytest
from support.house import CONFLICT, FAILURE, NOT_FOUND, OK, USAGE

DAY = "interval '1 day'"


class Shop:
    """A source, and syncs of tables in it whose rows are so many days old."""

    def __init__(self, house, postgres):
        self.house, self.postgres = house, postgres
        house.postgresql_source(postgres)

    def sync(self, name, data, payload, days, **options):
        self.postgres.execute(f'CREATE TABLE {name} ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "PAYLOAD" text)')
        self.add(name, payload, days)
        self.house.apply(
            f"kind: Sync\nname: {name}\nsource: db\ntable: {name}\ndata: {data}\ncontacts: [ops@example.com]\n"
            f"options: {json.dumps(options)}\n")
        self.house.cli("sync", "test", name)
        self.house.cli("sync", "activate", name)

    def add(self, name, payload, days):
        for day in days:
            self.postgres.execute(
                f"INSERT INTO {name} VALUES (now() - {day} * {DAY}, '{name}-{day}', '{json.dumps(payload)}')")

    def move(self, verb, name, *arguments, expect=OK):
        return self.house.json("cursor", verb, name, *arguments, expect=expect)

    def cursor(self, name):
        return self.house.json("cursor", "show", name)

    def counts(self):
        return self.house.json("profile", "count")


@pytest.fixture(scope="module")
def shop(dev, postgres):
    return Shop(dev, postgres)


PURCHASE = {"product_id": "p", "currency": "USD", "price": 1}


def test_rewinding_purchases_says_what_would_be_doubled_and_does_it_only_when_it_is_asked_for(shop):
    house = shop.house
    shop.sync("orders", "purchases", PURCHASE, [5, 4, 3, 1])
    assert house.run_sync("orders")["applied"] == 4
    before = shop.cursor("orders")["position"]

    preview = shop.move("rewind", "orders", "--by", "73h")
    assert (preview["rows_to_read"], preview["rows_again"], preview["rows_skipped"]) == (3, 2, 0), preview
    assert preview["from"] == before and preview["moved"] is False
    assert "one more purchase" in preview["warnings"][0]

    refused = house.run("cursor", "rewind", "orders", "--by", "73h", "--yes")
    assert refused.returncode == FAILURE and "(would_apply_again)" in refused.stderr
    assert "2 rows" in refused.stderr and "--apply-again" in refused.stderr, refused.stderr
    assert shop.cursor("orders")["position"] == before
    assert house.run_sync("orders")["applied"] == 0 and shop.counts()["purchases"] == 4

    moved = shop.move("rewind", "orders", "--by", "73h", "--yes", "--apply-again")
    assert moved["moved"] is True and moved["to"] == shop.cursor("orders")["position"]
    again = house.run_sync("orders")
    # The newest row is in the ledger, and is recognised.
    assert (again["applied"], again["already_applied"]) == (2, 1), again
    assert again["cursor"] == before and shop.counts()["purchases"] == 6
    assert house.run_sync("orders")["applied"] == 0


def test_rewinding_attributes_to_the_beginning_changes_nothing_that_is_newer(shop):
    house = shop.house
    shop.sync("people", "attributes", {"color": "red"}, [5, 4, 3])
    shop.postgres.execute(
        "INSERT INTO people VALUES (now() - interval '2 days', 'people-5', '{\"color\": \"blue\"}')")
    house.run_sync("people")
    moved = shop.move("rewind", "people", "--all", "--yes")
    assert moved["to"] is None and (moved["rows_to_read"], moved["rows_again"]) == (4, 3)
    again = house.run_sync("people")
    assert again["applied"] == 0 and again["superseded"] == 1 and again["rows_read"] == 4, again
    assert house.json("profile", "show", "--external-id", "people-5")["custom_attributes"] == {"color": "blue"}


def test_a_cursor_set_forward_leaves_rows_out_and_says_how_many(shop):
    house = shop.house
    shop.sync("visits", "events", {"name": "visited"}, [9])
    house.run_sync("visits")
    shop.add("visits", {"name": "visited"}, [8, 7, 2, 1])
    to = shop.postgres.execute("SELECT to_char((now() - interval '3 days') AT TIME ZONE 'UTC', "
                             "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    preview = shop.move("set", "visits", "--to", to)
    assert (preview["rows_skipped"], preview["rows_to_read"], preview["rows_again"]) == (2, 2, 0), preview
    shop.move("set", "visits", "--to", to, "--yes")
    run = house.run_sync("visits")
    assert run["rows_read"] == 2 and run["applied"] == 2, run
    # Not into the future, by the warehouse's clock.
    future = house.run("cursor", "set", "visits", "--to", "2099-01-01", "--yes")
    assert future.returncode == FAILURE and "cursor_in_future" in future.stderr and "clock" in future.stderr


def test_a_sync_that_has_never_run_begins_where_it_is_told(shop):
    shop.sync("clicks", "events", {"name": "clicked"}, [9, 2, 1])
    moved = shop.move("set", "clicks", "--to", shop.postgres.execute(
        "SELECT (extract(epoch FROM date_trunc('second', now() - interval '3 days'))::bigint * 1000000000)::text"),
        "--yes")
    assert moved["from"] is None and (moved["rows_skipped"], moved["rows_to_read"]) == (1, 2)
    assert shop.house.run_sync("clicks")["applied"] == 2
    assert shop.house.run_sync("clicks")["applied"] == 0


def test_a_row_of_2099_is_known_after_a_rewind_and_poisons_nothing(shop):
    shop.sync("prophecies", "events", {"name": "foretold"}, [5, 4])
    shop.postgres.execute(
        "INSERT INTO prophecies VALUES ('2099-01-01Z', 'seer', '{\"name\": \"foretold\"}')")
    assert shop.house.run_sync("prophecies")["applied"] == 3
    assert shop.move("rewind", "prophecies", "--by", "2d", "--yes", "--apply-again")["rows_again"] == 1
    again = shop.house.run_sync("prophecies")
    assert (again["applied"], again["already_applied"]) == (1, 2), again
    shop.add("prophecies", {"name": "foretold"}, [3])
    assert shop.house.run_sync("prophecies")["applied"] == 1


def test_deletes_are_asked_for_as_well(shop):
    shop.postgres.execute(
        'CREATE TABLE leavers ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text);'
        f"INSERT INTO leavers SELECT now() - i * {DAY}, 'people-' || i FROM generate_series(3, 4) AS i")
    shop.house.apply("kind: Sync\nname: leavers\nsource: db\ntable: leavers\ndata: deletes\n"
                     "contacts: [ops@example.com]\n")
    shop.house.cli("sync", "test", "leavers")
    shop.house.cli("sync", "activate", "leavers")
    assert shop.house.run_sync("leavers")["applied"] == 2
    refused = shop.house.run("cursor", "rewind", "leavers", "--all", "--yes")
    assert refused.returncode == FAILURE and "deleted again" in refused.stderr, refused.stderr


def test_who_moved_a_cursor_is_kept_and_shown(shop):
    moves = shop.cursor("orders")["moves"]
    assert len(moves) == 1, moves
    assert moves[0]["moved_by"] == "operator local" and moves[0]["outcome"] == "moved"
    assert moves[0]["rows_again"] == 2 and moves[0]["to"] < moves[0]["from"]
    assert re.match(r"\d{4}-\d\d-\d\dT", moves[0]["moved_at"])
    assert "operator local" in shop.house.cli("cursor", "show", "orders")


def test_while_a_run_is_under_way_a_cursor_is_not_moved(shop):
    house = shop.house
    # Reading a row takes a while, counting it does not.
    shop.postgres.execute(
        "CREATE FUNCTION nap() RETURNS text STABLE LANGUAGE plpgsql "
        "AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN '{}'; END $$;"
        f"CREATE VIEW slow AS SELECT now() - i * {DAY} AS \"UPDATED_AT\", 'slow-' || i AS \"EXTERNAL_ID\", "
        "nap() AS \"PAYLOAD\" FROM generate_series(1, 20) AS i")
    house.apply("kind: Sync\nname: slow\nsource: db\ntable: slow\ndata: attributes\ncontacts: [ops@example.com]\n")
    house.cli("sync", "test", "slow")
    house.cli("sync", "activate", "slow")
    run = house.json("sync", "run", "slow")
    assert shop.move("rewind", "slow", "--all")["rows_to_read"] == 20
    busy = house.run("cursor", "rewind", "slow", "--all", "--yes")
    assert busy.returncode == CONFLICT and "Another job is in progress" in busy.stderr, busy
    house.cli("run", "watch", run["run_id"])
    assert house.json("run", "show", run["run_id"])["status"] == "success"
    assert shop.cursor("slow")["moves"] == []
    assert shop.move("rewind", "slow", "--all", "--yes")["moved"] is True


@pytest.mark.parametrize("arguments", [
    ["set", "orders"], ["set", "orders", "--to", "tomorrow"], ["rewind", "orders"],
    ["rewind", "orders", "--by", "2d", "--all"], ["rewind", "orders", "--by", "-2d"],
    ["rewind", "orders", "--by", "two days"]])
def test_command_lines_that_say_no_place(shop, arguments):
    assert shop.house.run("cursor", *arguments, "--yes").returncode == USAGE


def test_what_is_not_there_and_what_is_not_back(shop):
    assert shop.house.run("cursor", "rewind", "nobody", "--all").returncode == NOT_FOUND
    ahead = shop.house.run("cursor", "rewind", "orders", "--to", "2999-01-01", "--yes")
    assert ahead.returncode == FAILURE and "cursor_in_future" in ahead.stderr
    position = shop.cursor("orders")["position_ns"]
    ahead = shop.house.run("cursor", "rewind", "orders", "--to", str(position + 1), "--yes")
    assert ahead.returncode == USAGE and "that is not back" in ahead.stderr, ahead.stderr


def test_a_warehouse_that_cannot_be_counted_is_no_reason_to_guess(shop):
    house = shop.house
    shop.sync("hidden", "attributes", {"a": 1}, [2])
    house.run_sync("hidden")
    shop.postgres.execute("ALTER TABLE hidden RENAME TO elsewhere")
    refused = house.run("cursor", "rewind", "hidden", "--all", "--yes")
    assert refused.returncode == NOT_FOUND and "table_not_found" in refused.stderr, refused
    assert shop.cursor("hidden")["moves"] == []


def test_unchanged_rows_may_count_as_applied(shop):
    house = shop.house
    shop.sync("eager", "attributes", {"a": 1}, [5], skipUnchanged=False)
    house.run_sync("eager")
    assert house.json("sync", "show", "eager")["options"]["skip_unchanged"] is False
    same = "INSERT INTO eager SELECT now(), \"EXTERNAL_ID\", \"PAYLOAD\" FROM eager LIMIT 1"
    shop.postgres.execute(same)
    run = house.run_sync("eager")
    assert (run["applied"], run["unchanged"]) == (1, 0), run
    # Taken back, the same counts as what it is.
    house.apply("kind: Sync\nname: eager\nsource: db\ntable: eager\ndata: attributes\ncontacts: [ops@example.com]\n")
    shop.postgres.execute(same)
    run = house.run_sync("eager")
    assert (run["applied"], run["unchanged"]) == (0, 1), run
