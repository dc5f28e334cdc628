"""The seed's walk with Databricks: by docs/warehouses/databricks.md alone, against the emulator."""

import json
import re
import sys
import threading
import time

import pytest
from support.house import NOT_FOUND, OK, REPOSITORY, House

sys.path.insert(0, str(REPOSITORY / "Tests/Emulators/tests"))
from databricks_process import DatabricksProcess  # noqa: E402

PAGE = (REPOSITORY / "docs/warehouses/databricks.md").read_text()
PYTHON = REPOSITORY / ".build/emulators-venv/bin/python"


@pytest.fixture(scope="module")
def emulator():
    assert PYTHON.exists(), "run make emulators first"
    process = DatabricksProcess(PYTHON)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    settings = {"SLUICE_EGRESS_ALLOW": "127.0.0.0/8,::1", "SLUICE_SHORTEST_INTERVAL": "5"}
    with House(tmp_path_factory.mktemp("databricks"), settings=settings) as house:
        yield house


def blocks(kind):
    """The page's code of a language, without its indentation."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", PAGE, re.M | re.S)
    assert found
    return [re.sub(rf"^{indent}", "", text, flags=re.M) for indent, text in found]


@pytest.fixture
def workspace(emulator):
    """Set up with the page's statements, and a principal that has what they grant and no more."""
    workspace = emulator.workspace()
    workspace.post("principal", name="sluice", can_use=True, client_secret="dose-sluice",
                   tokens=[f"dapi.{workspace.name}.sluice"])
    for script in blocks("sql"):
        workspace.sql(script)
    return workspace


def manifest(house, workspace, name, kind):
    """The page's YAML with the emulator's address and a credential of a kind."""
    text = blocks("yaml")[0]
    (house.folder / f"{name}-secret").write_text({
        "token": f"dapi.{workspace.name}.sluice\n", "oauth_client": "dose-sluice"}[kind])
    (house.folder / f"{name}-secret").chmod(0o600)
    changes = {
        "type: oauth_client .*": f"type: {kind}",
        "username: .*\n": f"username: {workspace.name}.sluice\n" if kind == "oauth_client" else "",
        "secretFile: .*": f"secretFile: {name}-secret",
        "host: .*": f"host: localhost\n  port: {workspace.says['port']}\n  caFile: {workspace.says['caFile']}",
        "httpPath: .*": f"httpPath: {workspace.http_path}",
        "every: 1h": 'cron: "* * * * *"',
        "name: (lake|users|leavers)": rf"name: {name}-\1",
        "(source|credential): lake": rf"\1: {name}-lake"}
    for pattern, replacement in changes.items():
        text, count = re.subn(pattern, replacement, text)
        assert count, pattern
    return text


def rows(workspace, table, values):
    workspace.sql(f"INSERT INTO cdi.ingestion.{table} " + values)


USERS = ("(updated_at, external_id, payload) VALUES "
         "(timestamp_micros(1704067200123456), '{0}-ada', '{{\"tier\":\"gold\",\"n\":1}}'), "
         "(timestamp_micros(1704067201000000), '{0}-bob', '{{\"tier\":\"silver\"}}')")


