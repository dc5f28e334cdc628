"""BigQuery from a key file to a scheduled run and a sync of deletes, as docs/warehouses/bigquery.md goes."""

import json
import time

import pytest
from support.bigquery import BigQueryProject
from support.emulator import Emulator
from support.house import FAILURE, NOT_FOUND, OK, House

EMAIL = "sluice@shop-1.iam.gserviceaccount.com"
TABLE = """CREATE TABLE `shop-1.ingestion.{name}` (updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP(),
  external_id STRING, alias_name STRING, alias_label STRING, braze_id STRING, email STRING, phone STRING{payload})
  PARTITION BY DATE(updated_at)"""


@pytest.fixture(scope="module")
def emulator():
    with Emulator("bigquery") as emulator:
        yield emulator


@pytest.fixture(scope="module")
def project(emulator):
    project = BigQueryProject(emulator, "shop-1")
    project.sql("CREATE SCHEMA IF NOT EXISTS `shop-1.ingestion` OPTIONS (location = 'EU')",
                TABLE.format(name="users", payload=", payload JSON NOT NULL"),
                TABLE.format(name="leavers", payload=""))
    return project


@pytest.fixture(scope="module")
def house(tmp_path_factory, emulator):
    """An operator allows this machine's address for warehouses, and the emulator's token endpoint."""
    settings = {"SLUICE_EGRESS_ALLOW": "127.0.0.1,::1", "SLUICE_TOKEN_HOSTS": f"localhost:{emulator.facts['port']}"}
    with House(tmp_path_factory.mktemp("house"), settings=settings) as house:
        yield house


def insert(project, *users, when="CURRENT_TIMESTAMP()"):
    """Rows with a payload that says how often the user was written."""
    values = ", ".join(f"({when}, '{user}', JSON '{{\"visits\": {visits}}}')" for user, visits in users)
    project.sql(f"INSERT INTO `shop-1.ingestion.users` (updated_at, external_id, payload) VALUES {values}")


def source(emulator, name="shop", **settings):
    settings = {"project": "shop-1", "dataset": "ingestion", "endpoint": emulator.facts["address"],
                "caFile": emulator.facts["caFile"], **settings}
    return f"kind: Source\nname: {name}\ntype: bigquery\ncredential: bq\nsettings: {json.dumps(settings)}\n"


def visits(house, user):
    return house.json("profile", "show", "--external-id", user)["custom_attributes"]["visits"]


def wait_for(house, sync, condition, patience=130):
    deadline = time.monotonic() + patience
    while True:
        runs = [json.loads(line) for line in house.cli("run", "list", sync, "-o", "jsonl").splitlines()]
        found = [run for run in runs if condition(run)]
        if found:
            return found[0]
        assert time.monotonic() < deadline, (runs, house.log_tail())
        time.sleep(0.3)


