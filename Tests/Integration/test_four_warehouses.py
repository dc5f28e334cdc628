"""Snowflake, Redshift, BigQuery and Databricks in one `sluice apply` file, and users that all four feed."""

import concurrent.futures
import json
import random
import re
import sys

import pytest
import yaml
from support.bigquery import BigQueryProject
from support.emulator import PYTHON, Emulator, SnowflakeAccount
from support.house import REPOSITORY, House
from support.redshift import PASSWORD, RedshiftCluster

sys.path.insert(0, str(REPOSITORY / "Tests/Emulators/tests"))
from databricks_process import DatabricksProcess  # noqa: E402

EXAMPLE = REPOSITORY / "examples/four-warehouses.yaml"
NEW_YEAR = 1_704_067_200_000_000_000
MICROSECOND, SECOND = 1_000, 1_000_000_000


class Snowflake:
    name = "snow"
    resolution = 1

    def __init__(self, house, emulator):
        self.account = SnowflakeAccount(emulator, "MYORG-MYACCOUNT")
        self.settings = self.account.settings()
        house.cli("credential", "create", "snow", "--type", "key_pair", "--username", "SLUICE_LOADER")

    def set_up(self, house):
        self.account.paste(house.cli("setup", "snowflake", "snow", "--table", "CDI.INGESTION.USERS"))

    def insert(self, rows):
        self.account.ask("load", {"table": ["CDI", "INGESTION", "USERS"], "rows": [
            [stamp, user, None, None, None, None, None, payload] for stamp, user, payload in rows]})


class Redshift:
    name = "red"
    resolution = MICROSECOND

    def __init__(self, house, cluster):
        self.cluster = cluster
        self.settings = cluster.settings()
        secret = house.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        house.cli("credential", "create", "red", "--type", "password", "--username", "braze_user",
                  "--secret-file", secret)

    def set_up(self, house):
        printed = house.cli("setup", "redshift", "red", "--table", "ingestion.users_attributes_sync")
        self.cluster.paste(printed.replace("{password}", PASSWORD))

    def insert(self, rows):
        self.cluster.paste("".join(
            "INSERT INTO ingestion.users_attributes_sync (updated_at, external_id, payload) VALUES (timestamptz 'epoch' + interval '1 second' * "
            f"{stamp // SECOND} + interval '1 microsecond' * {stamp % SECOND // MICROSECOND}, '{user}', '{payload}');\n"
            for stamp, user, payload in rows))


class BigQuery:
    name = "big"
    resolution = MICROSECOND

    def __init__(self, house, emulator):
        self.project = BigQueryProject(emulator, "my-project")
        self.settings = {"project": "my-project", "dataset": "ingestion", "endpoint": emulator.facts["address"],
                         "caFile": emulator.facts["caFile"]}
        key = self.project.steer("account", email="sluice@my-project.iam.gserviceaccount.com", ownKey=True,
                                 tokenUri=f"{emulator.facts['address']}/my-project/token")
        file = house.folder / "key.json"
        file.write_text(json.dumps(key))
        file.chmod(0o600)
        house.cli("credential", "create", "big", "--type", "service_account", "--secret-file", file)

    def set_up(self, house):
        steps = house.json("setup", "bigquery", "big", "--table", "users")
        steps = (steps[0] if isinstance(steps, list) else steps)["steps"]
        self.project.sql(*[part for part in steps[0]["statements"].split(";\n") if part.strip()])

    def insert(self, rows):
        values = ", ".join(f"(TIMESTAMP_MICROS({stamp // MICROSECOND}), '{user}', JSON '{payload}')"
                           for stamp, user, payload in rows)
        self.project.sql(f"INSERT INTO `my-project.ingestion.users` (updated_at, external_id, payload) VALUES {values}")


class Databricks:
    name = "bricks"
    resolution = MICROSECOND

    def __init__(self, house, process):
        self.workspace = process.workspace()
        token = f"dapi.{self.workspace.name}.sluice"
        self.workspace.post("principal", name="sluice", can_use=True, tokens=[token])
        self.settings = {"host": "localhost", "port": process.says["port"], "caFile": process.says["caFile"],
                         "httpPath": self.workspace.http_path, "catalog": "cdi", "schema": "ingestion"}
        file = house.folder / "token"
        file.write_text(token)
        file.chmod(0o600)
        house.cli("credential", "create", "bricks", "--type", "token", "--secret-file", file)

    def set_up(self, house):
        page = (REPOSITORY / "docs/warehouses/databricks.md").read_text()
        for script in re.findall(r"^ *```sql\n(.*?)^ *```", page, re.M | re.S):
            self.workspace.sql(script)

    def insert(self, rows):
        values = ", ".join(f"(timestamp_micros({stamp // MICROSECOND}), '{user}', '{payload}')"
                           for stamp, user, payload in rows)
        self.workspace.sql(
            f"INSERT INTO cdi.ingestion.users_attributes_sync (updated_at, external_id, payload) VALUES {values}")


