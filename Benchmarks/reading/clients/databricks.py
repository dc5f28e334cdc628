"""Reads a rendered table of the Databricks emulator with a client of Databricks' own.

`connector` is databricks-sql-connector with `use_sea=True`: Arrow through links, its own threads. `sdk` is databricks-sdk for
the API's calls, with links fetched by requests and JSON_ARRAY read by json: what the SDK leaves to its user. Bytes are
those of the values, as UTF-8.
"""

import json
import os
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import peer  # noqa: E402

STATEMENT = "SELECT updated_at, external_id, payload FROM main.default.large ORDER BY updated_at"


def connector(announcement, source):
    settings, token = source["settings"], source["credential"]["secret"]
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


def sdk(announcement, source):
    settings, token = source["settings"], source["credential"]["secret"]
    os.environ["REQUESTS_CA_BUNDLE"] = announcement["caFile"]
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


peer.main(__doc__, {"connector": connector, "sdk": sdk})
