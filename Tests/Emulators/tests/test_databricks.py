"""The emulator of Databricks held against Databricks' own clients: databricks-sdk and databricks-sql-connector."""

import datetime
import json
import ssl
import threading
import time
import urllib.error
import urllib.request

import pytest
from databricks import sql as connector
from databricks.sdk import WorkspaceClient
from databricks.sdk import errors as sdk_errors
from databricks.sdk.service import sql as api
from .databricks_process import DatabricksProcess

USERS = """
CREATE SCHEMA main.ingestion;
CREATE TABLE `main`.`ingestion`.`users` (
  updated_at TIMESTAMP DEFAULT current_timestamp(), external_id STRING, seen TIMESTAMP_NTZ,
  payload STRUCT<tier: STRING, gone: STRING>, more VARIANT);
INSERT INTO main.ingestion.users VALUES
  (timestamp_micros(1704067200123456), 'a', TIMESTAMP_NTZ'2024-01-01 00:00:00.123456',
   named_struct('tier', 'gold', 'gone', NULL), parse_json('{"x":null}')),
  (timestamp_micros(1704067201000000), 'é', NULL, NULL, NULL);
"""


@pytest.fixture(scope="module")
def process():
    process = DatabricksProcess()
    yield process
    process.stop()


@pytest.fixture
def workspace(process, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", process.says["caFile"])
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    return process.workspace()


def sdk(workspace, **login):
    login = login or {"token": workspace.token}
    return WorkspaceClient(host=workspace.says["address"], config_file="/nonexistent", **login)


def connect(workspace, **options):
    return connector.connect(
        server_hostname="https://localhost", _port=workspace.says["port"], http_path=workspace.http_path,
        access_token=workspace.token, use_sea=True, _tls_trusted_ca_file=workspace.says["caFile"],
        enable_telemetry=False, **options)


def execute(workspace, statement, client=None, **options):
    client = client or sdk(workspace)
    options = {"wait_timeout": "30s", **options}
    return client.statement_execution.execute_statement(
        warehouse_id=workspace.warehouse_id, statement=statement, **options)


def raw(workspace, path, token=None, method="GET", body=None, headers=None):
    """A request as it is: status, headers and body."""
    token = token or workspace.token
    request = urllib.request.Request(
        workspace.says["address"] + path, body and json.dumps(body).encode(), method=method,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})})
    return fetch(workspace, request)


def fetch(workspace, request):
    context = ssl.create_default_context(cafile=workspace.says["caFile"])
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


# databricks-sdk.


def test_sdk_token(workspace):
    answer = execute(workspace, "SELECT 1 AS one, CAST(NULL AS STRING) AS nothing")
    assert answer.status.state == api.StatementState.SUCCEEDED
    assert answer.result.data_array == [["1", None]]
    assert [(c.name, c.type_text) for c in answer.manifest.schema.columns] == [("one", "INT"), ("nothing", "STRING")]


def test_sdk_machine_to_machine(workspace):
    client = sdk(workspace, client_id=f"{workspace.name}.owner", client_secret="dose-owner")
    assert execute(workspace, "SELECT 2", client).result.data_array == [["2"]]
    requests, _ = workspace.journal("token")
    assert len(requests) == 1 and "scope=all-apis" in str(requests[0]["body"])
    with pytest.raises((sdk_errors.DatabricksError, ValueError), match="invalid_client"):
        execute(workspace, "SELECT 2", sdk(workspace, client_id=f"{workspace.name}.owner", client_secret="wrong"))


def test_sdk_token_expires(workspace):
    client = sdk(workspace, client_id=f"{workspace.name}.owner", client_secret="dose-owner")
    assert execute(workspace, "SELECT 2", client).result.data_array == [["2"]]
    workspace.advance(3601)
    with pytest.raises(sdk_errors.PermissionDenied, match="Invalid access token"):
        execute(workspace, "SELECT 2", client)