@pytest.mark.parametrize("kind", ["token", "oauth_client"])
def test_the_page_alone(house, workspace, kind):
    name = kind.split("_")[0]
    rows(workspace, "users_attributes_sync", USERS.format(name))
    house.apply(manifest(house, workspace, name, kind))

    # The warehouse is stopped and needs its time, scaled: the test says so and works.
    workspace.post("warehouse", state="STOPPED", start_seconds=240, lag=5)
    wake = threading.Timer(8, lambda: workspace.advance(240))
    wake.start()
    result = house.run(
        "source", "test", f"{name}-lake", "--table", "users_attributes_sync", "--data", "attributes", "-o", "json")
    wake.join()
    assert result.returncode == OK, result.stderr + house.log_tail()
    assert "the SQL warehouse cdi is starting; a classic or pro one takes two to five minutes" in result.stderr
    assert "s so far" in result.stderr and "the SQL warehouse runs, after" in result.stderr
    report = json.loads(result.stdout)
    assert report["ok"] is True and "ada" in result.stdout and "2024-01-01 00:00:00.123456" in result.stdout

    users, leavers = f"{name}-users", f"{name}-leavers"
    for sync in (users, leavers):
        house.cli("sync", "test", sync)
        house.cli("sync", "activate", sync)
    run = house.run_sync(users)
    assert (run["status"], run["rows_read"], run["applied"]) == ("success", 2, 2)
    assert house.json("profile", "show", "--external-id", f"{name}-ada")["custom_attributes"] == {"tier": "gold", "n": 1}
    again = house.run_sync(users)
    assert (again["status"], again["applied"]) == ("success", 0)

    # A scheduled run reads what came meanwhile; a null removes an attribute.
    rows(workspace, "users_attributes_sync",
         f"(updated_at, external_id, payload) VALUES (timestamp_micros(1704067300000001), '{name}-ada', '{{\"n\":null}}')")
    scheduled = wait_for_slot(house, users)
    assert scheduled["status"] == "success"
    deadline = time.monotonic() + 70
    while house.json("profile", "show", "--external-id", f"{name}-ada")["custom_attributes"] != {"tier": "gold"}:
        assert time.monotonic() < deadline, house.log_tail()
        time.sleep(0.5)
    house.cli("sync", "pause", users)

    # User deletes, end to end.
    rows(workspace, "users_deletes_sync", 
         f"(updated_at, external_id) VALUES (timestamp_micros(1704067400000000), '{name}-bob')")
    deleted = house.run_sync(leavers)
    assert (deleted["status"], deleted["applied"]) == ("success", 1)
    assert house.run("profile", "show", "--external-id", f"{name}-bob").returncode != OK
    assert house.run("profile", "show", "--external-id", f"{name}-ada").returncode == OK
    house.cli("sync", "pause", leavers)

    # Nothing that is a secret was written anywhere.
    logs = "".join(file.read_text(errors="replace") for file in house.data.glob("log/*.log"))
    for secret in ["X-Amz-Signature", f"dapi.{workspace.name}", "dose-sluice", f"eyJ.{workspace.name}"]:
        assert secret not in logs
    assert all("authorization" not in entry["headers"] for entry in workspace.journal("link")[0])


def test_setup_prints_what_check_asks_for(house, emulator):
    """From an empty workspace by the printed statements alone; then everything that is wrong at once."""
    workspace = emulator.workspace()
    workspace.post("principal", name="sluice", can_use=True, client_secret="dose-sluice")
    house.apply(manifest(house, workspace, "fresh", "oauth_client"))

    def check(table, data="attributes"):
        return house.run("setup", "databricks", "fresh-lake", "--check", "--table", table, "--data", data)

    missing = check("users_attributes_sync")
    assert missing.returncode != OK and "(schema_not_found)" in missing.stderr, missing.stderr
    assert 'there is no schema "ingestion" of catalog "cdi"' in missing.stderr
    for data in ["attributes", "deletes"]:
        script = house.cli("setup", "databricks", "fresh-lake", "--data", data, "--address", "198.51.100.7")
        assert "198.51.100.7" in script and f"GRANT SELECT ON TABLE `cdi`.`ingestion`.`users_{data}_sync`" in script
        for _ in range(2):
            workspace.sql(script)
        good = check(f"users_{data}_sync", data)
        assert good.returncode == OK, good.stderr

    workspace.sql("CREATE TABLE cdi.ingestion.odd (updated_at DATE, alias_name STRING)")
    closed = check("odd")
    assert closed.returncode != OK and "(permission_denied)" in closed.stderr
    grants = re.search(r"what mends it, run by the table's owner: (GRANT .*;)", closed.stderr)[1]
    workspace.sql(grants)
    odd = check("odd")
    assert odd.returncode != OK
    for words in ["has no column ALIAS_LABEL", "also: table \"odd\" has no column PAYLOAD",
                  "also: column \"updated_at\" of table \"odd\" is of type DATE; it must be TIMESTAMP",
                  "what mends it: ALTER TABLE `cdi`.`ingestion`.`odd` ADD COLUMNS (alias_label STRING, payload STRING);",
                  "what mends it: CREATE VIEW `cdi`.`ingestion`.`odd_for_sluice` AS SELECT"]:
        assert words in odd.stderr, odd.stderr


