"""The seed's walk with Snowflake: key, set-up, test with a preview, activation, runs by hand and by schedule, and a key
that is rotated while they go on. The account is an emulator; vault, orchestrator, writer and CLI are the real ones."""

import json
import re
import threading
import time

import pytest
from support.emulator import Emulator, SnowflakeAccount
from support.house import CONFLICT, FAILURE, OK, House

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
    # The service as it stands, two or three bodies of 6 MiB under way, and batches on their way to the writer.
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
