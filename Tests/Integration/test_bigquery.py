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

    # Test connection, with a preview.
    report = house.json("source", "test", "shop", "--table", "users", "--data", "attributes")
    assert report["ok"] and "BigQuery (project shop-1)" in report["server"], report
    assert len(report["preview"]) == 3
    assert any("a first run reads all of table" in warning for warning in report["warnings"])

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
    assert all(job["configuration"]["labels"] == {"app": "sluice"} for job in jobs)
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
