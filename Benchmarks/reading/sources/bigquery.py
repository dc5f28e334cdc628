"""Makes a project of the BigQuery emulator with a rendered table, for the readers to be compared."""

import json
import urllib.request

# What clients/bigquery.py knows as --client.
CLIENTS = ["query", "list"]

DATASET, TABLE = "ingestion", "large"
ACCOUNT = "sluice@example.iam.gserviceaccount.com"


def _post(admin, path, value):
    request = urllib.request.Request(admin + path, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def key_file(announcement, tenant):
    """A new key of the account, as the console hands it out."""
    return _post(announcement["admin"], f"/tenants/{tenant}/account", {
        "email": ACCOUNT, "tokenUri": f"{announcement['address']}/{tenant}/token"})


def prepare(announcement, tenant, rows):
    """The settings of a source, and what its credential holds. `announcement` is the emulator's line, read.

    The table is `ingestion.large`: UPDATED_AT a second apart, EXTERNAL_ID, a PAYLOAD of 200 bytes (STRING).
    """
    admin = announcement["admin"]
    _post(admin, "/tenants", {"name": tenant})
    _post(admin, f"/tenants/{tenant}/dataset", {"name": DATASET})
    _post(admin, f"/tenants/{tenant}/render", {"path": [tenant, DATASET, TABLE], "rows": rows})
    return {
        "settings": {
            "project": tenant, "dataset": DATASET, "endpoint": announcement["address"],
            "caFile": announcement["caFile"]},
        "credential": {
            "type": "service_account", "username": ACCOUNT, "key_file": key_file(announcement, tenant)},
        "table": TABLE}
