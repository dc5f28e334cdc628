"""A running emulator with one account, a user with a key, and clients of several makers for it."""

import base64
import contextlib
import json
import pathlib
import subprocess
import sys
import urllib.request

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Process:
    """An emulator as it is started by hand, until the end of the block."""

    def __init__(self, service, *arguments):
        self._child = subprocess.Popen(
            [sys.executable, "-m", f"emulators.{service}", "--until-stdin-ends", *arguments], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self._child.stdout.readline())

    def admin(self, path, value=None, method=None):
        request = urllib.request.Request(
            self.facts["admin"] + path, method=method or ("GET" if value is None else "POST"),
            data=None if value is None else json.dumps(value).encode())
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None

    def close(self):
        self._child.stdin.close()
        assert self._child.wait(timeout=10) == 0


@pytest.fixture(scope="session")
def snowflake_process():
    process = Process("snowflake")
    yield process
    process.close()


@pytest.fixture(scope="session")
def keys():
    """Two RSA keys: making them is slow."""
    return [rsa.generate_private_key(65537, 2048) for _ in range(2)]


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def public_text(key):
    return base64.b64encode(key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()


class Account:
    """An account of its own for a test, set up as the seed's steps 1 to 4 say."""

    def __init__(self, process, name, keys):
        self.process, self.name, self.keys = process, name, keys
        process.admin("/tenants", {"name": name})
        self.sql(
            "CREATE DATABASE CDI", "CREATE SCHEMA CDI.INGESTION",
            "CREATE TABLE CDI.INGESTION.USERS (UPDATED_AT TIMESTAMP_NTZ(9) NOT NULL DEFAULT SYSDATE(), "
            "EXTERNAL_ID VARCHAR(16777216), PAYLOAD VARCHAR(16777216) NOT NULL)",
            "CREATE ROLE LOADER", "GRANT USAGE ON DATABASE CDI TO ROLE LOADER",
            "GRANT USAGE ON SCHEMA CDI.INGESTION TO ROLE LOADER",
            "GRANT SELECT ON TABLE CDI.INGESTION.USERS TO ROLE LOADER",
            "CREATE WAREHOUSE WH", "GRANT USAGE ON WAREHOUSE WH TO ROLE LOADER",
            "CREATE USER SLUICE DEFAULT_ROLE = LOADER", "GRANT ROLE LOADER TO USER SLUICE",
            f"ALTER USER SLUICE SET RSA_PUBLIC_KEY='{public_text(keys[0])}'")

    def admin(self, verb, value):
        return self.process.admin(f"/tenants/{self.name}/{verb}", value)

    def sql(self, *statements):
        return self.admin("sql", {"statements": statements})

    def fault(self, point, action, **more):
        return self.admin("faults", {"point": point, "action": action, **more})

    def journal(self):
        return self.process.admin(f"/tenants/{self.name}/journal")

    def token(self, key=0, account=None, user="sluice", lifetime=3540):
        """Made by Snowflake's own connector."""
        from snowflake.connector.auth.keypair import AuthByKeyPair
        return AuthByKeyPair(self.keys[key], lifetime_in_seconds=lifetime).prepare(
            account=account or self.name, user=user)

    def request(self, method, path="", body=None, token=None, headers=None, query=None):
        """One HTTP request as plain as can be."""
        address = self.process.facts["address"] + "/api/v2/statements" + path
        all_headers = {
            "Authorization": f"Bearer {token or self.token()}", "Accept": "application/json",
            "X-Snowflake-Authorization-Token-Type": "KEYPAIR_JWT", "User-Agent": "suite/1.0",
            "Host": f"{self.name.lower()}.snowflakecomputing.localhost", **(headers or {})}
        return requests.request(
            method, address, params=query, headers={k: v for k, v in all_headers.items() if v is not None},
            verify=self.process.facts["caFile"], timeout=30, **({"json": body} if isinstance(body, dict) else {"data": body}))

    def run(self, statement, query=None, **fields):
        body = {"statement": statement, "warehouse": "WH", "role": "LOADER", "database": "CDI",
                "schema": "INGESTION", **fields}
        return self.request("POST", body=body, query=query)

    def close(self):
        self.process.admin(f"/tenants/{self.name}", method="DELETE")


@pytest.fixture
def account(snowflake_process, keys, request):
    name = f"ACME-{abs(hash(request.node.nodeid)) % 10**9}"
    with contextlib.closing(Account(snowflake_process, name, keys)) as account:
        yield account
