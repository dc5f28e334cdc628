"""The seed's walk with Snowflake: key, set-up, test with a preview, activation, runs by hand and by schedule, and a key
that is rotated while they go on. The account is an emulator; vault, orchestrator, writer and CLI are the real ones."""

import collections
import json
import os
import re
import signal
import threading
import time

import pytest
from support.emulator import Emulator, SnowflakeAccount
from support.house import CONFLICT, FAILURE, NOT_FOUND, OK, House

TABLE = "CDI.INGESTION.USERS"
NEW_YEAR = 1_704_067_200_000_000_000


@pytest.fixture(scope="module")
def emulator():
    with Emulator("snowflake") as emulator:
        yield emulator


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    # The emulator is on this machine, where sources are not looked for unless the operator says so.
    settings = {"SLUICE_EGRESS_ALLOW": "127.0.0.1,::1", "SLUICE_SHORTEST_INTERVAL": "5"}
    with House(tmp_path_factory.mktemp("house"), settings=settings) as house:
        yield house


@pytest.fixture(scope="module")
def account(emulator):
    return SnowflakeAccount(emulator, "MYORG-ACCT", partition_bytes=50_000)


def load(account, numbers, stamp=NEW_YEAR):
    account.ask("load", {"table": TABLE.split("."), "rows": [
        [stamp + n, f"user-{n}", None, None, None, None, None, json.dumps({"n": n})] for n in numbers]})


def test_the_walk_from_nothing_to_a_rotated_key(house, account):
    # 1. A key pair that the vault makes.
    shown = house.json("credential", "create", "snow", "--type", "key_pair", "--username", "sluice_loader")
    assert "PRIVATE" not in json.dumps(shown)
    house.apply("kind: Source\nname: shop\ntype: snowflake\ncredential: snow\n"
                f"settings: {json.dumps(account.settings())}\n")

    # 2. Nothing is set up: the test says what to do.
    result = house.run("setup", "snowflake", "shop", "--check")
    assert result.returncode == FAILURE and "login_failed" in result.stderr
    assert "SYSTEM$GET_LOGIN_FAILURE_DETAILS" in result.stderr

    # 3. The printed statements, pasted as they are.
    text = house.cli("setup", "snowflake", "shop", "--table", TABLE)
    assert text.count("-- ") >= 5 and "RSA_PUBLIC_KEY='" in text
    steps = one(house.json("setup", "snowflake", "shop", "--table", TABLE))["steps"]
    assert len(steps) == 5 and all(step["statements"] in text for step in steps)
    account.paste(text)
    load(account, range(2_000))
    house.cli("setup", "snowflake", "shop", "--check", "--table", TABLE)
    # All that is missing at once, with the statements for it.
    grants = ["USAGE ON WAREHOUSE SLUICE_WH", f"SELECT ON TABLE {TABLE}"]
    account.ask("sql", {"statements": [f"REVOKE {grant} FROM ROLE SLUICE_ROLE" for grant in grants]})
    result = house.run("setup", "snowflake", "shop", "--check", "--table", TABLE)
    assert result.returncode == FAILURE and "no_warehouse" in result.stdout + result.stderr
    for grant in grants:
        assert f"GRANT {grant} TO ROLE SLUICE_ROLE" in result.stdout + result.stderr, result.stdout + result.stderr
    account.ask("sql", {"statements": [f"GRANT {grant} TO ROLE SLUICE_ROLE" for grant in grants]})
    house.cli("setup", "snowflake", "shop", "--check", "--table", TABLE)

    # 4. The test with its preview.
    report = one(house.json("source", "test", "shop", "--table", TABLE, "--data", "attributes"))
    assert report["ok"] and report["server"].startswith("Snowflake ")
    assert [c["name"] for c in report["columns"]][:2] == ["UPDATED_AT", "EXTERNAL_ID"]
    assert report["preview"][0][1] == "user-1999"
    assert key_states(house) == {1: "active"}

    # 5. A sync, activated, run by hand, and run by its schedule.
    house.apply(f"kind: Sync\nname: users\nsource: shop\ntable: {TABLE}\ndata: attributes\n"
                "schedule: {cron: '* * * * *'}\ncontacts: [ops@example.com]\n")
    house.cli("sync", "test", "users")
    house.cli("sync", "activate", "users")
    run = house.run_sync("users")
    assert (run["status"], run["rows_read"], run["applied"]) == ("success", 2_000, 2_000)
    assert json.loads(house.cli("profile", "show", "--external-id", "user-7", "-o", "json"))[
        "custom_attributes"] == {"n": 7}
    load(account, range(2_000, 2_500))
    slot = wait_for(lambda: [r for r in runs(house) if r["trigger"] == "schedule" and r["status"] == "success"], 90)[0]
    assert slot["rows_read"] >= 500

    # 6. The key is rotated while runs go on; none fails.
    going, failed = threading.Event(), []
    going.set()
    runner = threading.Thread(target=run_on, args=(house, going, failed))
    runner.start()
    try:
        house.cli("credential", "rotate", "snow")
        assert key_states(house) == {1: "active", 2: "published"}
        # Not registered yet: a test passes with key 1, and proves nothing of key 2.
        house.cli("credential", "test", "snow")
        assert key_states(house) == {1: "active", 2: "published"}
        shown = house.run("credential", "rotate", "snow")
        statement = re.search(r"ALTER USER [^;]*RSA_PUBLIC_KEY_2='[^']+'", shown.stdout + shown.stderr)
        account.paste(statement.group() + ";\n")
        house.cli("credential", "test", "snow")
        assert key_states(house) == {1: "active", 2: "proven"}
        house.cli("credential", "promote", "snow")
        assert key_states(house) == {1: "retiring", 2: "active"}
        account.emulator.admin(f"/tenants/{account.name}/journal", method="DELETE")
        assert run_between(house)["status"] == "success"
        wait_for(lambda: account.journal()["counters"].get("login with RSA_PUBLIC_KEY_2"), 20)
        account.paste("ALTER USER SLUICE_LOADER UNSET RSA_PUBLIC_KEY;\n")
        assert run_between(house)["status"] == "success"
    finally:
        going.clear()
        runner.join()
    assert not failed
    assert_no_token_in_logs(house)


