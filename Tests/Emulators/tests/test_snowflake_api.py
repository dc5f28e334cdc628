"""The emulator of Snowflake against the published contract: shapes, statuses, encodings, partitions."""

import gzip
import json
import os
import pathlib
import uuid

import pytest
import requests
from .shapes import Shapes

SHAPES = [Shapes(pathlib.Path(__file__).parent / "snowflake_shapes.yaml")]
if os.environ.get("SNOWFLAKE_OPENAPI"):
    SHAPES.append(Shapes(pathlib.Path(os.environ["SNOWFLAKE_OPENAPI"])))


def has_shape(name, answer):
    body = answer.json()
    for shapes in SHAPES:
        shapes.check(name, body, ignore_null=("length", "precision", "scale", "byteLength", "collation"))
    return body


def test_a_result_has_the_published_shape(account):
    account.sql("INSERT INTO CDI.INGESTION.USERS SELECT DATEADD(SECOND, SEQ4(), '2024-01-01'::TIMESTAMP_NTZ), "
                "'user-' || SEQ4(), '{}' FROM TABLE(GENERATOR(ROWCOUNT => 3))")
    answer = account.run("SELECT * FROM USERS ORDER BY UPDATED_AT")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    body = has_shape("ResultSet", answer)
    assert body["data"] == [[f"{1704067200 + n}.000000000", f"user-{n}", "{}"] for n in range(3)]
    assert [c["name"] for c in body["resultSetMetaData"]["rowType"]] == ["UPDATED_AT", "EXTERNAL_ID", "PAYLOAD"]
    assert body["code"] == "090001" and body["resultSetMetaData"]["numRows"] == 3


def test_asynchronous_statements_answer_202_even_when_they_are_done(account):
    answer = account.run("SELECT COUNT(*) FROM USERS", query={"async": "true"})
    assert answer.status_code == 202
    handle = has_shape("QueryStatus", answer)["statementHandle"]
    account.admin("set", {"run_seconds": 0})
    while (answer := account.request("GET", f"/{handle}")).status_code == 202:
        has_shape("QueryStatus", answer)
    assert has_shape("ResultSet", answer)["data"] == [["0"]]


def test_the_clock_says_when_a_statement_is_done_and_when_its_result_is_gone(account):
    account.admin("clock", {"stop": None})
    account.admin("set", {"run_seconds": 100})
    handle = account.run("SELECT 1", query={"async": "true"}).json()["statementHandle"]
    assert account.request("GET", f"/{handle}").status_code == 202
    account.admin("clock", {"advance": 101})
    assert account.request("GET", f"/{handle}").status_code == 200
    account.admin("set", {"retention": 0})
    answer = account.request("GET", f"/{handle}")
    assert (answer.status_code, has_shape("QueryFailureStatus", answer)["code"]) == (422, "000710")


def test_partitions_hold_every_row_once_and_all_but_the_first_are_gzip(account):
    account.admin("set", {"partition_bytes": 2000})
    account.sql("INSERT INTO CDI.INGESTION.USERS SELECT DATEADD(SECOND, SEQ4(), '2024-01-01'::TIMESTAMP_NTZ), "
                "'user-' || SEQ4(), '{}' FROM TABLE(GENERATOR(ROWCOUNT => 500))")
    first = account.run("SELECT * FROM USERS ORDER BY UPDATED_AT")
    assert "Content-Encoding" not in first.headers
    body = first.json()
    counts = [p["rowCount"] for p in body["resultSetMetaData"]["partitionInfo"]]
    assert sum(counts) == 500 and len(counts) > 5
    rows = body["data"]
    for number in range(1, len(counts)):
        answer = account.request("GET", f"/{body['statementHandle']}", query={"partition": number})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert list(answer.json()) == ["data"] and len(answer.json()["data"]) == counts[number]
        rows += answer.json()["data"]
    assert [row[1] for row in rows] == [f"user-{n}" for n in range(500)]
    assert account.request("GET", f"/{body['statementHandle']}", query={"partition": 999}).status_code == 400


