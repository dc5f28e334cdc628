"""Makes a workspace of the Databricks emulator with a rendered table, for the readers to be compared."""

import json
import urllib.request

# What clients/databricks.py knows as --client.
CLIENTS = ["connector", "sdk"]

TABLE = "large"
CATALOG, SCHEMA = "main", "default"


def _post(admin, path, value):
    request = urllib.request.Request(admin + path, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def prepare(announcement, tenant, rows):
    """The settings of a source, and what its credential holds. `announcement` is the emulator's line, read.

    The table is `main.default.large`: UPDATED_AT a second apart, EXTERNAL_ID, a PAYLOAD of 200 bytes.
    """
    admin = announcement["admin"]
    _post(admin, "/tenants", {"name": tenant})
    _post(admin, f"/tenants/{tenant}/render", {"name": TABLE, "rows": rows})
    warehouse = _post(admin, f"/tenants/{tenant}/warehouse", {})["id"]
    return {
        "settings": {
            "host": "localhost", "port": str(announcement["port"]), "httpPath": f"/sql/1.0/warehouses/{warehouse}",
            "catalog": CATALOG, "schema": SCHEMA, "caFile": announcement["caFile"]},
        "credential": {"type": "token", "secret": f"dapi.{tenant}.owner"},
        "table": TABLE}
