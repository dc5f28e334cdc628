"""Redshift from nothing to a scheduled sync: directly, and through a bastion with the vault's SSH key."""

import json
import os
import pwd
import signal
import time

import pytest
import yaml
from support.house import FAILURE, OK, House
from support.redshift import PASSWORD, Bastion, RedshiftCluster

STATEMENTS = """
CREATE SCHEMA ingestion;
CREATE TABLE ingestion.users_attributes_sync (
   updated_at timestamptz default sysdate,
   external_id varchar, alias_label varchar, alias_name varchar, braze_id varchar, email varchar, phone varchar,
   payload varchar(max)
) COMPOUND SORTKEY (updated_at);
GRANT USAGE ON SCHEMA ingestion TO braze_user;
GRANT SELECT ON TABLE ingestion.users_attributes_sync TO braze_user;
INSERT INTO ingestion.users_attributes_sync (external_id, payload) VALUES ('ada', '{"color": "blue"}');
INSERT INTO ingestion.users_attributes_sync (external_id, payload) VALUES ('bob', '{"color": "red"}');
"""


@pytest.fixture(scope="module")
def redshift(postgres):
    with RedshiftCluster(postgres) as cluster:
        cluster.paste(STATEMENTS)
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


def write_sync(house, name, source, schedule="manual"):
    house.apply(yaml.safe_dump(
        {"kind": "Sync", "name": name, "source": source, "table": "cloud_production.ingestion.users_attributes_sync",
         "data": "attributes", "schedule": schedule, "contacts": ["ops@example.com"]}))


def test_directly(house, redshift):
    write_source(house, "shop", redshift.settings())
    report = house.json("source", "test", "shop", "--table", "ingestion.users_attributes_sync")
    assert report["ok"] and len(report["preview"]) == 2, report
    write_sync(house, "users", "shop", {"cron": "* * * * *"})
    house.cli("sync", "test", "users")
    house.cli("sync", "activate", "users")
    run = house.run_sync("users")
    assert (run["status"], run["applied"]) == ("success", 2)
    redshift.paste("INSERT INTO ingestion.users_attributes_sync (external_id, payload) "
                   "VALUES ('cyd', '{\"color\": \"green\"}');")
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


def test_through_a_bastion(house, redshift, tmp_path):
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