def test_every_type_is_written_as_the_reference_says(account):
    account.sql("CREATE TABLE CDI.INGESTION.TYPES (N TIMESTAMP_NTZ(9), L TIMESTAMP_LTZ(9), Z TIMESTAMP_TZ(9), "
                "D NUMBER(12,2), F FLOAT, B BOOLEAN, DAY DATE, T TIME, V VARIANT, O OBJECT, A ARRAY, S VARCHAR)",
                "GRANT SELECT ON TABLE CDI.INGESTION.TYPES TO ROLE LOADER")
    account.admin("load", {"table": ["CDI", "INGESTION", "TYPES"], "rows": [
        [1704067200123456789, -1500000000, "1641008096123000000 1980", "12.30", "1.25", True, "2024-01-01",
         "01:02:03.5", '{"a":null}', "{}", "[1]", "null"], [None] * 12]})
    body = account.run("SELECT * FROM TYPES").json()
    assert [c["type"] for c in body["resultSetMetaData"]["rowType"]] == [
        "timestamp_ntz", "timestamp_ltz", "timestamp_tz", "fixed", "real", "boolean", "date", "time", "variant", "object",
        "array", "text"]
    assert body["data"] == [
        ["1704067200.123456789", "-1.500000000", "1641008096.123000000 1980", "12.30", "1.25", "true", "19723",
         "3723.500000000", '{"a":null}', "{}", "[1]", "null"], [None] * 12]
    body = account.run("SELECT N, L FROM TYPES", parameters={
        "timestamp_output_format": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "timezone": "America/Los_Angeles"}).json()
    assert body["data"][0] == ["2024-01-01 00:00:00.123 +0000", "1969-12-31 15:59:58.500 -0800"]
    assert account.run("SELECT S FROM TYPES", query={"nullable": "false"}).json()["data"] == [["null"], ["null"]]


def test_bindings_have_the_documented_units(account):
    account.admin("load", {"table": ["CDI", "INGESTION", "USERS"], "rows": [
        [1704067200000000000 + n, f"user-{n}", "{}"] for n in range(3)]})
    counted = "SELECT COUNT(*) FROM USERS WHERE UPDATED_AT > ?"
    exact = {"1": {"type": "TIMESTAMP_NTZ", "value": "1704067200000000001"}}
    assert account.run(counted, bindings=exact).json()["data"] == [["1"]]
    # Of another kind the session's time zone enters, which is Los Angeles unless the request says otherwise.
    shifted = {"1": {"type": "TIMESTAMP_LTZ", "value": str(1704067200000000000 + 8 * 3600 * 10**9 - 1)}}
    assert account.run(counted, bindings=shifted).json()["data"] == [["3"]]
    assert account.run(counted, bindings=shifted, parameters={"timezone": "UTC"}).json()["data"] == [["0"]]
    for kind, value in [("FIXED", "1x"), ("TIMESTAMP_NTZ", "2024-01-01"), ("BOOLEAN", "perhaps"), ("BINARY", "0g")]:
        answer = account.run("SELECT ?", bindings={"1": {"type": kind, "value": value}})
        body = has_shape("QueryFailureStatus", answer)
        assert (answer.status_code, body["code"], body["sqlState"]) == (422, "100037", "22018")
        assert value in body["message"]


FAILURES = [
    ("SELECT * FROM NOWHERE", {}, "002003", "42S02"),
    ("SELECT * FROM OTHER.S.T", {}, "002003", "02000"),
    ("SELECT NOPE FROM USERS", {}, "000904", "42000"),
    ("SELEC 1", {}, "001003", "42000"),
    ("SELECT * FROM USERS", {"warehouse": "wh"}, "000606", "57P03"),
    ("SELECT * FROM USERS", {"role": "loader"}, "390189", "08001"),
    ("SELECT * FROM users WHERE \"updated_at\" IS NULL", {}, "000904", "42000"),
    ("DROP TABLE USERS", {}, "003001", "42501"),
    ("PUT file:///etc/passwd @stage", {}, "000002", "0A000"),
    ("SELECT 1; SELECT 2", {}, "000008", "0A000"),
    ("SELECT ?; SELECT 2", {"bindings": {"1": {"type": "FIXED", "value": "1"}},
                            "parameters": {"multi_statement_count": 2}}, "391911", "0A000")]


@pytest.mark.parametrize(("statement", "fields", "code", "state"), FAILURES)
def test_failures_carry_their_code_and_state(account, statement, fields, code, state):
    answer = account.run(statement, **fields)
    body = has_shape("QueryFailureStatus", answer)
    assert (answer.status_code, body["code"], body["sqlState"]) == (422, code, state)