def test_from_a_key_file_to_a_scheduled_run_and_deletes(emulator, project, house):
    insert(project, ("a", 1), ("b", 1), ("c", 1), when="TIMESTAMP '2024-05-01 10:00:00.123456+00'")
    # The key file, as the console gives it.
    key = project.steer("account", email=EMAIL, tokenUri=f"{emulator.facts['address']}/shop-1/token", ownKey=True)
    file = house.folder / "key.json"
    file.write_text(json.dumps(key, indent=2))
    file.chmod(0o600)
    house.cli("credential", "create", "bq", "--type", "service_account", "--secret-file", file)
    file.unlink()
    house.apply(source(emulator))

    # What would be pasted at Google, with the source's names, and what is missing of it: nothing.
    text = house.cli("setup", "bigquery", "shop", "--table", "made")
    assert "CREATE TABLE IF NOT EXISTS `shop-1.ingestion.made` (" in text and f"serviceAccount:{EMAIL}" in text
    for role in ["jobUser", "user", "connectionUser", "dataViewer"]:
        assert f"--role=roles/bigquery.{role} " in text
    steps = house.json("setup", "bigquery", "shop", "--table", "made")
    steps = (steps[0] if isinstance(steps, list) else steps)["steps"]
    assert len(steps) == 3
    for _ in range(2):
        project.sql(*[part for part in steps[0]["statements"].split(";\n") if part.strip()])
    house.cli("setup", "bigquery", "shop", "--check", "--table", "made")
    # All that is missing is said at once, each with the statement that mends it.
    project.sql("CREATE TABLE `shop-1.ingestion.odd` (updated_at TIMESTAMP, email STRING NOT NULL)")
    project.steer("refuse", email=EMAIL, permission="bigquery.tables.getData", resource="shop-1.ingestion.odd")
    missing = house.run("setup", "bigquery", "shop", "--check", "--table", "odd")
    assert missing.returncode == FAILURE
    said = " ".join((missing.stdout + missing.stderr).split())
    mends = ["ALTER TABLE `shop-1.ingestion.odd` ADD COLUMN payload JSON",
             f'GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop-1.ingestion` TO "serviceAccount:{EMAIL}"']
    for statement in mends:
        assert statement in said, said
    project.sql(*mends)
    mended = house.run("setup", "bigquery", "shop", "--check", "--table", "odd")
    assert mended.returncode == OK, mended.stdout + mended.stderr
    assert "ALTER COLUMN `email` DROP NOT NULL" in " ".join((mended.stdout + mended.stderr).split())

    # Test connection, with a preview.
    report = house.json("source", "test", "shop", "--table", "users", "--data", "attributes")
    assert report["ok"] and "BigQuery (project shop-1)" in report["server"], report
    assert len(report["preview"]) == 3
    assert any("a first run reads all of table" in warning for warning in report["warnings"])
    # As a person sees it.
    shown = house.run("source", "test", "shop", "--table", "users", "--data", "attributes")
    assert "bytes by BigQuery's dry run" in " ".join((shown.stdout + shown.stderr).split()), shown

    house.apply("kind: Sync\nname: users\nsource: shop\ntable: users\ndata: attributes\n"
                'schedule: {"cron": "* * * * *"}\ncontacts: [ops@example.com]\n')
    house.cli("sync", "test", "users")
    house.cli("sync", "activate", "users")
    first = house.run_sync("users")
    # The schedule may have been quicker.
    assert first["status"] == "success" and int(first["rows_read"]) == 3
    assert [visits(house, user) for user in "abc"] == [1, 1, 1]

    # By itself, what has changed; the schedule may be quicker than the next line.
    seen = {run["run_id"] for run in map(json.loads, house.cli("run", "list", "users", "-o", "jsonl").splitlines())}
    insert(project, ("b", 2), ("d", 1))
    run = wait_for(house, "users", lambda run: run["run_id"] not in seen and run["status"] == "success"
                   and run["trigger"] == "schedule" and int(run["applied"]) > 0)
    assert int(run["applied"]) == 2
    assert (visits(house, "b"), visits(house, "d"), visits(house, "a")) == (2, 1, 1)

    # User deletes.
    project.sql("INSERT INTO `shop-1.ingestion.leavers` (external_id) VALUES ('a'), ('d')")
    house.apply("kind: Sync\nname: leavers\nsource: shop\ntable: leavers\ndata: deletes\n"
                "contacts: [ops@example.com]\n")
    house.cli("sync", "test", "leavers")
    house.cli("sync", "activate", "leavers")
    house.cli("sync", "pause", "users")
    deleted = house.run_sync("leavers")
    assert (deleted["status"], int(deleted["rows_read"]), int(deleted["applied"])) == ("success", 2, 2)
    for user, code in [("a", NOT_FOUND), ("b", OK), ("c", OK), ("d", NOT_FOUND)]:
        assert house.run("profile", "show", "--external-id", user).returncode == code, user

    # What the driver said on the wire: our own jobs, labelled, in the dataset's location, no text in the statement.
    jobs = [job["body"] for job in project.requests("jobs.insert")]
    assert all(job["configuration"]["labels"]["app"] == "sluice" for job in jobs)
    runs = {job["configuration"]["labels"].get("run"): job["configuration"]["labels"]["sync"] for job in jobs
            if "run" in job["configuration"]["labels"]}
    assert runs[first["run_id"].lower()] == "users" and runs[deleted["run_id"].lower()] == "leavers"
    assert all(job["configuration"]["query"]["useLegacySql"] is False for job in jobs)
    assert all(request["query"]["location"] == "EU" for request in project.requests("results"))


def test_what_is_wrong_is_said_before_a_run(emulator, project, house):
    house.apply(source(emulator, "strangers", dataset="nowhere"))
    report = house.json("source", "test", "strangers", "--table", "users", "--data", "attributes", expect=FAILURE)
    assert report["error_code"] == "schema_not_found"
    # A deletes sync of a table with PAYLOAD would mean something else (R26).
    report = house.json("source", "test", "shop", "--table", "users", "--data", "deletes", expect=FAILURE)
    assert report["error_code"] == "payload_in_deletes"
    house.apply(source(emulator, "thrifty", maximumBytesBilled="10"))
    report = house.json("source", "test", "thrifty", "--table", "users", "--data", "attributes")
    assert any("\"maximumBytesBilled\" = 10 allows" in warning for warning in report["warnings"])
    shown = house.run("source", "test", "thrifty", "--table", "users", "--data", "attributes")
    assert '"maximumBytesBilled" = 10 allows' in " ".join((shown.stdout + shown.stderr).split()), shown


def sync(house, name, data="attributes"):
    house.apply(f"kind: Sync\nname: {name}\nsource: shop\ntable: {name}\ndata: {data}\ncontacts: [ops@example.com]\n")
    house.cli("sync", "test", name)
    house.cli("sync", "activate", name)


