"""What the contacts of a sync are mailed, over a mail server with STARTTLS and AUTH, and what not.

Alerts leave in the order in which they were written down, so when the mail about a later run is there,
no other about an earlier one will come.
"""

import json
import os
import signal

import pytest
from support import mail
from support.house import FAILURE, OK, REJECTED, UNREACHABLE, House
from support.postgres import PrivateCluster

READER = "reader"
# In a payload: no mail may hold it.
CANARY = "canary-in-the-coal-mine"


class Office:
    """Services, a source whose tables break, and the mail server."""

    def __init__(self, house, postgres, sink):
        self.house, self.postgres, self.sink = house, postgres, sink
        self.marks = 0
        house.credential("postman", "smtp", mail.USER, mail.PASSWORD)
        house.postgresql_source(postgres, user=READER)
        postgres.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{postgres.password}'")
        self.sync("mark", 1, options={"alertSuccess": True})

    def sync(self, name, good, bad=0, options=None, contacts=("ops@example.com", "second@example.com")):
        """A table and an active sync of it, with so many rows that are right and that are rejected."""
        self.postgres.execute(
            f'CREATE TABLE {name} ("UPDATED_AT" timestamptz, "EXTERNAL_ID" text, "PAYLOAD" text);'
            f"INSERT INTO {name} SELECT now() - interval '1 hour', '{name}-' || i, '{{\"a\": 1}}' "
            f"FROM generate_series(1, {good}) AS i;"
            f"INSERT INTO {name} SELECT now() - interval '1 hour', '{name}-bad-' || i, '[\"{CANARY}\"]' "
            f"FROM generate_series(1, {bad}) AS i; GRANT SELECT ON {name} TO {READER}")
        self.house.apply(
            f"kind: Sync\nname: {name}\nsource: db\ntable: {name}\ndata: attributes\nschedule: manual\n"
            f"contacts: {json.dumps(contacts)}\noptions: {json.dumps(options or {})}\n")
        self.house.cli("sync", "test", name)
        self.house.cli("sync", "activate", name)

    def run(self, name, *, code="", expect=OK):
        run = self.house.run_sync(name, expect=expect)
        assert (run.get("error_code") or "") == code, run
        return run

    def settle(self):
        """Returns when the mails about every run that has ended are there."""
        before = len(self.sink.about("mark"))
        self.run("mark")
        self.sink.wait_for(lambda: len(self.sink.about("mark")) > before)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    with mail.MailSink(folder) as sink, PrivateCluster() as postgres, House(
            folder, settings=sink.settings | {"SLUICE_MAIL_CREDENTIAL": "postman"}) as house:
        yield Office(house, postgres, sink)
        for received in sink.mails:
            assert CANARY not in received.as_string()


def test_a_failure_is_told_once_another_one_too_and_the_recovery(office):
    sql, said = office.postgres.execute, lambda: office.sink.about("orders")
    office.sync("orders", 3)
    office.run("orders")
    sql("ALTER TABLE orders RENAME TO elsewhere")
    for _ in range(3):
        office.run("orders", code="table_not_found", expect=FAILURE)
    sql(f"ALTER TABLE elsewhere RENAME TO orders; REVOKE SELECT ON orders FROM {READER}")
    for _ in range(2):
        office.run("orders", code="permission_denied", expect=FAILURE)
    sql(f"GRANT SELECT ON orders TO {READER}")
    for _ in range(2):
        works = office.run("orders")
    # The same failure as the first one is news again.
    sql("ALTER TABLE orders RENAME TO elsewhere")
    office.run("orders", code="table_not_found", expect=FAILURE)
    office.settle()
    assert said() == [
        'Sluice: sync "orders" failed: table_not_found', 'Sluice: sync "orders" failed: permission_denied',
        'Sluice: sync "orders" works again', 'Sluice: sync "orders" failed: table_not_found']

    first, denied, again, _ = [m for m in office.sink.mails if 'sync "orders"' in m["subject"]]
    for received in [first, denied, again]:
        assert received.encrypted and received.login == mail.USER
        assert received.recipients == ["ops@example.com", "second@example.com"]
        assert received["from"].addresses[0].addr_spec == "sluice@example.com"
        assert not received.defects
    assert "there is no table or view of that name" in first.get_content()
    assert "grant SELECT" in denied.get_content()
    assert "rows read" in again.get_content()
    assert works["run_id"] not in again.get_content()
    assert len({m["message-id"] for m in office.sink.mails}) == len(office.sink.mails)


def test_rejected_rows_are_told_from_the_threshold_on_and_single_ones_never(office):
    office.sync("silent", 9, 1)
    office.sync("below", 9, 1, {"alertRejectedPercent": 11})
    office.sync("above", 8, 2, {"alertRejectedPercent": 20})
    for name in ["silent", "below"]:
        assert office.run(name, expect=REJECTED)["status"] == "partial"
    above = office.run("above", expect=REJECTED)
    office.settle()
    assert office.sink.about("silent") == [] and office.sink.about("below") == []
    assert office.sink.about("above") == ['Sluice: 2 rows of sync "above" were rejected']
    told = next(m for m in office.sink.mails if 'sync "above"' in m["subject"]).get_content()
    assert "10 rows read: 8 applied" in told and f"sluice run rows {above['run_id']}" in told


def test_success_is_told_where_the_sync_asks_for_it_also_without_rows(office):
    office.sync("glad", 2, options={"alertSuccess": True})
    office.sync("modest", 2)
    for _ in range(2):
        office.run("glad")
        office.run("modest")
    office.settle()
    assert office.sink.about("glad") == ['Sluice: sync "glad" succeeded'] * 2
    assert office.sink.about("modest") == []