def test_a_role_without_a_grant_cannot_tell_missing_from_forbidden(account):
    account.sql("CREATE TABLE CDI.INGESTION.HIDDEN (A NUMBER)")
    answers = [account.run(f"SELECT * FROM {name}").json() for name in ("HIDDEN", "NOWHERE")]
    assert answers[0]["message"].replace("HIDDEN", "NOWHERE") == answers[1]["message"]


def test_a_suspended_warehouse_resumes_itself_or_is_named(account):
    account.admin("warehouse", {"name": "WH", "suspended": True, "auto_resume": False})
    body = account.run("SELECT * FROM USERS").json()
    assert body["code"] == "000608" and "'WH' is suspended" in body["message"]
    # Without OPERATE it stays as it is.
    assert account.run("ALTER WAREHOUSE WH RESUME IF SUSPENDED").json()["code"] == "003001"
    account.sql("GRANT OPERATE ON WAREHOUSE WH TO ROLE LOADER")
    assert account.run("ALTER WAREHOUSE WH RESUME IF SUSPENDED").status_code == 200
    assert account.run("SELECT * FROM USERS").status_code == 200
    account.admin("warehouse", {"name": "WH", "suspended": True, "auto_resume": True})
    assert account.run("SELECT * FROM USERS").status_code == 200
    assert account.journal()["counters"]["warehouse resumed"] == 2
    account.admin("warehouse", {"name": "WH", "suspended": True, "over_quota": True})
    assert account.run("SELECT * FROM USERS").json()["code"] == "090073"


def test_a_request_that_is_sent_again_runs_once(account):
    query = {"requestId": str(uuid.uuid4())}
    first = account.run("SELECT COUNT(*) FROM USERS", query=query).json()
    again = account.run("SELECT COUNT(*) FROM USERS", query={**query, "retry": "true"}).json()
    assert again["statementHandle"] == first["statementHandle"]
    assert account.run("SELECT COUNT(*) FROM USERS", query=query).json()["statementHandle"] != first["statementHandle"]
    counters = account.journal()["counters"]
    assert (counters["replayed"], counters["request id used again"]) == (1, 1)


def test_cancel_ends_what_runs_and_knows_nothing_else(account):
    account.admin("set", {"run_seconds": 100})
    handle = account.run("SELECT 1", query={"async": "true"}).json()["statementHandle"]
    answer = account.request("POST", f"/{handle}/cancel")
    assert answer.status_code == 200 and has_shape("CancelStatus", answer)["code"] == "000604"
    assert account.request("GET", f"/{handle}").json()["code"] == "000604"
    for gone in (handle, str(uuid.uuid4())):
        answer = account.request("POST", f"/{gone}/cancel")
        assert (answer.status_code, has_shape("CancelStatus", answer)["code"]) == (422, "000709")


def test_a_statement_that_takes_longer_than_its_timeout_is_ended(account):
    account.admin("set", {"run_seconds": 100})
    account.admin("clock", {"stop": None})
    handle = account.run("SELECT 1", query={"async": "true"}, timeout=10).json()["statementHandle"]
    account.admin("clock", {"advance": 11})
    answer = account.request("GET", f"/{handle}")
    assert (answer.status_code, has_shape("QueryStatus", answer)["code"]) == (408, "000630")


def test_statuses_of_requests_that_are_no_statements(account):
    assert account.request("GET").status_code == 405
    assert account.request("DELETE", f"/{uuid.uuid4()}").status_code == 405
    assert account.request("POST", "/../../nothing").status_code == 404
    assert account.request("POST", body=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    for body in (b"not json", b"{}", b'{"statement": 5}', b'{"statement": "SELECT 1", "timeout": "x"}'):
        answer = account.request("POST", body=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "390142")
    assert account.run("SELECT 1", parameters={"no_such": 1}).status_code == 400
    assert account.run("SELECT 1", headers=None).status_code == 200
    assert account.request("POST", body={"statement": "SELECT 1"}, headers={"User-Agent": ""}).status_code == 400


def test_faults_strike_in_order_and_the_journal_shows_them(account):
    account.fault("submit", {"status": 503, "json": {"message": "later"}, "headers": {"Retry-After": "1"}}, skip=1)
    account.fault("submit", {"reset": True, "run": True})
    assert account.run("SELECT 1").status_code == 200
    answer = account.run("SELECT 2")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "1", {"message": "later"})
    with pytest.raises(requests.exceptions.ConnectionError):
        account.run("SELECT 3")
    assert account.run("SELECT 4").status_code == 200
    journal = account.journal()
    assert [entry["status"] for entry in journal["requests"]] == [200, 503, None, 200]
    assert [entry["body"]["statement"] for entry in journal["requests"]] == [f"SELECT {n}" for n in range(1, 5)]
    # The third ran, and nobody heard of it; the second did not.
    assert journal["counters"]["executions"] == 3


