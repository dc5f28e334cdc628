"""Redshift from nothing to a scheduled sync: directly, and through a bastion with the vault's SSH key."""

import json
import os
import pwd
import signal
import time

import pytest
import yaml
from support.house import FAILURE, NOT_FOUND, OK, USAGE, House
from support.redshift import PASSWORD, Bastion, RedshiftCluster

TABLE = "cloud_production.ingestion.users_attributes_sync"


@pytest.fixture(scope="module")
def redshift(postgres):
    with RedshiftCluster(postgres) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with House(tmp_path_factory.mktemp("house"), settings={"SLUICE_SHORTEST_INTERVAL": "5"}) as house:
        secret = house.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        house.cli("credential", "create", "cluster", "--type", "password", "--username", "braze_user",
                  "--secret-file", secret)
        yield house


def write_source(house, name, settings):
    house.apply(yaml.safe_dump(
        {"kind": "Source", "name": name, "type": "redshift", "credential": "cluster", "settings": settings}))


def write_sync(house, name, source, schedule="manual", table=TABLE, data="attributes"):
    house.apply(yaml.safe_dump(
        {"kind": "Sync", "name": name, "source": source, "table": table, "data": data, "schedule": schedule,
         "contacts": ["ops@example.com"]}))


def add(redshift, name, color, stamp="sysdate"):
    redshift.paste("INSERT INTO ingestion.users_attributes_sync (updated_at, external_id, payload) "
                   f"VALUES ({stamp}, '{name}', '{{\"color\": \"{color}\"}}');")


@pytest.fixture(scope="module")
def shop(house, redshift):
    """A source, set up by what `sluice setup` prints, and checked on the way."""
    write_source(house, "shop", redshift.settings())
    # 1. Nobody has made the user: the check says so, and how.
    refused = house.run("setup", "redshift", "shop", "--check")
    assert refused.returncode == FAILURE and "(wrong_password)" in refused.stderr, refused.stderr
    # 2. The steps, as they are printed and as JSON; pasted but for the grants.
    arguments = ["setup", "redshift", "shop", "--table", TABLE, "--address", "192.0.2.7"]
    printed = house.cli(*arguments)
    assert "from 192.0.2.7" in printed and PASSWORD not in printed
    steps = house.json(*arguments)
    steps = (steps[0] if isinstance(steps, list) else steps)["steps"]
    assert len(steps) == 3 and all(step["statements"] in printed for step in steps), steps
    filled = printed.replace("{password}", PASSWORD)
    grants = [line for line in filled.splitlines() if line.startswith("GRANT ")]
    assert len(grants) == 2
    redshift.paste("\n".join(line for line in filled.splitlines() if line not in grants))
    house.cli("setup", "redshift", "shop", "--check")
    # 3. The check names both grants in one sentence, ready to paste.
    denied = house.run("setup", "redshift", "shop", "--check", "--table", TABLE)
    assert denied.returncode == FAILURE and "(permission_denied)" in denied.stderr, denied.stderr
    statements = denied.stderr.split("run: ")[1].split("(permission_denied)")[0].replace("; GRANT", ";\nGRANT")
    assert statements.count("GRANT ") == 2, statements
    redshift.paste(statements.strip() + ";")
    house.cli("setup", "redshift", "shop", "--check", "--table", TABLE)
    # 4. Pasted again, whole, nothing is lost; CREATE USER says that the user is there.
    redshift.paste("\n".join(line for line in filled.splitlines() if not line.startswith("CREATE USER")))
    # 5. All that is missing at once: no identifier, no payload, and no grant.
    redshift.paste("CREATE TABLE ingestion.bare (updated_at timestamptz);")
    bare = house.run("setup", "redshift", "shop", "--check", "--table", "ingestion.bare", "--data", "events")
    assert bare.returncode == FAILURE
    for words in ["no identifier column", "no column PAYLOAD", "GRANT SELECT ON TABLE \"ingestion\".\"bare\"",
                  "ALTER TABLE \"ingestion\".\"bare\" ADD COLUMN PAYLOAD varchar(max)"]:
        assert words in bare.stderr, (words, bare.stderr)
    wrong = house.run("setup", "snowflake", "shop")
    assert wrong.returncode == USAGE and "sluice setup redshift shop" in wrong.stderr
    add(redshift, "ada", "blue")
    add(redshift, "bob", "red")
    return "shop"