def test_a_bad_row_is_that_row_s_own_trouble(house, account):
    """Points 15 and 23 of the contract, at the running services: no object, no JSON, and a payload that is too large."""
    account.ask("sql", {"statements": [
        "CREATE TABLE CDI.INGESTION.MIXED (UPDATED_AT TIMESTAMP_NTZ, EXTERNAL_ID VARCHAR, PAYLOAD VARIANT)",
        "GRANT SELECT ON TABLE CDI.INGESTION.MIXED TO ROLE SLUICE_ROLE"]})
    payloads = ['{"a":1}', "[1]", "null", "no json", {"repeat": "x", "times": 2_000_000}, '{"a":2}']
    account.ask("load", {"table": ["CDI", "INGESTION", "MIXED"], "rows": [
        [NEW_YEAR + n, f"mixed-{n}", payload] for n, payload in enumerate(payloads)]})
    house.apply("kind: Sync\nname: mixed\nsource: shop\ntable: mixed\ndata: attributes\n"
                "schedule: manual\ncontacts: [ops@example.com]\n")
    house.cli("sync", "test", "mixed")
    house.cli("sync", "activate", "mixed")
    result = house.run("sync", "run", "mixed", "--wait", "-o", "json")
    run = json.loads(result.stdout)
    assert (run["rows_read"], run["applied"], run["rejected"]) == (6, 2, 4)


