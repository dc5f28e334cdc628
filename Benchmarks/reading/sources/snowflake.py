"""Makes an account of the Snowflake emulator with a rendered table, for the readers to be compared."""

import json
import pathlib
import subprocess
import tempfile
import urllib.request

TABLE = "LARGE"
#: What clients/snowflake.py knows as --client.
CLIENTS = ["requests"]
DATABASE, SCHEMA, WAREHOUSE, ROLE, USER = "CDI", "INGESTION", "WH", "LOADER", "SLUICE"


def post(admin, path, value):
    request = urllib.request.Request(admin + path, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def key_pair():
    """A private key as PEM (PKCS#8), and its public half as RSA_PUBLIC_KEY takes it."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "key.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file],
                       check=True, capture_output=True)
        public = subprocess.run(["openssl", "pkey", "-in", file, "-pubout"], check=True, capture_output=True, text=True)
        return file.read_text(), "".join(public.stdout.splitlines()[1:-1])


def host(tenant):
    return f"{tenant.lower()}.snowflakecomputing.localhost"


def prepare(announcement, tenant, rows):
    """The settings of a source, and what its credential holds. `announcement` is the emulator's line, read.

    The table is `CDI.INGESTION.LARGE`: UPDATED_AT a second apart, EXTERNAL_ID, a PAYLOAD of 200 bytes. Every row differs and
    they are in order; a bound on UPDATED_AT is not looked at.
    """
    admin = announcement["admin"]
    private, public = key_pair()
    post(admin, "/tenants", {"name": tenant})
    post(admin, f"/tenants/{tenant}/sql", {"statements": [
        f"CREATE DATABASE {DATABASE}", f"CREATE SCHEMA {DATABASE}.{SCHEMA}", f"CREATE ROLE {ROLE}",
        f"GRANT USAGE ON DATABASE {DATABASE} TO ROLE {ROLE}",
        f"GRANT USAGE ON SCHEMA {DATABASE}.{SCHEMA} TO ROLE {ROLE}",
        f"CREATE WAREHOUSE {WAREHOUSE}", f"GRANT USAGE ON WAREHOUSE {WAREHOUSE} TO ROLE {ROLE}",
        f"CREATE USER {USER} DEFAULT_ROLE = {ROLE}", f"GRANT ROLE {ROLE} TO USER {USER}",
        f"ALTER USER {USER} SET RSA_PUBLIC_KEY='{public}'"]})
    post(admin, f"/tenants/{tenant}/render", {"name": TABLE, "rows": rows, "role": ROLE})
    return {
        "settings": {
            "account": tenant, "host": host(tenant), "port": str(announcement["port"]),
            "caFile": announcement["caFile"], "database": DATABASE, "schema": SCHEMA, "warehouse": WAREHOUSE, "role": ROLE},
        "credential": {"type": "key_pair", "username": USER, "private_key": private},
        "table": TABLE}