def test_a_partition_can_come_bare_cut_or_broken(account):
    account.admin("set", {"partition_bytes": 500})
    account.admin("load", {"table": ["CDI", "INGESTION", "USERS"], "rows": [
        [1704067200000000000 + n, f"user-{n}", "{}"] for n in range(100)]})
    handle = account.run("SELECT * FROM USERS").json()["statementHandle"]
    account.fault("partition", {"drop_headers": ["Content-Encoding"]})
    answer = account.request("GET", f"/{handle}", query={"partition": 1})
    assert answer.content[:2] == b"\x1f\x8b" and "data" in json.loads(gzip.decompress(answer.content))
    account.fault("partition", {"plain": True})
    assert "data" in account.request("GET", f"/{handle}", query={"partition": 1}).json()
    account.fault("partition", {"truncate": 20})
    with pytest.raises(Exception, match="(?i)broken|incomplete|read|aborted"):
        account.request("GET", f"/{handle}", query={"partition": 1})


def test_network_policies_go_by_the_address(account):
    account.sql("CREATE NETWORK POLICY EDGE ALLOWED_IP_LIST = ('198.51.100.0/24')",
                "ALTER ACCOUNT SET NETWORK_POLICY = EDGE")
    account.admin("set", {"client_address": "203.0.113.9"})
    answer = account.run("SELECT 1")
    assert (answer.status_code, answer.json()["code"]) == (403, "390422") and "203.0.113.9" in answer.text
    account.admin("set", {"client_address": "198.51.100.7"})
    assert account.run("SELECT 1").status_code == 200


def test_names_are_told_apart_by_case_where_they_are_quoted(account):
    account.sql('CREATE TABLE CDI.INGESTION."mixed Case" ("updated_at" TIMESTAMP_NTZ, "UPDATED_AT" TIMESTAMP_NTZ)',
                'GRANT SELECT ON TABLE CDI.INGESTION."mixed Case" TO ROLE LOADER')
    body = account.run('SELECT * FROM "mixed Case"').json()
    assert [c["name"] for c in body["resultSetMetaData"]["rowType"]] == ["updated_at", "UPDATED_AT"]
    assert account.run("SELECT * FROM MIXED").json()["code"] == "002003"
    names = [row[0] for row in account.run('DESC TABLE CDI.INGESTION."mixed Case"').json()["data"]]
    assert names == ["updated_at", "UPDATED_AT"]


def test_a_rendered_table_is_whole_in_order_and_made_once(account):
    made = account.admin("render", {"name": "LARGE", "rows": 120_500, "role": "LOADER"})
    # 1,000 with the answer, then 50,000 each, and the rest.
    assert made["partitions"] == 4 and made["bytes"] < 120_500 * 20
    assert account.run('SELECT * FROM "LARGE" LIMIT 0').json()["resultSetMetaData"]["rowType"][0]["name"] == "UPDATED_AT"
    statement = 'SELECT UPDATED_AT, EXTERNAL_ID, PAYLOAD FROM CDI.INGESTION."LARGE" ORDER BY UPDATED_AT'
    first = account.run(statement).json()
    partitions = first["resultSetMetaData"]["partitionInfo"]
    rows = list(first["data"])
    for number in range(1, len(partitions)):
        answer = account.request("GET", f"/{first['statementHandle']}", query={"partition": number})
        assert len(answer.json()["data"]) == partitions[number]["rowCount"]
        rows += answer.json()["data"]
    assert len(rows) == first["resultSetMetaData"]["numRows"] == 120_500
    assert [row[1] for row in rows] == [f"user-{n}" for n in range(120_500)]
    stamps = [float(row[0]) for row in rows]
    assert all(b - a == 1 for a, b in zip(stamps, stamps[1:], strict=False))
    assert {len(row[2]) for row in rows} == {200} and json.loads(rows[77_777][2])["n"] == 77_777
    # Nobody may read it without the grant.
    account.sql("REVOKE SELECT ON TABLE CDI.INGESTION.LARGE FROM ROLE LOADER")
    assert account.run(statement).json()["code"] == "002003"