def test_directly(house, redshift, shop):
    report = house.json("source", "test", shop, "--table", "ingestion.users_attributes_sync")
    assert report["ok"] and len(report["preview"]) == 2, report
    write_sync(house, "users", shop, {"cron": "* * * * *"})
    house.cli("sync", "test", "users")
    house.cli("sync", "activate", "users")
    run = house.run_sync("users")
    assert (run["status"], run["applied"]) == ("success", 2)
    # Whose work it was, in the cluster's own list.
    groups = [entry["query_group"] for entry in redshift.steer("/cloud_production/journal")["requests"]
              if "ORDER BY" in entry.get("sql", "") and "LIMIT" not in entry["sql"]]
    assert f"sluice sync=users run={run['run_id']}" in groups, groups
    add(redshift, "cyd", "green")
    deadline = time.monotonic() + 90
    while True:
        runs = [json.loads(line) for line in house.cli("run", "list", "users", "-o", "jsonl").splitlines()]
        ended = [r for r in runs if r["trigger"] == "schedule" and r["status"] != "running"]
        if ended:
            break
        assert time.monotonic() < deadline, house.log_tail()
        time.sleep(0.2)
    assert ended[0]["status"] == "success"
    assert house.json("profile", "show", "--external-id", "cyd")["custom_attributes"]["color"] == "green"
    house.cli("sync", "pause", "users")
    # The credential is in use by no active sync now; while it was, it could not go.
    house.cli("sync", "delete", "users", "--yes")


def test_questions(house, redshift, shop):
    """What became of a row, and what a move of the cursor means; then the move and the run after it."""
    add(redshift, "dan", "white")
    write_sync(house, "asked", shop)
    house.cli("sync", "test", "asked")
    house.cli("sync", "activate", "asked")
    house.run_sync("asked")
    answer = house.json("row", "explain", "asked", "--external-id", "dan")
    assert answer["reason"] == "applied" and len(answer["rows"]) == 1, answer
    add(redshift, "late", "grey", "timestamptz '2024-01-01 00:00:00+00'")
    answer = house.json("row", "explain", "asked", "--external-id", "late")
    assert answer["reason"] == "before_cursor", answer
    preview = house.json("cursor", "rewind", "asked", "--all")
    assert (preview["rows_to_read"], preview["moved"]) == (5, False), preview
    moved = house.json("cursor", "rewind", "asked", "--all", "--yes")
    assert moved["moved"] is True and moved["rows_to_read"] == 5, moved
    run = house.run_sync("asked")
    assert (run["status"], run["rows_read"], run["applied"]) == ("success", 5, 1), run
    assert house.json("profile", "show", "--external-id", "late")["custom_attributes"]["color"] == "grey"
    assert house.json("row", "explain", "asked", "--external-id", "late")["reason"] == "applied"
    house.cli("sync", "pause", "asked")
    house.cli("sync", "delete", "asked", "--yes")