def test_alert_test_sends_a_mail_and_says_what_is_wrong_with_the_server(office):
    house, before = office.house, len(office.sink.mails)
    assert "second@example.com" in (lambda r: r.stdout + r.stderr)(house.run("alert", "test", "mark"))
    assert [m["subject"] for m in office.sink.mails[before:]] == ["Sluice: a test"]
    assert 'sync "mark"' in office.sink.mails[-1].get_content()

    house.credential("postman", "smtp", mail.USER, "not the postman's")
    refused = house.run("alert", "test", "mark")
    house.credential("postman", "smtp", mail.USER, mail.PASSWORD)
    assert refused.returncode not in (OK, None) and "not the postman" not in refused.stderr
    assert "mail" in refused.stderr and "535" in refused.stderr, refused.stderr

    office.sink.stop()
    down = house.run("alert", "test", "mark")
    office.sink.start()
    assert down.returncode == UNREACHABLE and "mail" in down.stderr, down
    assert len(office.sink.mails) == before + 1


def test_a_contact_that_the_server_refuses_is_named_and_costs_the_others_nothing(office):
    house, sink = office.house, office.sink
    office.sync("picky", 2)
    sink.refusals = {"second@example.com": "550 5.1.1 nobody of that name"}
    refused = house.run("alert", "test", "picky")
    assert refused.returncode == FAILURE, refused
    assert "second@example.com (550 5.1.1 nobody of that name)" in refused.stderr
    assert sink.mails[-1].recipients == ["ops@example.com"]

    # What may change is tried again, for that contact alone.
    sink.refusals = {"second@example.com": "451 4.2.2 the mailbox is full"}
    office.postgres.execute("ALTER TABLE picky RENAME TO choosy")
    office.run("picky", code="table_not_found", expect=FAILURE)
    office.settle()
    sink.refusals = {}
    sink.wait_for(lambda: len(sink.about("picky")) > 1)
    office.settle()
    told = [m.recipients for m in sink.mails if 'sync "picky"' in m["subject"]]
    assert told == [["ops@example.com"], ["second@example.com"]]
    log = (house.data / "log/orchestrator.log").read_text()
    assert "the mail server refused a contact" in log and "451 4.2.2" in log


def test_a_contact_that_no_mail_can_go_to_costs_the_others_nothing(office):
    # SMTPUTF8 (RFC 6531) is not spoken: such an address is taken, and named here.
    office.sync("umlaut", 2, contacts=("müller@example.com", "ops@example.com"))
    refused = office.house.run("alert", "test", "umlaut")
    assert refused.returncode == FAILURE and "müller@example.com" in refused.stderr, refused
    office.postgres.execute("ALTER TABLE umlaut RENAME TO vowel")
    office.run("umlaut", code="table_not_found", expect=FAILURE)
    office.settle()
    told = [m.recipients for m in office.sink.mails if 'sync "umlaut"' in m["subject"]]
    assert told == [["ops@example.com"]]


def test_a_mail_waits_for_the_mail_server_through_a_kill_of_the_orchestrator(office):
    house = office.house
    office.sync("patient", 2)
    office.sink.stop()
    log = house.data / "log/orchestrator.log"
    said = log.read_text().count("it is tried again")
    office.postgres.execute("ALTER TABLE patient RENAME TO gone")
    office.run("patient", code="table_not_found", expect=FAILURE)
    office.sink.wait_for(lambda: log.read_text().count("it is tried again") > said)
    killed = house.pid("orchestrator")
    os.kill(killed, signal.SIGKILL)
    office.sink.wait_for(lambda: house.pid("orchestrator") not in (None, killed))
    house.wait_until_healthy()
    assert office.sink.about("patient") == []
    office.sink.start()
    office.sink.wait_for(lambda: office.sink.about("patient"))
    office.run("patient", code="table_not_found", expect=FAILURE)
    office.settle()
    assert office.sink.about("patient") == ['Sluice: sync "patient" failed: table_not_found']


def test_a_run_in_which_the_orchestrator_was_killed_is_told_once_by_the_next_start(office):
    house, sql, said = office.house, office.postgres.execute, lambda: office.sink.about("doomed")
    office.sync("doomed", 1)
    # Reading its row takes longer than the test.
    sql("CREATE FUNCTION sleep_long() RETURNS text VOLATILE LANGUAGE plpgsql "
        "AS $$ BEGIN PERFORM pg_sleep(600); RETURN '{}'; END $$; ALTER TABLE doomed RENAME TO awake;"
        'CREATE VIEW doomed AS SELECT "UPDATED_AT", "EXTERNAL_ID", sleep_long() AS "PAYLOAD" FROM awake;'
        f"GRANT SELECT ON doomed TO {READER}")

    def kill():
        killed = house.pid("orchestrator")
        os.kill(killed, signal.SIGKILL)
        office.sink.wait_for(lambda: house.pid("orchestrator") not in (None, killed))
        house.wait_until_healthy()

    run = house.json("sync", "run", "doomed")["run_id"]
    office.sink.wait_for(lambda: house.json("run", "show", run)["phase"] in ("querying", "reading"))
    kill()
    office.sink.wait_for(said)
    assert house.json("run", "show", run)["error_code"] == "interrupted"
    kill()
    office.settle()
    assert said() == ['Sluice: sync "doomed" failed: interrupted']

    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%doomed%' "
        "AND pid <> pg_backend_pid()")
    sql("DROP VIEW doomed; ALTER TABLE awake RENAME TO doomed")
    office.run("doomed")
    office.settle()
    assert said() == ['Sluice: sync "doomed" failed: interrupted', 'Sluice: sync "doomed" works again']