def test_a_row_is_explained_and_a_cursor_is_moved_back(project, house):
    project.sql(TABLE.format(name="people", payload=", payload JSON NOT NULL"))
    project.sql("INSERT INTO `shop-1.ingestion.people` (updated_at, external_id, payload) VALUES " + ", ".join(
        f"(TIMESTAMP '2024-06-0{day} 00:00:00+00', 'p{day}', JSON '{{\"day\": {day}}}')" for day in (1, 2, 3)))
    sync(house, "people")
    assert int(house.run_sync("people")["applied"]) == 3

    before = len(project.requests("jobs.insert"))
    answer = house.json("row", "explain", "people", "--external-id", "p2")
    assert len(answer["rows"]) == 1 and answer["rows"][0]["updated_at"].startswith("2024-06-02T00:00:00"), answer
    asked = project.requests("jobs.insert")[before:]
    # One job, for half a minute at most, of this sync and of no run.
    assert [job["body"]["configuration"]["jobTimeoutMs"] for job in asked] == ["30000"]
    assert asked[0]["body"]["configuration"]["labels"] == {"app": "sluice", "sync": "people"}
    house.cli("row", "explain", "people", "--external-id", "nobody", expect=NOT_FOUND)

    position = house.json("cursor", "show", "people")["position"]
    preview = house.json("cursor", "rewind", "people", "--to", "2024-06-02T00:00:00Z")
    assert (preview["rows_to_read"], preview["moved"]) == (2, False), preview
    assert house.json("cursor", "show", "people")["position"] == position
    assert house.json("cursor", "rewind", "people", "--to", "2024-06-02T00:00:00Z", "--yes")["moved"] is True
    again = house.run_sync("people")
    assert (int(again["rows_read"]), int(again["applied"])) == (2, 0), again
    assert house.json("cursor", "show", "people")["position"] == position

    # A result that is not what BigQuery announced: the run fails, and the position stays (C.7.7).
    project.sql("INSERT INTO `shop-1.ingestion.people` (updated_at, external_id, payload) "
                "VALUES (TIMESTAMP '2024-06-04 00:00:00+00', 'p4', JSON '{\"day\": 4}')")
    project.steer("behave", extraRows=1)
    try:
        failed = house.run_sync("people", expect=FAILURE)
    finally:
        project.steer("behave", extraRows=0)
    assert failed["error_code"] == "row_count_mismatch", failed
    assert house.json("cursor", "show", "people")["position"] == position
    assert int(house.run_sync("people")["applied"]) == 1


def test_json_struct_and_text_give_the_same_profile(project, house):
    """R28: the same object, whatever the payload's type."""
    value = '{"tier": "gold", "tags": ["x", "y"], "deep": {"n": 7}, "gone": null}'
    for name, kind, literal in [
            ("as_json", "JSON", f"JSON '{value}'"), ("as_text", "STRING", f"'{value}'"),
            ("as_struct", "STRUCT<tier STRING, tags ARRAY<STRING>, deep STRUCT<n INT64>, gone STRING>",
             "STRUCT('gold' AS tier, ['x', 'y'] AS tags, STRUCT(7 AS n) AS deep, CAST(NULL AS STRING) AS gone)")]:
        project.sql(
            f"CREATE TABLE `shop-1.ingestion.{name}` (updated_at TIMESTAMP NOT NULL, external_id STRING, payload {kind})",
            f"INSERT INTO `shop-1.ingestion.{name}` (updated_at, external_id, payload) "
            f"VALUES (TIMESTAMP '2024-01-01 00:00:00+00', '{name}', {literal})")
        sync(house, name)
        assert int(house.run_sync(name)["applied"]) == 1
    found = [house.json("profile", "show", "--external-id", name)["custom_attributes"]
             for name in ("as_json", "as_text", "as_struct")]
    assert found[0] == {"tier": "gold", "tags": ["x", "y"], "deep": {"n": 7}}
    assert found[0] == found[1] == found[2]


def test_a_result_that_cannot_be_sorted_at_once_is_read_in_slices(project, house):
    project.sql(TABLE.format(name="crowd", payload=", payload JSON NOT NULL"))
    project.sql("INSERT INTO `shop-1.ingestion.crowd` (updated_at, external_id, payload) VALUES " + ", ".join(
        f"(TIMESTAMP '2024-06-01 00:00:{n:02}+00', 'crowd-{n}', JSON '{{\"n\": {n}}}')" for n in range(40)))
    sync(house, "crowd")
    project.steer("behave", largestSort=10)
    try:
        run = house.run_sync("crowd")
    finally:
        project.steer("behave", largestSort=None)
    assert (run["status"], int(run["rows_read"]), int(run["applied"])) == ("success", 40, 40)
    # Whoever looks at the log sees why it takes longer.
    assert "are read in slices of time" in house.log_tail(400)


def test_an_endpoint_on_this_machine_has_to_be_allowed(tmp_path, emulator, project):
    with House(tmp_path, settings={"SLUICE_TOKEN_HOSTS": f"localhost:{emulator.facts['port']}"}) as house:
        key = project.steer("account", email=EMAIL, tokenUri=f"{emulator.facts['address']}/shop-1/token")
        file = house.folder / "key.json"
        file.write_text(json.dumps(key))
        file.chmod(0o600)
        house.cli("credential", "create", "bq", "--type", "service_account", "--secret-file", file)
        house.apply(source(emulator))
        before = len(project.requests("token"))
        report = house.json("source", "test", "shop", expect=FAILURE)
        assert "SLUICE_EGRESS_ALLOW" in report["error_message"], report
        assert len(project.requests("token")) == before