def test_sdk_errors(workspace):
    with pytest.raises(sdk_errors.Unauthenticated):
        execute(workspace, "SELECT 1", sdk(workspace, token="dapi.nobody.x"))
    workspace.post("principal", name="guest", tokens=[f"dapi.{workspace.name}.guest"])
    with pytest.raises(sdk_errors.PermissionDenied, match="CAN_USE"):
        execute(workspace, "SELECT 1", sdk(workspace, token=f"dapi.{workspace.name}.guest"))
    with pytest.raises(sdk_errors.NotFound):
        sdk(workspace).statement_execution.get_statement("01ef-none")
    with pytest.raises(sdk_errors.NotFound):
        sdk(workspace).statement_execution.execute_statement("SELECT 1", "nowhere")
    with pytest.raises(sdk_errors.NotFound):
        sdk(workspace).tables.get("main.default.none")
    assert sdk(workspace).schemas.get("main.default").name == "default"
    with pytest.raises(sdk_errors.NotFound):
        sdk(workspace).schemas.get("main.none")
    for wait in ("4s", "51s", "x"):
        with pytest.raises(sdk_errors.InvalidParameterValue):
            execute(workspace, "SELECT 1", wait_timeout=wait)


@pytest.mark.parametrize("statement, name, state", [
    ("SELECT * FROM main.ingestion.nobody", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("SELECT nothing FROM main.ingestion.users", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"),
    ("SELECT 1/0", "DIVIDE_BY_ZERO", "22012"),
    ("SELECT FROM WHERE", "PARSE_SYNTAX_ERROR", "42601"),
    ("SELECT CAST('x' AS INT)", "CAST_INVALID_INPUT", "22018"),
    ("SELECT :missing", "UNBOUND_SQL_PARAMETER", "42P02"),
    ("DROP TABLE main.ingestion.users", "UNSUPPORTED_FEATURE", "0A000"),
    ("SELECT read_text('/etc/passwd')", "UNSUPPORTED_FEATURE", "0A000")])
def test_sdk_failed_statements(workspace, statement, name, state):
    workspace.sql(USERS)
    answer = execute(workspace, statement)
    assert answer.status.state == api.StatementState.FAILED
    assert f"[{name}]" in answer.status.error.message and f"SQLSTATE: {state}" in answer.status.error.message
    client = sdk(workspace)
    body = client.api_client.do("GET", f"/api/2.0/sql/statements/{answer.statement_id}")
    assert body["status"]["sql_state"] == state
    workspace.post("configure", says_sql_state=False)
    body = client.api_client.do("GET", f"/api/2.0/sql/statements/{answer.statement_id}")
    assert "sql_state" not in body["status"]


def test_sdk_grants(workspace):
    workspace.sql(USERS)
    token = f"dapi.{workspace.name}.reader"
    workspace.post("principal", name="reader", tokens=[token], can_use=True)
    client = sdk(workspace, token=token)
    for grant, lacks in [
            ("USE CATALOG ON CATALOG main", "USE CATALOG on Catalog"),
            ("USE SCHEMA ON SCHEMA main.ingestion", "USE SCHEMA on Schema"),
            ("SELECT ON TABLE `main`.ingestion.`users`", "SELECT on Table")]:
        answer = execute(workspace, "SELECT count(*) FROM main.ingestion.users", client)
        assert lacks in answer.status.error.message
        assert "[INSUFFICIENT_PERMISSIONS]" in answer.status.error.message
        workspace.sql(f"GRANT {grant} TO `reader`;")
    answer = execute(workspace, "SELECT count(*) FROM main.ingestion.users", client)
    assert answer.result.data_array == [["2"]]
    workspace.sql("REVOKE SELECT ON TABLE main.ingestion.users FROM `reader`")
    assert execute(workspace, "SELECT 1 FROM main.ingestion.users", client).status.error


def test_sdk_parameters(workspace):
    def parameter(name, value, kind=None):
        return api.StatementParameterListItem(name=name, value=value, type=kind)

    answer = execute(workspace, "SELECT unix_micros(timestamp_micros(:at)), :text, :nothing", parameters=[
        parameter("at", "1704067200123456", "BIGINT"), parameter("text", "it's"), parameter("nothing", None, "INT")])
    assert answer.result.data_array == [["1704067200123456", "it's", None]]
    answer = execute(workspace, "SELECT :n", parameters=[parameter("n", "x", "INT")])
    assert "[CAST_INVALID_INPUT]" in answer.status.error.message
    with pytest.raises(sdk_errors.InvalidParameterValue):
        execute(workspace, "SELECT :n", parameters=[parameter("n", "x", "STRUCT<a:INT>")])


def test_sdk_values_in_the_sessions_zone(workspace):
    """Recorded shape: milliseconds and the session's offset, whatever the type keeps."""
    workspace.sql(USERS)
    workspace.post("configure", time_zone="-08:00")
    answer = execute(
        workspace, "SELECT updated_at, unix_micros(updated_at), seen, to_json(payload), "
        "to_json(payload, map('ignoreNullFields', 'false')), to_json(more), "
        "unix_micros(CAST(concat(CAST(seen AS STRING), 'Z') AS TIMESTAMP)), "
        "to_json(named_struct('at', updated_at)) "
        "FROM main.ingestion.users ORDER BY updated_at")
    assert answer.result.data_array[0] == [
        "2023-12-31T16:00:00.123-08:00", "1704067200123456", "2024-01-01T00:00:00.123", '{"tier":"gold"}',
        '{"tier":"gold","gone":null}', '{"x":null}', "1704067200123456",
        '{"at":"2023-12-31T16:00:00.123-08:00"}']
    kinds = execute(workspace, "SELECT * FROM main.ingestion.users LIMIT 0").manifest.schema.columns
    assert [kind.type_text for kind in kinds] == [
        "TIMESTAMP", "STRING", "TIMESTAMP_NTZ", "STRUCT<tier: STRING, gone: STRING>", "VARIANT"]
    table = sdk(workspace).tables.get("main.ingestion.users")
    assert [column.type_text for column in table.columns][:2] == ["timestamp", "string"]


def test_sdk_links(workspace):
    workspace.post("configure", chunk_bytes=1000, link_headers={"x-amz-server-side-encryption-customer-key": "k"})
    answer = execute(
        workspace, "SELECT id, repeat('x', 100) AS text FROM range(25) AS s(id) ORDER BY id",
        disposition=api.Disposition.EXTERNAL_LINKS, format=api.Format.JSON_ARRAY)
    assert answer.manifest.total_row_count == 25 and answer.manifest.total_chunk_count == 3
    assert answer.manifest.truncated is not True
    client, rows = sdk(workspace), []
    part = answer.result
    while part:
        link = part.external_links[0]
        request = urllib.request.Request(link.external_link, headers=link.http_headers)
        status, _, body = fetch(workspace, request)
        assert status == 200 and len(json.loads(body)) == link.row_count and link.row_offset == len(rows)
        rows += json.loads(body)
        part = link.next_chunk_index and client.statement_execution.get_statement_result_chunk_n(
            answer.statement_id, link.next_chunk_index)
    assert [row[0] for row in rows] == [str(n) for n in range(25)]

    # Another origin with rules of its own.
    link = answer.result.external_links[0]
    for headers, wanted in [
            ({"Authorization": "Bearer x", **link.http_headers}, 400), ({}, 403), (link.http_headers, 200)]:
        assert fetch(workspace, urllib.request.Request(link.external_link, headers=headers))[0] == wanted
    workspace.advance(901)
    status, headers, body = fetch(workspace, urllib.request.Request(link.external_link, headers=link.http_headers))
    assert status == 403 and b"<Code>AccessDenied</Code>" in body and headers["Content-Type"] == "application/xml"
    fresh = client.statement_execution.get_statement_result_chunk_n(answer.statement_id, 0).external_links[0]
    assert fetch(workspace, urllib.request.Request(fresh.external_link, headers=link.http_headers))[0] == 200
    workspace.advance(3600)
    with pytest.raises(sdk_errors.NotFound):
        client.statement_execution.get_statement_result_chunk_n(answer.statement_id, 0)


def test_sdk_limits(workspace):
    answer = execute(workspace, "SELECT id FROM range(10) AS s(id)", row_limit=3)
    assert len(answer.result.data_array) == 3 and answer.manifest.truncated
    answer = execute(workspace, "SELECT id FROM range(10) AS s(id)", byte_limit=12)
    assert answer.manifest.truncated
    workspace.post("configure", inline_bytes=1000)
    answer = execute(workspace, "SELECT repeat('x', 2000)")
    assert answer.status.error.message.startswith("Inline byte limit exceeded.")
    with pytest.raises(sdk_errors.InvalidParameterValue):
        execute(workspace, "SELECT 1", format=api.Format.ARROW_STREAM)


def test_sdk_csv(workspace):
    answer = execute(workspace, "SELECT 1 AS a, CAST(NULL AS STRING) AS b", disposition=api.Disposition.EXTERNAL_LINKS,
                     format=api.Format.CSV)
    assert fetch(workspace, answer.result.external_links[0].external_link)[2] == b"a,b\n1,null\n"


def test_sdk_states(workspace):
    workspace.post("configure", pending_polls=2, running_polls=2)
    client = sdk(workspace)
    answer = execute(workspace, "SELECT 1", wait_timeout="0s")
    states = [answer.status.state.value]
    while states[-1] in ("PENDING", "RUNNING"):
        time.sleep(0.02)
        answer = client.statement_execution.get_statement(answer.statement_id)
        states.append(answer.status.state.value)
    assert states[:6] == ["PENDING", "PENDING", "PENDING", "RUNNING", "RUNNING", "RUNNING"] or (
        states.count("PENDING") >= 3 and states.count("RUNNING") >= 2)
    assert states[-1] == "SUCCEEDED"

    workspace.post("configure", running_polls=1_000_000)
    answer = execute(workspace, "SELECT 1", wait_timeout="0s")
    client.statement_execution.cancel_execution(answer.statement_id)
    assert client.statement_execution.get_statement(answer.statement_id).status.state == api.StatementState.CANCELED
    answer = execute(workspace, "SELECT 1", wait_timeout="5s", on_wait_timeout=api.ExecuteStatementRequestOnWaitTimeout.CANCEL)
    assert answer.status.state == api.StatementState.CANCELED


def test_sdk_warehouse(workspace):
    client = sdk(workspace)
    workspace.post("warehouse", state="STOPPED", start_seconds=240, lag=5)
    answer = execute(workspace, "SELECT 1", wait_timeout="0s")

    def state():
        return client.warehouses.get(workspace.warehouse_id).state.value

    time.sleep(0.05)
    assert state() == "STOPPED"
    workspace.advance(6)
    assert state() == "STARTING"
    assert client.statement_execution.get_statement(answer.statement_id).status.state.value == "PENDING"
    workspace.advance(240)
    assert state() == "RUNNING"
    for _ in range(100):
        time.sleep(0.02)
        answer = client.statement_execution.get_statement(answer.statement_id)
        if answer.status.state == api.StatementState.SUCCEEDED:
            break
    assert answer.result.data_array == [["1"]]

    workspace.post("warehouse", state="STOPPED", failure="no more instances", start_seconds=1)
    client.warehouses.start(workspace.warehouse_id)
    workspace.advance(2)
    found = client.warehouses.get(workspace.warehouse_id)
    assert found.state.value == "STOPPED" and found.health.status.value == "FAILED"
    assert found.health.failure_reason.code.value == "CLOUD_PROVIDER_LAUNCH_FAILURE"
    workspace.post("warehouse", state="DELETED")
    with pytest.raises(sdk_errors.NotFound):
        execute(workspace, "SELECT 1")


def test_sdk_retries_what_is_throttled(workspace):
    workspace.fault("execute", {"status": 429, "headers": {"Retry-After": "1"},
                                "json": {"error_code": "RESOURCE_EXHAUSTED", "message": "slow down"}})
    begin = time.monotonic()
    assert execute(workspace, "SELECT 1").result.data_array == [["1"]]
    assert time.monotonic() - begin >= 1
    assert len(workspace.journal("execute")[0]) == 2


def test_empty_results(workspace):
    client = sdk(workspace)
    for shape in ("schema", "bare", "chunk"):
        workspace.post("configure", empty=shape)
        answer = execute(workspace, "SELECT 1 AS a LIMIT 0", disposition=api.Disposition.EXTERNAL_LINKS,
                         format=api.Format.JSON_ARRAY)
        body = client.api_client.do("GET", f"/api/2.0/sql/statements/{answer.statement_id}")
        assert body["manifest"]["schema"]["column_count"] == 1 and body["manifest"]["total_row_count"] == 0
        assert ("result" in body) == (shape != "schema")
        assert body["manifest"]["total_chunk_count"] == (1 if shape == "chunk" else 0)


# databricks-sql-connector over the Statement Execution API.


def test_connector(workspace):
    workspace.sql(USERS)
    with connect(workspace, catalog="main", schema="ingestion") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT updated_at, external_id FROM users ORDER BY updated_at")
        rows = cursor.fetchall()
        assert [row[1] for row in rows] == ["a", "é"]
        # Arrow has the microseconds that JSON_ARRAY has not.
        assert rows[0][0] == datetime.datetime(2024, 1, 1, 0, 0, 0, 123456, datetime.timezone.utc)
    requests, _ = workspace.journal("execute")
    assert requests[0]["body"]["result_compression"] == "LZ4_FRAME"
    assert requests[0]["body"]["format"] == "ARROW_STREAM"
    assert [entry["point"] for entry in workspace.journal()[0]].count("close_session") == 1


def test_connector_many_chunks(workspace):
    workspace.post("configure", chunk_bytes=200_000)
    with connect(workspace) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, repeat('x', 50) AS text FROM range(50000) AS s(id) ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == list(range(50000))
    assert len(workspace.journal("link")[0]) > 5
    assert all("authorization" not in entry["headers"] for entry in workspace.journal("link")[0])


def test_connector_inline(workspace):
    with connect(workspace, use_cloud_fetch=False) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS a, 'x' AS b")
        assert [tuple(row) for row in cursor.fetchall()] == [(1, "x")]


def test_connector_errors(workspace):
    with connect(workspace) as connection, connection.cursor() as cursor:
        with pytest.raises(connector.exc.DatabaseError, match="TABLE_OR_VIEW_NOT_FOUND"):
            cursor.execute("SELECT * FROM main.default.nobody")
    with pytest.raises(connector.exc.Error):
        connector.connect(
            server_hostname="https://localhost", _port=workspace.says["port"], http_path=workspace.http_path,
            access_token="dapi.nobody.x", use_sea=True, _tls_trusted_ca_file=workspace.says["caFile"],
            enable_telemetry=False)


def test_connector_waits_for_the_warehouse(workspace):
    workspace.post("warehouse", state="STOPPED", start_seconds=3600)
    wake = threading.Timer(0.5, lambda: workspace.advance(3600))
    wake.start()
    with connect(workspace) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchall()[0][0] == 1
    wake.join()


# What no client asks for.


def test_discovery(workspace):
    status, _, body = raw(workspace, "/.well-known/databricks-config")
    endpoint = json.loads(body)["oidc_endpoint"]
    assert status == 200 and endpoint.endswith("/oidc")
    path = endpoint.removeprefix(workspace.says["address"]) + "/.well-known/oauth-authorization-server"
    assert json.loads(raw(workspace, path)[2])["token_endpoint"] == f"{endpoint}/v1/token"


def test_trailing_slash_and_foreign_link(workspace):
    workspace.post("configure", chunk_bytes=10, foreign_host="https://elsewhere.example")
    body = {"statement": "SELECT id FROM range(9) AS s(id)", "warehouse_id": workspace.warehouse_id,
            "wait_timeout": "10s", "disposition": "EXTERNAL_LINKS"}
    status, _, answer = raw(workspace, "/api/2.0/sql/statements/", method="POST", body=body)
    link = json.loads(answer)["result"]["external_links"][0]
    assert status == 200 and link["next_chunk_internal_link"].startswith("https://elsewhere.example/")


def test_faults(workspace):
    workspace.fault("status", {"status": 200, "body": "<html>sign in</html>", "headers": {"Content-Type": "text/html"}})
    status, headers, body = raw(workspace, "/api/2.0/sql/statements/x")
    assert (status, headers["Content-Type"], body) == (200, "text/html", b"<html>sign in</html>")
    status, _, body = raw(workspace, "/api/2.0/sql/statements/x")
    assert status == 404 and json.loads(body)["error_code"] == "NOT_FOUND"
    assert raw(workspace, "/api/2.0/nothing")[0] == 404
    assert raw(workspace, "/api/2.0/sql/statements", method="POST", body={})[0] == 400


# Rendered tables.

def check_rendered(values, rows):
    """Each row is right and in its place."""
    count = 0
    for at, name, payload in values:
        count += 1
        assert at == datetime.datetime.fromtimestamp(1_700_000_000 + count, datetime.timezone.utc)
        assert name == f"user-{10_000_000 + count}"
        assert len(payload) == 200 and json.loads(payload)["n"] == 10_000_000 + count
    assert count == rows


def test_a_rendered_table_through_links(workspace):
    workspace.post("configure", chunk_bytes=1_000_000)
    workspace.post("render", name="large", rows=20_000)
    client = sdk(workspace)
    columns = "updated_at, external_id, payload"
    answer = execute(workspace, f"SELECT {columns} FROM main.default.large ORDER BY updated_at", client,
                     disposition=api.Disposition.EXTERNAL_LINKS, format=api.Format.JSON_ARRAY)
    manifest = answer.manifest
    assert manifest.total_row_count == 20_000 and manifest.total_chunk_count == 6
    found, sizes = [], 0
    for index in range(manifest.total_chunk_count):
        link = client.statement_execution.get_statement_result_chunk_n(answer.statement_id, index).external_links[0]
        _, _, body = fetch(workspace, urllib.request.Request(link.external_link))
        sizes += len(body) - 1
        assert len(json.loads(body)) == link.row_count
        found += json.loads(body)
    assert sizes == manifest.total_byte_count
    check_rendered(((datetime.datetime.fromisoformat(at), *rest) for at, *rest in found), 20_000)
    assert workspace.journal()[1]["rendered"] == 1


def test_a_rendered_table_through_the_connector(workspace):
    workspace.post("configure", chunk_bytes=1_000_000)
    workspace.post("render", name="large", rows=20_000)
    with connect(workspace) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM main.default.large ORDER BY updated_at")
        check_rendered((tuple(row) for row in cursor.fetchall()), 20_000)
    assert workspace.journal()[1]["rendered"] == 1


def test_a_rendered_table_is_a_table(workspace):
    """What does not read all rows in order is run for real."""
    workspace.post("render", name="large", rows=100_000)
    for query, expected in [
            ("SELECT count(*) AS n FROM large", [["100000"]]),
            ("SELECT external_id FROM large ORDER BY updated_at DESC LIMIT 2", [["user-10100000"], ["user-10099999"]]),
            ("SELECT external_id FROM large WHERE updated_at >= timestamp_micros(1700099999500000)", [["user-10100000"]]),
            ("SELECT external_id, payload FROM (SELECT * FROM large LIMIT 0) AS s", [])]:
        assert (execute(workspace, query).result.data_array or []) == expected
    assert "rendered" not in workspace.journal()[1]
