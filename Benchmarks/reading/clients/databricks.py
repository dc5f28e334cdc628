"""Reads a rendered table of the Databricks emulator with a client of Databricks' own, and prints one line of JSON.

    python databricks.py --announcement FILE --tenant NAME --rows N [--client connector|sdk]

`connector` is databricks-sql-connector with `use_sea=True`: Arrow through links, its own threads. `sdk` is databricks-sdk for
the API's calls, with links fetched by requests and JSON_ARRAY read by json: what the SDK leaves to its user. Bytes are
those of the values, as UTF-8. The tenant is made if it is not there.
"""

import argparse
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
# This file is named as the clients' package is.
sys.path[:] = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != HERE]
STATEMENT = "SELECT updated_at, external_id, payload FROM main.default.large ORDER BY updated_at"


def facts(announcement, tenant, rows):
    """The source's settings and credential; of a tenant that is there, its own."""
    source = {}
    exec((HERE.parent / "sources/databricks.py").read_text(), source)
    try:
        return source["prepare"](announcement, tenant, rows)
    except urllib.error.HTTPError as error:
        if error.code != 400:
            raise
    request = urllib.request.Request(f"{announcement['admin']}/tenants/{tenant}/warehouse", b"{}")
    with urllib.request.urlopen(request) as answer:
        warehouse = json.loads(answer.read())["id"]
    return {"settings": {"port": announcement["port"], "httpPath": f"/sql/1.0/warehouses/{warehouse}"},
            "credential": {"secret": f"dapi.{tenant}.owner"}}


def connector(announcement, settings, token):
    from databricks import sql
    count = size = 0
    with sql.connect(
            server_hostname="https://localhost", _port=int(settings["port"]), http_path=settings["httpPath"],
            access_token=token, use_sea=True, _tls_trusted_ca_file=announcement["caFile"],
            enable_telemetry=False) as connection, connection.cursor() as cursor:
        cursor.execute(STATEMENT)
        while rows := cursor.fetchmany(10_000):
            for _, name, payload in rows:
                count += 1
                size += 8 + len(name) + len(payload)
    return count, size


def sdk(announcement, settings, token):
    import requests
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service import sql as api
    client = WorkspaceClient(host=announcement["address"], token=token, config_file="/nonexistent")
    statements = client.statement_execution
    answer = statements.execute_statement(
        warehouse_id=settings["httpPath"].split("/")[-1], statement=STATEMENT, wait_timeout="30s",
        disposition=api.Disposition.EXTERNAL_LINKS, format=api.Format.JSON_ARRAY)
    while answer.status.state in (api.StatementState.PENDING, api.StatementState.RUNNING):
        time.sleep(0.05)
        answer = statements.get_statement(answer.statement_id)
    count = size = 0
    session = requests.Session()
    for index in range(answer.manifest.total_chunk_count):
        link = statements.get_statement_result_chunk_n(answer.statement_id, index).external_links[0]
        for _, name, payload in json.loads(session.get(link.external_link).content):
            count += 1
            size += 8 + len(name) + len(payload)
    return count, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--announcement", required=True, help="a file with the emulator's line of JSON")
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--client", choices=["connector", "sdk"], default="connector")
    options = parser.parse_args()
    announcement = json.loads(pathlib.Path(options.announcement).read_text())
    os.environ["REQUESTS_CA_BUNDLE"] = announcement["caFile"]
    source = facts(announcement, options.tenant, options.rows)
    begin = time.perf_counter()
    count, size = {"connector": connector, "sdk": sdk}[options.client](
        announcement, source["settings"], source["credential"]["secret"])
    seconds = time.perf_counter() - begin
    if count != options.rows:
        sys.exit(f"{count} rows were read, not {options.rows}")
    print(json.dumps({"rows": count, "seconds": round(seconds, 3), "bytes": size}))


main()
