"""Alerts as webhooks, beside mails, and the pause of a sync whose column vanished (R142)."""

import json
import os
import signal
import subprocess

import pytest
from support import mail
from support.house import CONFLICT, FAILURE, OK, UNREACHABLE, House
from support.postgres import PrivateCluster
from support.webhooks import WebhookSink

# In a payload: no webhook may hold it.
CANARY = "canary-in-the-coal-mine"


class Office:
    def __init__(self, house, postgres, mails, hooks):
        self.house, self.postgres, self.mails, self.hooks = house, postgres, mails, hooks
        house.credential("postman", "smtp", mail.USER, mail.PASSWORD)
        house.postgresql_source(postgres)

    def sync(self, name, **options):
        self.postgres.execute(
            f'CREATE TABLE {name} ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "EMAIL" text, "PAYLOAD" text);'
            f"INSERT INTO {name} SELECT now() - interval '1 hour', '{name}-' || i, NULL, '{{\"a\": \"{CANARY}\"}}' "
            "FROM generate_series(1, 3) AS i")
        self.house.apply(
            f"kind: Sync\nname: {name}\nsource: db\ntable: {name}\ndata: attributes\n"
            f"contacts: [ops@example.com]\noptions: {json.dumps(options)}\n")
        self.activate(name)

    def activate(self, name):
        self.house.cli("sync", "test", name)
        self.house.cli("sync", "activate", name)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("webhooks")
    with mail.MailSink(folder) as mails, WebhookSink(folder) as hooks, PrivateCluster() as postgres, House(
            folder, settings=mails.settings | hooks.settings | {"SLUICE_MAIL_CREDENTIAL": "postman"}) as house:
        yield Office(house, postgres, mails, hooks)
        assert CANARY not in json.dumps(hooks.received)
        assert all(genuine for _, _, genuine in hooks.attempts)
        # The path may be a secret: no log has it.
        for log in house.data.glob("log/*.log"):
            assert "path-secret" not in log.read_text(errors="replace"), log


def test_a_webhook_tells_what_a_mail_tells(office):
    house, hooks = office.house, office.hooks
    office.sync("orders")
    house.run_sync("orders")
    office.postgres.execute("ALTER TABLE orders RENAME TO elsewhere")
    failed = house.run_sync("orders", expect=FAILURE)
    house.run_sync("orders", expect=FAILURE)
    office.postgres.execute("ALTER TABLE elsewhere RENAME TO orders")
    house.run_sync("orders")
    hooks.wait_for(lambda: len(hooks.about("orders")) > 1)
    assert hooks.about("orders") == ["failed", "recovered"]
    office.mails.wait_for(lambda: len(office.mails.about("orders")) > 1)
    first = next(h for h in hooks.received if h["sync"] == "orders")
    assert first["path"] == "/hooks/T0/path-secret" and first["id"] == first["key"]
    assert first["run_id"] == failed["run_id"] and first["status"] == "config_error"
    assert first["error_code"] == "table_not_found" and first["error_message"] == failed["error_message"]
    assert first["workspace"] == "default" and first["rows_read"] == 0


def test_a_webhook_is_repeated_under_its_id_until_it_is_taken_through_a_kill_and_costs_the_mail_nothing(office):
    house, hooks = office.house, office.hooks
    office.sync("patient")
    hooks.answer = 503
    office.postgres.execute("ALTER TABLE patient RENAME TO gone")
    house.run_sync("patient", expect=FAILURE)
    hooks.wait_for(lambda: [a for a in hooks.attempts if a[0] == 503])
    office.mails.wait_for(lambda: office.mails.about("patient"))
    killed = house.pid("orchestrator")
    os.kill(killed, signal.SIGKILL)
    hooks.wait_for(lambda: house.pid("orchestrator") not in (None, killed))
    house.wait_until_healthy()
    hooks.answer = 204
    hooks.wait_for(lambda: hooks.about("patient"))
    taken = next(h for h in hooks.received if h["sync"] == "patient")
    assert {key for status, key, _ in hooks.attempts if status == 503} == {taken["key"]}
    assert hooks.about("patient") == ["failed"]
    assert len(office.mails.about("patient")) == 1