@pytest.fixture(scope="module")
def house(tmp_path_factory, bigquery):
    settings = {"SLUICE_EGRESS_ALLOW": "127.0.0.0/8,::1", "SLUICE_TOKEN_HOSTS": f"localhost:{bigquery.facts['port']}"}
    with House(tmp_path_factory.mktemp("house"), settings=settings) as house:
        yield house


@pytest.fixture(scope="module")
def bigquery():
    with Emulator("bigquery") as emulator:
        yield emulator


@pytest.fixture(scope="module")
def warehouses(house, bigquery, postgres):
    """All four set up, by one file."""
    databricks = DatabricksProcess(PYTHON)
    try:
        with Emulator("snowflake") as snowflake, RedshiftCluster(postgres) as redshift:
            found = [Snowflake(house, snowflake), Redshift(house, redshift), BigQuery(house, bigquery),
                     Databricks(house, databricks)]
            documents = list(yaml.safe_load_all(EXAMPLE.read_text()))
            for warehouse in found:
                for document in documents:
                    if document["kind"] == "Source" and document["name"] == warehouse.name:
                        # The same settings, at the emulator.
                        document["settings"] = warehouse.settings
            for document in documents:
                if document["kind"] == "Sync":
                    document["schedule"] = "manual"
            said = house.apply(yaml.safe_dump_all(documents))
            assert said.count("created") >= 8, said
            for warehouse in found:
                warehouse.set_up(house)
                house.cli("sync", "test", f"{warehouse.name}-users")
                house.cli("sync", "activate", f"{warehouse.name}-users")
            yield found
    finally:
        databricks.stop()


def run(house, warehouse):
    run = house.run_sync(f"{warehouse.name}-users")
    assert run["status"] == "success", run
    return run


def attributes(house, user):
    return house.json("profile", "show", "--external-id", user)["custom_attributes"]


def test_one_user_fed_by_all_four(house, warehouses):
    """Each attribute is what its newest row says, whichever warehouse came first (docs/payloads.md)."""
    snow, red, big, bricks = warehouses
    at = NEW_YEAR + 500 * SECOND
    # One nanosecond after BigQuery's, which has microseconds only.
    snow.insert([(at + 30 * SECOND + 1, "ada", '{"tie": "snow", "from_snow": 1}'),
                 (at + 10 * SECOND, "ada", '{"plan": "snow", "left": "snow"}')])
    red.insert([(at + 20 * SECOND, "ada", '{"plan": "red", "from_red": 2}')])
    big.insert([(at + 30 * SECOND, "ada", '{"plan": "big", "tie": "big", "from_big": 3}')])
    bricks.insert([(at + 25 * SECOND, "ada", '{"plan": "bricks", "from_bricks": 4, "left": null}')])
    # The newest first: what comes after it is late.
    runs = {warehouse.name: run(house, warehouse) for warehouse in (big, bricks, red, snow)}
    assert attributes(house, "ada") == {
        "plan": "big", "tie": "snow", "from_snow": 1, "from_red": 2, "from_big": 3, "from_bricks": 4}
    # Both values of Snowflake's older row came too late; of the others something counted.
    assert {name: (run["applied"], run["superseded"]) for name, run in runs.items()} == {
        "big": (1, 0), "bricks": (1, 0), "red": (1, 0), "snow": (1, 1)}


def test_users_that_all_four_write_at_once(house, warehouses):
    """Four syncs at the same time: every attribute of every user has the value with the newest UPDATED_AT."""
    chance = random.Random(7)
    newest = {}
    tables = {warehouse.name: [] for warehouse in warehouses}
    numbers = list(range(4 * 600))
    chance.shuffle(numbers)
    for index, number in enumerate(numbers):
        warehouse = warehouses[index % 4]
        # No two rows at one time: then the order of arrival would decide.
        stamp = NEW_YEAR + 1_000 * SECOND + number * MICROSECOND
        user = f"user-{chance.randrange(60)}"
        names = chance.sample(["a", "b", "c", "d"], chance.randrange(1, 4))
        payload = {name: chance.choice([None, number]) for name in names}
        tables[warehouse.name].append((stamp, user, json.dumps(payload)))
        for name, value in payload.items():
            if stamp > newest.get((user, name), (0, None))[0]:
                newest[user, name] = (stamp, value)
    for warehouse in warehouses:
        warehouse.insert(tables[warehouse.name])
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda warehouse: run(house, warehouse), warehouses))
    # Ada's rows are older than the overlap, or known.
    assert [run["applied"] + run["superseded"] + run["unchanged"] for run in runs] == [600] * 4
    for user in sorted({user for user, _ in newest}):
        wanted = {name: value for (of, name), (_, value) in newest.items() if of == user and value is not None}
        assert attributes(house, user) == wanted, user
    # Nothing new: nothing is done.
    assert [run(house, warehouse)["applied"] for warehouse in warehouses] == [0] * 4