def test_a_users_rows_and_a_cursor_that_goes_back(house, workspace):
    rows(workspace, "users_attributes_sync", USERS.format("asked"))
    house.apply(manifest(house, workspace, "asked", "token").replace('cron: "* * * * *"', "every: 1h"))
    house.cli("sync", "test", "asked-users")
    house.cli("sync", "activate", "asked-users")
    assert house.run_sync("asked-users")["applied"] == 2

    def explain(user):
        return house.json("row", "explain", "asked-users", "--external-id", user)

    ada = explain("asked-ada")
    assert ada["reason"] == "applied" and len(ada["rows"]) == 1, ada
    rows(workspace, "users_attributes_sync",
         "(updated_at, external_id, payload) VALUES "
         "(timestamp_micros(1704067300000001), 'asked-ada', '{\"tier\":\"black\"}'), "
         "(timestamp_micros(1704067300000002), 'asked-\\'eve', '{\"tier\":\"red\"}')")
    ada = explain("asked-ada")
    assert ada["reason"] == "waiting" and len(ada["rows"]) == 2, ada
    assert explain("asked-'eve")["reason"] == "waiting"
    for nobody in ["asked-nobody", "' OR 1=1 --"]:
        assert house.run("row", "explain", "asked-users", "--external-id", nobody).returncode == NOT_FOUND
    # Its statements are the sync's in the workspace's own history.
    tags = [statement["tags"] for statement in workspace.post("statements")]
    assert {"app": "sluice", "sync": "asked-users"} in tags
    assert any(tag.get("run") and tag.get("sync") == "asked-users" for tag in tags)

    assert house.run_sync("asked-users")["applied"] == 2
    preview = house.json("cursor", "rewind", "asked-users", "--all")
    assert (preview["rows_to_read"], preview["rows_skipped"], preview["moved"]) == (4, 0, False), preview
    moved = house.json("cursor", "rewind", "asked-users", "--all", "--yes")
    assert moved["moved"] is True and moved["to"] is None and moved["rows_to_read"] == 4, moved
    again = house.run_sync("asked-users")
    assert (again["status"], again["rows_read"], again["applied"]) == ("success", 4, 0), again
    assert again["cursor"] == moved["from"]
    assert house.json("profile", "show", "--external-id", "asked-ada")["custom_attributes"] == {"tier": "black", "n": 1}


#: What each type's INSERT looks like; the objects are the same (R28).
PAYLOADS = {
    "STRING": "'{\"tier\":\"gold\",\"gone\":null}'",
    "STRUCT<tier: STRING, gone: STRING>": "named_struct('tier', 'gold', 'gone', NULL)",
    "MAP<STRING, STRING>": "map('tier', 'gold', 'gone', NULL)",
    "VARIANT": "parse_json('{\"tier\":\"gold\",\"gone\":null}')"}