def test_a_user_is_explained_and_a_cursor_moved(house, account):
    """One sync, its rows by name, a rewind that is looked at and then done, and what the next run makes of it."""
    make(account, "PEOPLE", "EXTERNAL_ID VARCHAR, EMAIL VARCHAR, PAYLOAD VARCHAR")
    second = 1_000_000_000

    def add(*rows):
        account.ask("load", {"table": ["CDI", "INGESTION", "PEOPLE"], "rows": [
            [None if at is None else NEW_YEAR + at * second, user, email, json.dumps(payload)]
            for at, user, email, payload in rows]})

    add((1, "p-1", "Ann@Example.com", {"plan": "free"}), (2, "p-2", None, {"plan": "free"}), (3, "p-1", None, {"plan": "paid"}),
        (None, "p-2", None, {}))
    manual(house, "people")
    assert house.run_sync("people")["applied"] >= 2
    answer = house.json("row", "explain", "people", "--external-id", "p-1")
    assert answer["reason"] == "applied" and len(answer["rows"]) == 2, answer
    assert house.json("row", "explain", "people", "--external-id", "p-2")["external_id"] == "p-2"
    by_email = house.json("row", "explain", "people", "--email", "ann@EXAMPLE.com")
    assert len(by_email["rows"]) == 1, by_email
    assert house.run("row", "explain", "people", "--external-id", "' OR 1=1 --").returncode == NOT_FOUND
    asked = [entry["body"] for entry in account.journal()["requests"]
             if entry["point"] == "submit" and "COUNT_IF" in entry["body"]["statement"]]
    assert asked[-1]["bindings"] == {"1": {"type": "TEXT", "value": "' OR 1=1 --"}} and asked[-1]["timeout"] == 30
    assert asked[-1]["parameters"]["query_tag"] == "sluice sync=people"

    before = house.json("cursor", "show", "people")["position"]
    preview = house.json("cursor", "rewind", "people", "--all")
    assert (preview["rows_to_read"], preview["moved"]) == (3, False), preview
    assert house.json("cursor", "show", "people")["position"] == before
    # Further back than any overlap: only a rewind finds it.
    add((-7 * 86_400, "p-3", None, {"plan": "late"}))
    assert house.run_sync("people")["applied"] == 0
    moved = house.json("cursor", "rewind", "people", "--all", "--yes")
    assert (moved["rows_to_read"], moved["moved"]) == (4, True), moved
    again = house.run_sync("people")
    assert (again["rows_read"], again["applied"]) == (4, 1), again
    assert house.json("profile", "show", "--external-id", "p-3")["custom_attributes"] == {"plan": "late"}
    run = house.json("run", "list", "people")[-1]["run_id"]
    tags = {entry["body"]["parameters"]["query_tag"] for entry in account.journal()["requests"]
            if entry["point"] == "submit" and '"PEOPLE"' in entry["body"]["statement"]}
    assert f"sluice sync=people run={run}" in tags, tags


def test_users_are_deleted(house, account):
    make(account, "LEAVERS", "EXTERNAL_ID VARCHAR")
    account.ask("load", {"table": ["CDI", "INGESTION", "LEAVERS"], "rows": [[NEW_YEAR, "p-2"]]})
    manual(house, "leavers", data="deletes")
    assert house.run_sync("leavers")["applied"] == 1
    assert house.run("profile", "show", "--external-id", "p-2").returncode == NOT_FOUND
    assert house.run("profile", "show", "--external-id", "p-1").returncode == OK


def test_after_a_restart_nothing_is_lost_and_nothing_done_twice(house, account):
    """Point 12 of the contract: the orchestrator is killed while a partition hangs. The next run reads on from the last durable row,
    with a new statement; rows that come again are recognised."""
    make(account, "VISITS", "EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR")
    count = 40_000
    account.ask("sql", {"statements": [
        "INSERT INTO CDI.INGESTION.VISITS SELECT DATEADD(SECOND, SEQ4(), '2024-01-01'::TIMESTAMP_NTZ), 'visitor-' || SEQ4(), "
        f"'{{\"name\":\"visited\"}}' FROM TABLE(GENERATOR(ROWCOUNT => {count}))"]})
    manual(house, "visits", data="events")
    events = house.json("profile", "count")["events"]
    account.emulator.admin(f"/tenants/{account.name}/journal", method="DELETE")
    account.ask("faults", {"point": "partition", "where": {"partition": 25}, "action": {"delay": 120}, "times": 0})
    first = house.json("sync", "run", "visits")
    # The rows before it are read, the batches that are full are in the store.
    wait_for(lambda: house.json("run", "show", first["run_id"])["applied"] > 0, 60)
    wait_for(lambda: reads(account)[1].get(25), 60)
    victim = house.pid("orchestrator")
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: house.pid("orchestrator") not in (None, victim), 60)
    house.wait_until_healthy()
    account.emulator.admin(f"/tenants/{account.name}/faults", method="DELETE")
    done = house.json("profile", "count")["events"] - events
    assert 0 < done < count
    wait_for(lambda: house.json("run", "show", first["run_id"])["status"] != "running", 60)
    run = json.loads(wait_for(lambda: (r := house.run("sync", "run", "visits", "--wait", "-o", "json")).returncode == OK
                              and r, 60).stdout)
    assert run["status"] == "success" and run["rows_read"] < count, run
    assert house.json("profile", "count")["events"] - events == count
    statements, partitions = reads(account)
    assert len(statements) == 2 and "bindings" not in statements[0] and statements[1]["bindings"]["1"]["type"] == "TIMESTAMP_NTZ"
    # Of neither statement a partition was read twice.
    assert all(times <= 2 for times in partitions.values()), partitions


