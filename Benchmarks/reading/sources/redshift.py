"""Makes a database of the Redshift emulator with a rendered table, for the readers to be compared."""

import atexit
import json
import pathlib
import sys
import urllib.request

# What clients/redshift.py knows as --client.
CLIENTS = ["psql", "connector"]

USER, PASSWORD, TABLE = "reader", "Reader Password1", "large"
SCRIPTS = str(pathlib.Path(__file__).resolve().parents[3] / "scripts")


def _post(admin, path, value):
    request = urllib.request.Request(admin + path, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def prepare(announcement, tenant, rows):
    """The settings of a source, and what its credential holds. `announcement` is the emulator's line, read.

    The table is `large`: UPDATED_AT a second apart, EXTERNAL_ID, a PAYLOAD of 200 bytes (VARCHAR). What stands behind the
    emulator is a PostgreSQL of its own, which ends with this process: keep it until all have read.
    """
    if SCRIPTS not in sys.path:
        sys.path.append(SCRIPTS)
    from support.postgres import PrivateCluster
    cluster = PrivateCluster()
    cluster.__enter__()
    atexit.register(cluster.__exit__)
    cluster.execute(f"CREATE ROLE {USER} LOGIN")
    cluster.execute(f'CREATE DATABASE "{tenant}" OWNER {USER}')
    _post(announcement["admin"], "/tenants", {
        "name": tenant, "socket": str(cluster.folder), "port": cluster.port, "superuser": cluster.user,
        "users": {USER: {"password": PASSWORD}}})
    _post(announcement["admin"], f"/tenants/{tenant}/render", {"name": TABLE, "rows": rows})
    return {
        "settings": {
            "host": "localhost", "port": str(announcement["port"]), "database": tenant, "caFile": announcement["caFile"]},
        "credential": {"type": "password", "username": USER, "secret": PASSWORD},
        "table": TABLE}