def test_payloads_of_every_type_say_the_same(house, workspace):
    """R28: a null in any of them removes the attribute."""
    house.apply(manifest(house, workspace, "typed", "token"))
    for number, (kind, value) in enumerate(PAYLOADS.items()):
        workspace.sql(f"CREATE TABLE cdi.ingestion.typed{number} (updated_at TIMESTAMP, external_id STRING, payload {kind});"
                      f"GRANT SELECT ON TABLE cdi.ingestion.typed{number} TO `sluice`")
        before = value.replace("NULL", "'here'").replace("null", "\"here\"" if "{" in value else "null")
        for second, payload in enumerate([before, value]):
            workspace.sql(f"INSERT INTO cdi.ingestion.typed{number} VALUES "
                          f"(timestamp_micros({1704067200 + second}000000), 'typed-{number}', {payload})")
            if second == 0:
                house.apply(f"kind: Sync\nname: typed{number}\nsource: typed-lake\ntable: typed{number}\n"
                            "data: attributes\ncontacts: [you@example.com]\n")
                house.cli("sync", "test", f"typed{number}")
                house.cli("sync", "activate", f"typed{number}")
            assert house.run_sync(f"typed{number}")["applied"] == 1
            profile = house.json("profile", "show", "--external-id", f"typed-{number}")["custom_attributes"]
            assert profile == ({"tier": "gold", "gone": "here"} if second == 0 else {"tier": "gold"}), kind


def test_a_run_waits_for_the_warehouse(house, workspace):
    rows(workspace, "users_attributes_sync", USERS.format("cold"))
    house.apply(manifest(house, workspace, "cold", "token"))
    house.cli("sync", "test", "cold-users")
    house.cli("sync", "activate", "cold-users")
    workspace.post("warehouse", state="STOPPED", start_seconds=240)
    run = house.json("sync", "run", "cold-users")
    deadline = time.monotonic() + 30
    while house.json("run", "show", run["run_id"])["phase"] != "starting_warehouse":
        assert time.monotonic() < deadline, house.json("run", "show", run["run_id"])
        time.sleep(0.1)
    workspace.advance(240)
    watched = house.json("run", "watch", run["run_id"])
    watched = watched[-1] if isinstance(watched, list) else watched
    assert watched["status"] == "success" and watched["rows_read"] == 2
    house.cli("sync", "pause", "cold-users")


def test_a_chunk_of_100_mb_does_not_fill_the_orchestrator(house, workspace):
    """B.8.22: the peak of the orchestrator's memory stays where a small run left it."""
    workspace.post("configure", chunk_bytes=200_000_000)
    workspace.sql(
        "INSERT INTO cdi.ingestion.users_attributes_sync (updated_at, external_id, payload) "
        "SELECT timestamp_micros(1704067200000000 + id), concat('u', CAST(id AS STRING)), "
        "concat('{\"a\":\"', repeat('x', 900), '\"}') FROM range(100000) AS s(id)")
    house.apply(manifest(house, workspace, "large", "token"))
    house.cli("sync", "test", "large-users")
    house.cli("sync", "activate", "large-users")
    before = house.peak_memory("orchestrator")
    run = house.run_sync("large-users")
    grown = house.peak_memory("orchestrator") - before
    house.cli("sync", "pause", "large-users")
    assert run["rows_read"] == 100_000 and run["status"] == "success"
    assert len({entry["facts"]["chunk"] for entry in workspace.journal("link")[0]}) == 1
    print(f"grown by {grown >> 20} MiB")
    assert grown < 64 << 20


def test_what_is_refused_is_said(house, workspace):
    house.apply(manifest(house, workspace, "poor", "token"))
    workspace.sql("REVOKE SELECT ON TABLE cdi.ingestion.users_attributes_sync FROM `sluice`")
    result = house.run("source", "test", "poor-lake", "--table", "users_attributes_sync", "--data", "attributes")
    assert result.returncode != OK
    assert "grant SELECT on it, USE SCHEMA and USE CATALOG" in result.stdout + result.stderr


def wait_for_slot(house, sync, patience=80):
    deadline = time.monotonic() + patience
    while True:
        runs = map(json.loads, house.cli("run", "list", sync, "-o", "jsonl").splitlines())
        ended = [run for run in runs if run["trigger"] == "schedule" and run["status"] != "running"]
        if ended:
            return ended[0]
        assert time.monotonic() < deadline, house.log_tail()
        time.sleep(0.2)