def test_alert_test_covers_the_webhook(office):
    house, hooks = office.house, office.hooks
    office.sync("tried")
    worked = house.run("alert", "test", "tried")
    assert worked.returncode == OK and "the webhook was taken" in worked.stderr, worked
    assert hooks.about("tried") == ["test"] and "run_id" not in hooks.received[-1]
    hooks.answer = 302
    refused = house.run("alert", "test", "tried")
    hooks.answer = 204
    assert refused.returncode == UNREACHABLE and "answered 302" in refused.stderr, refused
    hooks.stop()
    down = house.run("alert", "test", "tried")
    hooks.start()
    assert down.returncode == UNREACHABLE and "webhook" in down.stderr, down
    assert "path-secret" not in refused.stderr + down.stderr


def test_a_column_that_vanished_pauses_the_sync_and_is_told(office):
    house, sql = office.house, office.postgres.execute
    office.sync("people")
    house.run_sync("people")
    # One without which a sync could go on.
    sql('ALTER TABLE people DROP COLUMN "EMAIL"')
    run = house.run_sync("people", expect=FAILURE)
    assert run["status"] == "config_error" and run["error_code"] == "column_missing"
    assert "EMAIL" in run["error_message"] and "sluice sync activate people" in run["error_message"]
    assert house.json("sync", "show", "people")["state"] == "paused"
    assert house.run("sync", "run", "people").returncode == CONFLICT
    early = house.run("sync", "activate", "people")
    assert early.returncode == CONFLICT and "sluice sync test people" in early.stderr, early
    office.hooks.wait_for(lambda: office.hooks.about("people"))
    assert office.hooks.about("people") == ["paused"]
    office.mails.wait_for(lambda: office.mails.about("people"))
    assert office.mails.about("people") == ['Sluice: sync "people" is paused: a column is gone']
    told = next(m for m in office.mails.mails if '"people"' in m["subject"]).get_content()
    assert "EMAIL" in told and "sluice sync test people" in told and "Scheduled runs go on" not in told

    sql('ALTER TABLE people ADD COLUMN "EMAIL" text; ALTER TABLE people ADD COLUMN news text')
    office.activate("people")
    house.run_sync("people")
    office.hooks.wait_for(lambda: len(office.hooks.about("people")) > 1)
    assert office.hooks.about("people") == ["paused", "recovered"]
    # One without which none can be.
    sql('ALTER TABLE people RENAME COLUMN "PAYLOAD" TO elsewhere')
    assert house.run_sync("people", expect=FAILURE)["error_code"] == "column_missing"
    assert house.json("sync", "show", "people")["state"] == "paused"


@pytest.mark.parametrize("settings, says", [
    ({"SLUICE_WEBHOOK_URL": "http://127.0.0.1:9999/"}, "SLUICE_EGRESS_ALLOW"),
    ({"SLUICE_WEBHOOK_URL": "http://192.0.2.1:9999/", "SLUICE_EGRESS_ALLOW": "192.0.2.1"}, "use https"),
    ({"SLUICE_WEBHOOK_URL": "nowhere"}, "SLUICE_WEBHOOK_URL"),
    ({"SLUICE_WEBHOOK_URL": "https://example.com/", "SLUICE_WEBHOOK_SECRET_FILE": ""}, "SLUICE_WEBHOOK_SECRET_FILE"),
    ({"SLUICE_WEBHOOK_URL": "https://example.com/", "SLUICE_WEBHOOK_SECRET_FILE": "/nowhere"}, "/nowhere"),
    ({"SLUICE_WEBHOOK_URL": "https://example.com/", "SLUICE_EGRESS_ALLOW": "10.1.2.3/8"}, "SLUICE_"),
])
def test_settings_that_cannot_work_stop_the_orchestrator_at_its_start(office, tmp_path, settings, says):
    house = office.house
    secret = tmp_path / "secret"
    secret.write_text("sixteen bytes or more")
    environment = house.environment | {"SLUICE_WEBHOOK_SECRET_FILE": str(secret)} | settings
    for setting, name in [("CERT", "orchestrator.pem"), ("KEY", "orchestrator.key"), ("CA", "ca.pem")]:
        environment[f"SLUICE_TLS_{setting}"] = str(next(house.data.rglob(name)))
    result = subprocess.run(
        [house.binaries / "sluice-orchestrator", "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
         "--vault", "127.0.0.1:1", "--writer", "127.0.0.1:1"],
        env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert result.returncode != 0 and says in result.stdout + result.stderr, result