def reads(account):
    """The bodies of the statements that read VISITS, and how often each partition was asked for."""
    requests = account.journal()["requests"]
    statements = [entry["body"] for entry in requests if entry["point"] == "submit"
                  and '"VISITS"' in entry["body"]["statement"] and "ORDER BY" in entry["body"]["statement"]]
    return statements, collections.Counter(
        entry["facts"]["partition"] for entry in requests if entry["point"] == "partition")


def make(account, table, columns):
    account.ask("sql", {"statements": [
        f"CREATE TABLE CDI.INGESTION.{table} (UPDATED_AT TIMESTAMP_NTZ, {columns})",
        f"GRANT SELECT ON TABLE CDI.INGESTION.{table} TO ROLE SLUICE_ROLE"]})


def manual(house, name, data="attributes"):
    house.apply(f"kind: Sync\nname: {name}\nsource: shop\ntable: {name}\ndata: {data}\n"
                "schedule: manual\ncontacts: [ops@example.com]\n")
    house.cli("sync", "test", name)
    house.cli("sync", "activate", name)


def test_what_stops_a_run_is_named_in_it(house, account):
    account.ask("warehouse", {"name": "SLUICE_WH", "suspended": True, "auto_resume": False})
    result = house.run("sync", "run", "mixed", "--wait")
    assert result.returncode == FAILURE and "warehouse_suspended" in result.stderr + result.stdout
    account.ask("warehouse", {"name": "SLUICE_WH", "suspended": False})
    assert house.run("sync", "run", "mixed", "--wait").returncode in (OK, 3)


def test_memory_does_not_grow_with_the_result(house, account):
    """Point 23: 50 partitions of 20 MB."""
    account.ask("sql", {"statements": [
        "CREATE TABLE CDI.INGESTION.BIG (UPDATED_AT TIMESTAMP_NTZ, EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR)",
        "GRANT SELECT ON TABLE CDI.INGESTION.BIG TO ROLE SLUICE_ROLE"]})
    account.ask("synthetic", {"pattern": r'"BIG".*ORDER BY', "partitions": 50, "rows": 20, "payload_bytes": 1_060_000})
    house.apply("kind: Sync\nname: big\nsource: shop\ntable: big\ndata: attributes\n"
                "schedule: manual\ncontacts: [ops@example.com]\n")
    house.cli("sync", "test", "big")
    house.cli("sync", "activate", "big")
    # Payloads over the limit: what is measured is the reading, as the writer gets their beginnings only.
    run = json.loads(house.run("sync", "run", "big", "--wait", "-o", "json").stdout)
    assert (run["rows_read"], run["rejected"]) == (1_000, 1_000)
    # The service as it stands, up to four bodies of 2 MiB under way, and batches on their way to the writer.
    assert house.peak_memory("orchestrator") < 192 << 20


def run_on(house, going, failed):
    while going.is_set():
        result = house.run("sync", "run", "users", "--wait", "-o", "json")
        # Another run may be going, that of the schedule: then this one is refused.
        if result.returncode not in (OK, CONFLICT):
            failed.append(result.stdout + result.stderr)
        time.sleep(0.2)


def run_between(house):
    """A run of our own, between the others'."""
    result = wait_for(lambda: (r := house.run("sync", "run", "users", "--wait", "-o", "json")).returncode != CONFLICT
                      and r, 60)
    return json.loads(result.stdout)


def runs(house):
    return list(map(json.loads, house.cli("run", "list", "users", "-o", "jsonl").splitlines()))


def key_states(house):
    return {key["version"]: key["state"] for key in one(house.json("credential", "show", "snow"))["keys"]}


def one(answer):
    return answer[0] if isinstance(answer, list) else answer


def wait_for(found, patience):
    deadline = time.monotonic() + patience
    while True:
        if result := found():
            return result
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def assert_no_token_in_logs(house):
    for file in house.data.glob("log/*.log"):
        text = file.read_text(errors="replace")
        assert "eyJ" not in text and "PRIVATE KEY" not in text, file
