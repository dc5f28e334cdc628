"""A cluster of PostgreSQL, the emulator in front of it as a process, and what steers it."""

import json
import pathlib
import ssl
import subprocess
import sys
import urllib.request

import psycopg
import pytest
import redshift_connector

ROOT = pathlib.Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "scripts"))

from support.postgres import PrivateCluster  # noqa: E402

USERS = {
    "braze_user": {"password": "md5 Password1", "method": "md5"},
    "clear_user": {"password": "clear Password1", "method": "clear"},
    "sha_user": {"password": "sha Password1", "method": "sha256"},
    "admin": {"password": "admin Password1", "method": "md5"},
}


class Steering:
    def __init__(self, said):
        self.__dict__.update(said)

    def call(self, method, path, value=None):
        request = urllib.request.Request(f"{self.admin}/tenants{path}", method=method,
                                         data=None if value is None else json.dumps(value).encode())
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def fault(self, **fault):
        self.call("POST", "/dev/faults", fault)

    def journal(self, point=None):
        entries = self.call("GET", "/dev/journal")["requests"]
        return [entry for entry in entries if point in (None, entry["point"])]

    def connector(self, user="braze_user", database="dev", **options):
        options = {"ssl": True, "sslmode": "verify-full", **options}
        return redshift_connector.connect(
            host="localhost", port=self.port, user=user, password=USERS[user]["password"], database=database, **options)

    def psycopg(self, user="braze_user", database="dev", password=None, **options):
        options = {"sslmode": "verify-full", "sslrootcert": self.caFile, "port": self.port, **options}
        return psycopg.connect(host="localhost", user=user, password=password or USERS[user]["password"],
                               dbname=database, **options)

    def psql(self, sql, user="admin"):
        return subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql,
             f"host=localhost port={self.port} user={user} dbname=dev sslmode=verify-full sslrootcert={self.caFile}"],
            env={"PGPASSWORD": USERS[user]["password"], "PATH": "/usr/bin:/bin"}, capture_output=True, text=True)


@pytest.fixture(scope="session")
def postgres():
    with PrivateCluster() as cluster:
        for user in USERS:
            cluster.execute(f"CREATE ROLE {user} LOGIN{' SUPERUSER' if user == 'admin' else ''}")
        cluster.execute("CREATE DATABASE dev")
        cluster.execute("GRANT CREATE ON SCHEMA public TO PUBLIC", database="dev")
        yield cluster


@pytest.fixture(scope="session")
def process(postgres, tmp_path_factory):
    child = subprocess.Popen(
        [sys.executable, "-m", "emulators.redshift", "--until-stdin-ends",
         "--folder", str(tmp_path_factory.mktemp("authority"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=pathlib.Path(__file__).parents[2])
    steering = Steering(json.loads(child.stdout.readline()))
    yield steering
    child.stdin.close()
    assert child.wait(20) == 0


@pytest.fixture
def redshift(process, postgres):
    postgres.execute("DROP DATABASE IF EXISTS dev WITH (FORCE)")
    postgres.execute("CREATE DATABASE dev")
    postgres.execute("GRANT CREATE ON SCHEMA public TO PUBLIC", database="dev")
    process.call("POST", "", {"name": "dev", "socket": str(postgres.folder), "port": postgres.port,
                              "superuser": postgres.user, "users": USERS})
    yield process
    process.call("DELETE", "/dev")


@pytest.fixture(autouse=True)
def authority(process, monkeypatch):
    # redshift_connector takes its authorities from a file of its own, or from here.
    original = ssl.SSLContext.load_verify_locations

    def load(self, *arguments, **named):
        original(self, cafile=process.caFile)
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