def test_deletes(house, redshift, shop):
    add(redshift, "gone", "black")
    write_sync(house, "adds", shop)
    house.cli("sync", "test", "adds")
    house.cli("sync", "activate", "adds")
    house.run_sync("adds")
    house.json("profile", "show", "--external-id", "gone")
    table = "cloud_production.ingestion.users_deletes_sync"
    printed = house.cli("setup", "redshift", shop, "--table", table, "--data", "deletes")
    assert "payload" not in printed.split("CREATE USER")[0]
    redshift.paste("\n".join(line for line in printed.splitlines() if not line.startswith("CREATE USER")))
    redshift.paste("INSERT INTO ingestion.users_deletes_sync (external_id) VALUES ('gone');")
    house.cli("setup", "redshift", shop, "--check", "--table", table, "--data", "deletes")
    write_sync(house, "deletes", shop, table=table, data="deletes")
    house.cli("sync", "test", "deletes")
    house.cli("sync", "activate", "deletes")
    run = house.run_sync("deletes")
    assert (run["status"], run["applied"]) == ("success", 1), run
    assert house.run("profile", "show", "--external-id", "gone").returncode == NOT_FOUND
    assert house.json("profile", "show", "--external-id", "ada")["external_id"] == "ada"
    for name in ("adds", "deletes"):
        house.cli("sync", "pause", name)
        house.cli("sync", "delete", name, "--yes")


def test_through_a_bastion(house, redshift, shop, tmp_path):
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shown = house.json("credential", "create", "bastion", "--type", "ssh_key_pair", "--username", user)
    line = find_public_key(shown)
    with Bastion(tmp_path / "bastion", line) as bastion:
        settings = redshift.settings() | {
            "tunnel_host": "127.0.0.1", "tunnel_port": str(bastion.port), "tunnel_user": user,
            "tunnel_credential": "bastion"}
        # 1. The host key is shown, and nothing is sent to who shows it.
        write_source(house, "private", settings)
        refused = house.run("source", "test", "private")
        assert refused.returncode == FAILURE
        assert bastion.fingerprint in refused.stdout + refused.stderr
        # 2. Confirmed.
        write_source(house, "private", settings | {"tunnel_host_key": bastion.fingerprint})
        report = house.json("source", "test", "private", "--table", "ingestion.users_attributes_sync")
        assert report["ok"] and len(report["preview"]) >= 2, report
        assert bastion.clients() == []
        write_sync(house, "tunnelled", "private")
        house.cli("sync", "test", "tunnelled")
        house.cli("sync", "activate", "tunnelled")
        run = house.run_sync("tunnelled")
        assert run["status"] == "success" and run["rows_read"] >= 2, run
        assert bastion.clients() == []
        # Both credentials are held while the sync is active.
        for name in ("cluster", "bastion"):
            refused = house.run("credential", "delete", name, "--yes")
            assert refused.returncode == FAILURE and "credential_in_use" in refused.stderr
        audit = house.cli("audit", "list", "-o", "jsonl")
        assert "sign ssh login" in audit
        # 3. The orchestrator is killed in the middle of a read: no ssh is left, and the next one reads on.
        hold_the_next_read(house, redshift, bastion)
        killed = house.pid("orchestrator")
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not bastion.clients(), house, 20)
        wait_until(lambda: house.pid("orchestrator") not in (None, killed), house)
        house.wait_until_healthy()
        wait_until(lambda: house.run("sync", "run", "tunnelled", "--wait").returncode == OK, house, 120)
        assert bastion.clients() == []
        # 4. It is asked to stop in the middle of a read.
        hold_the_next_read(house, redshift, bastion)
        house.stop()
        assert bastion.clients() == []
        house.start()
        house.cli("sync", "pause", "tunnelled")
    # 5. The secret and the private key are in no log.
    for file in house.data.glob("log/*.log"):
        assert PASSWORD not in file.read_text() and "PRIVATE KEY" not in file.read_text()


def hold_the_next_read(house, redshift, bastion):
    redshift.steer("/cloud_production/faults", {
        "point": "statement", "where": {"sql": "ORDER BY"}, "action": {"delay": 120}})
    before = redshift.reads()
    house.cli("sync", "run", "tunnelled")
    wait_until(lambda: redshift.reads() > before, house)
    assert bastion.clients()


def wait_until(condition, house, patience=60):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, house.log_tail()
        time.sleep(0.05)


def find_public_key(shown):
    credential = shown.get("credential", shown)
    return credential["public_key"]
