"""The BigQuery emulator against Google's own client and its discovery document."""

import datetime
import json
import time

import pytest
import requests
from .bigquery_discovery import Discovery
from .bigquery_process import BigQueryProcess
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions
from google.auth.transport.requests import AuthorizedSession, Request
from google.cloud import bigquery
from google.oauth2 import service_account

UTC = datetime.UTC
NO_RETRY = {"retry": None}
FIELDS = [{"name": "updated_at", "type": "TIMESTAMP", "mode": "REQUIRED"}, {"name": "external_id", "type": "STRING"},
          {"name": "payload", "type": "JSON", "mode": "REQUIRED"}]
NEW_YEAR = 1_704_067_200_000_000


@pytest.fixture(scope="module")
def process():
    process = BigQueryProcess()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def discovery():
    return Discovery()


@pytest.fixture
def project(process, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", process.says["caFile"])
    return process.project()


@pytest.fixture
def users(project):
    """Seven rows, a second and a microsecond apart."""
    rows = [[NEW_YEAR + n * 1_000_001, f"u{n}", json.dumps({"n": n}, separators=(",", ":"))] for n in range(7)]
    project.post("table", path=[project.name, "ingestion", "users"], fields=FIELDS, rows=rows)
    return project


def credentials(project):
    return service_account.Credentials.from_service_account_info(
        project.key_file, scopes=["https://www.googleapis.com/auth/bigquery"])


def client(project):
    return bigquery.Client(
        project=project.name, credentials=credentials(project),
        client_options={"api_endpoint": project.process.says["address"]})


def call(project, method, path, body=None, query=None, headers=None):
    """Without the client: the plain body. Checks nothing."""
    session = AuthorizedSession(credentials(project))
    session.verify = project.process.says["caFile"]
    address = f"{project.process.says['address']}/bigquery/v2/projects/{project.name}{path}"
    return session.request(method, address, json=body, params=query, headers=headers)


def select(project, columns="*", rest="ORDER BY updated_at"):
    return f"SELECT {columns} FROM `{project.name}.ingestion.users` {rest}"


# What Google's client does.


def test_query_brings_exact_rows_page_by_page(users):
    rows = list(client(users).query(select(users)).result(page_size=3))
    assert [row["external_id"] for row in rows] == [f"u{n}" for n in range(7)]
    assert rows[3]["updated_at"] == datetime.datetime(2024, 1, 1, 0, 0, 3, 3, UTC)
    assert rows[3]["payload"] == {"n": 3}
    pages, _ = users.journal("results")
    assert [p["facts"]["page"] for p in pages if p["query"].get("maxResults") == "3"].count(True) >= 2
    assert all(p["query"]["location"] == "EU" for p in pages)


def test_query_and_wait_with_parameters(users):
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter(
        "lo", "TIMESTAMP", datetime.datetime(2024, 1, 1, 0, 0, 5, 5, UTC))])
    text = select(users, "external_id", "WHERE updated_at >= @lo ORDER BY updated_at")
    assert [row[0] for row in client(users).query_and_wait(text, job_config=config)] == ["u5", "u6"]


def test_get_table_and_list_rows(users):
    table = client(users).get_table(f"{users.name}.ingestion.users")
    assert [(f.name, f.field_type, f.mode) for f in table.schema] == [
        ("updated_at", "TIMESTAMP", "REQUIRED"), ("external_id", "STRING", "NULLABLE"), ("payload", "JSON", "REQUIRED")]
    assert (table.num_rows, table.location, table.table_type) == (7, "EU", "TABLE")
    rows = list(client(users).list_rows(table, page_size=4))
    assert [row["external_id"] for row in rows] == [f"u{n}" for n in range(7)]


def test_nested_and_repeated_values(project):
    project.sql("CREATE TABLE `{p}.ingestion.deep` (updated_at TIMESTAMP DEFAULT current_timestamp, a ARRAY<STRING>, "
                "s STRUCT<x INT64, y STRUCT<z STRING>>, b BYTES, f FLOAT64, d DATE, t BOOL)",
                "INSERT INTO `{p}.ingestion.deep` (updated_at, a, s, b, f, d, t) VALUES (TIMESTAMP '2024-01-01 00:00:00+00', "
                "['p', 'q'], STRUCT(1 AS x, STRUCT('z' AS z) AS y), b'ab', 1.5, DATE '2024-02-29', TRUE)")
    row, = client(project).query_and_wait(f"SELECT * FROM `{project.name}.ingestion.deep`")
    assert dict(row)["a"] == ["p", "q"] and dict(row)["s"] == {"x": 1, "y": {"z": "z"}}
    assert (row["b"], row["f"], row["d"], row["t"]) == (b"ab", 1.5, datetime.date(2024, 2, 29), True)
    text, = client(project).query_and_wait(f"SELECT TO_JSON_STRING(s) FROM `{project.name}.ingestion.deep`")
    assert json.loads(text[0]) == {"x": 1, "y": {"z": "z"}}


def test_a_job_that_takes_long_is_polled(users):
    users.post("behave", looks=3)
    assert len(list(client(users).query(select(users)).result())) == 7
    users.post("behave", looks=None)
    job = client(users).query(select(users))
    assert job.cancel()
    with pytest.raises(exceptions.GoogleAPICallError) as error:
        job.result(**NO_RETRY)
    assert error.value.errors[0]["reason"] == "stopped"


def test_dry_run_says_what_a_query_would_read_and_a_limit_refuses_it(users):
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    job = client(users).query(select(users, "updated_at"), job_config=config)
    assert job.total_bytes_processed == 7 * 8
    limited = bigquery.QueryJobConfig(maximum_bytes_billed=1000)
    with pytest.raises(exceptions.BadRequest, match="10485760 or higher required"):
        client(users).query_and_wait(select(users), job_config=limited, **NO_RETRY)


def test_errors_are_the_classes_that_the_client_knows(users):
    api = client(users)

    def reason(of, text):
        with pytest.raises(of) as error:
            api.query_and_wait(text, **NO_RETRY)
        return error.value.errors[0]["reason"]

    assert reason(exceptions.NotFound, f"SELECT 1 FROM `{users.name}.ingestion.absent`") == "notFound"
    assert reason(exceptions.NotFound, f"SELECT 1 FROM `{users.name}.absent.users`") == "notFound"
    assert reason(exceptions.BadRequest, select(users, "absent")) == "invalidQuery"
    assert reason(exceptions.BadRequest, "SELEC 1") == "invalidQuery"
    table = f"{users.name}.ingestion.users"
    users.post("refuse", email=users.email, permission="bigquery.tables.getData", resource=table)
    assert reason(exceptions.Forbidden, select(users)) == "accessDenied"
    users.post("refuse", email=users.email, permission="bigquery.jobs.create", resource=users.name)
    with pytest.raises(exceptions.Forbidden, match="bigquery.jobs.create"):
        api.query(select(users), **NO_RETRY)
    users.post("refuse", email=users.email, permission="bigquery.tables.get", resource=table)
    with pytest.raises(exceptions.Forbidden, match="bigquery.tables.get"):
        api.get_table(table, **NO_RETRY)


def test_a_scripted_rate_limit_is_retried_by_the_client(users):
    body = {"error": {"code": 403, "message": "slow down", "errors": [{"reason": "rateLimitExceeded"}]}}
    users.fault("jobs.insert", {"status": 403, "json": body}, times=2)
    assert len(list(client(users).query(select(users)).result())) == 7
    assert len(users.journal("jobs.insert")[0]) == 3


def test_an_owners_statements_may_come_twice(project):
    for _ in range(2):
        project.sql("CREATE SCHEMA IF NOT EXISTS `{p}.other` OPTIONS (location = 'US')",
                    "CREATE TABLE IF NOT EXISTS `{p}.other.t` (updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP(), "
                    "external_id STRING) PARTITION BY DATE(updated_at)")
    assert client(project).get_dataset(f"{project.name}.other").location == "US"
    table = client(project).get_table(f"{project.name}.other.t")
    assert (table.time_partitioning.field, table.location) == ("updated_at", "US")
    project.sql("INSERT INTO `{p}.other.t` (external_id) VALUES ('a')")
    row, = client(project).query_and_wait(f"SELECT updated_at FROM `{project.name}.other.t`")
    assert abs(row[0].timestamp() - time.time()) < 60


def test_a_partition_filter_is_asked_for(project):
    project.sql("CREATE TABLE `{p}.ingestion.parts` (updated_at TIMESTAMP, external_id STRING) "
                "PARTITION BY DATE(updated_at) OPTIONS (require_partition_filter = TRUE)")
    table = f"`{project.name}.ingestion.parts`"
    with pytest.raises(exceptions.BadRequest, match="without a filter over column"):
        client(project).query_and_wait(f"SELECT external_id FROM {table}", **NO_RETRY)
    assert not list(client(project).query_and_wait(
        f"SELECT external_id FROM {table} WHERE updated_at > TIMESTAMP '2020-01-01 00:00:00+00'"))
    assert client(project).get_table(table.strip("`")).require_partition_filter


def test_views_columns_and_time_travel(users):
    users.post("view", path=[users.name, "ingestion", "v"], query=select(users, "updated_at, external_id", ""))
    api = client(users)
    assert len(list(api.query_and_wait(f"SELECT * FROM `{users.name}.ingestion.v`"))) == 7
    table = api.get_table(f"{users.name}.ingestion.v")
    assert (table.table_type, [f.field_type for f in table.schema]) == ("VIEW", ["TIMESTAMP", "STRING"])
    columns = api.query_and_wait(
        f"SELECT column_name, is_nullable FROM `{users.name}`.ingestion.INFORMATION_SCHEMA.COLUMNS "
        "WHERE table_name = 'users' ORDER BY ordinal_position")
    assert [tuple(row) for row in columns] == [("updated_at", "NO"), ("external_id", "YES"), ("payload", "NO")]
    before = time.time_ns() // 1000
    time.sleep(0.01)
    users.sql("DELETE FROM `{p}.ingestion.users` WHERE external_id = 'u0'")
    count = "SELECT COUNT(*) FROM `%s.ingestion.%s` AS s FOR SYSTEM_TIME AS OF TIMESTAMP_MICROS(%d)"
    assert next(iter(api.query_and_wait(count % (users.name, "users", before))))[0] == 7
    assert next(iter(api.query_and_wait(f"SELECT COUNT(*) FROM `{users.name}.ingestion.users`")))[0] == 6
    with pytest.raises(exceptions.BadRequest, match="FOR SYSTEM_TIME"):
        api.query_and_wait(count % (users.name, "v", before), **NO_RETRY)


# Login.


def test_an_account_without_its_key_gets_no_token(users):
    users.post("revoke", email=users.email)
    with pytest.raises(auth_exceptions.RefreshError, match="invalid_grant"):
        client(users).query(select(users), **NO_RETRY)


def test_tokens_expire_by_the_clock_of_the_tenant(users):
    session = requests.Session()
    session.verify = users.process.says["caFile"]
    login = credentials(users)
    login.refresh(Request(session))
    address = f"{users.process.says['address']}/bigquery/v2/projects/{users.name}/datasets/ingestion"
    headers = {"Authorization": f"Bearer {login.token}"}
    assert session.get(address, headers=headers).status_code == 200
    users.post("clock", advance=3600)
    answer = session.get(address, headers=headers)
    assert answer.status_code == 401 and answer.json()["error"]["status"] == "UNAUTHENTICATED"
    assert session.get(address).status_code == 401


def test_a_self_signed_token_is_taken(users):
    login = credentials(users).with_always_use_jwt_access(True)
    login._create_self_signed_jwt("https://bigquery.googleapis.com/")
    session = AuthorizedSession(login)
    session.verify = users.process.says["caFile"]
    address = f"{users.process.says['address']}/bigquery/v2/projects/{users.name}/datasets/ingestion"
    assert session.get(address).status_code == 200
    assert users.journal("token")[0] == []


# The plain wire.


def inserted(project, text, name="job_1", **more):
    body = {"jobReference": {"projectId": project.name, "jobId": name},
            "configuration": {"query": {"query": text, "useLegacySql": False}, **more}}
    return call(project, "POST", "/jobs", body)


def test_every_answer_has_the_published_shape(users, discovery):
    job = inserted(users, select(users)).json()
    discovery.check("Job", job)
    assert (job["status"]["state"], job["jobReference"]["location"]) == ("DONE", "EU")
    discovery.check("Job", inserted(users, select(users), "job_9", dryRun=True).json())
    discovery.check("Job", call(users, "GET", "/jobs/job_1", query={"projection": "full"}).json())
    discovery.check("GetQueryResultsResponse", call(users, "GET", "/queries/job_1", query={"maxResults": 2}).json())
    discovery.check("JobCancelResponse", call(users, "POST", "/jobs/job_1/cancel").json())
    body = {"query": select(users), "useLegacySql": False, "maxResults": 2}
    discovery.check("QueryResponse", call(users, "POST", "/queries", body).json())
    discovery.check("QueryResponse", call(users, "POST", "/queries", {**body, "dryRun": True}).json())
    discovery.check("Dataset", call(users, "GET", "/datasets/ingestion").json())
    discovery.check("TableList", call(users, "GET", "/datasets/ingestion/tables").json())
    discovery.check("Table", call(users, "GET", "/datasets/ingestion/tables/users").json())
    discovery.check("TableDataList", call(users, "GET", "/datasets/ingestion/tables/users/data").json())
    failed = inserted(users, "SELEC", "job_2").json()
    discovery.check("Job", failed)
    discovery.check("ErrorProto", failed["status"]["errorResult"])


def test_the_same_job_id_twice_is_a_duplicate(users):
    assert inserted(users, select(users)).status_code == 200
    again = inserted(users, select(users))
    assert again.status_code == 409 and again.json()["error"]["errors"][0]["reason"] == "duplicate"


def test_legacy_sql_is_the_default(users):
    answer = call(users, "POST", "/queries", {"query": select(users)})
    assert answer.status_code == 400 and "Legacy SQL" in answer.json()["error"]["message"]


def test_timestamps_are_doubles_unless_integers_are_asked_for(users):
    inserted(users, select(users, "updated_at"))
    doubles = call(users, "GET", "/queries/job_1", query={"maxResults": 2}).json()
    assert [row["f"][0]["v"] for row in doubles["rows"]] == ["1.7040672E9", "1.7040672010000009E9"]
    query = {"formatOptions.useInt64Timestamp": "true", "pageToken": doubles["pageToken"], "maxResults": 2}
    page = call(users, "GET", "/queries/job_1", query=query).json()
    assert [row["f"][0]["v"] for row in page["rows"]] == ["1704067202000002", "1704067203000003"]
    start = call(users, "GET", "/queries/job_1", query={"startIndex": 6, "formatOptions.useInt64Timestamp": "true"})
    assert [row["f"][0]["v"] for row in start.json()["rows"]] == ["1704067206000006"] and "pageToken" not in start.json()


def test_a_job_elsewhere_is_not_found_without_its_location(process, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", process.says["caFile"])
    project = process.project(location="europe-west1")
    assert inserted(project, "SELECT 1 AS a").json()["jobReference"]["location"] == "US"
    project.post("table", path=[project.name, "ingestion", "users"], fields=FIELDS)
    assert inserted(project, select(project), "job_2").json()["jobReference"]["location"] == "europe-west1"
    lost = call(project, "GET", "/queries/job_2")
    assert lost.status_code == 404 and "Not found: Job" in lost.json()["error"]["message"]
    assert call(project, "GET", "/queries/job_2", query={"location": "europe-west1"}).status_code == 200


def test_pages_end_by_rows_bytes_and_script(users):
    inserted(users, select(users))
    users.post("behave", pageRows=[2, 0, 3])
    sizes, token = [], None
    while True:
        page = call(users, "GET", "/queries/job_1", query={"pageToken": token} if token else {}).json()
        sizes.append(len(page.get("rows", [])))
        token = page.get("pageToken")
        if not token:
            break
    assert sizes == [2, 0, 3, 2]
    users.post("behave", pageBytes=100)
    assert len(call(users, "GET", "/queries/job_1").json()["rows"]) == 1
    assert call(users, "GET", "/queries/job_1", query={"pageToken": "mine"}).status_code == 400


def test_gzip_needs_both_headers(users):
    inserted(users, select(users))
    for agent, packed in [("suite (gzip)", True), ("suite", False)]:
        answer = call(users, "GET", "/queries/job_1", headers={"Accept-Encoding": "gzip", "User-Agent": agent})
        assert (answer.headers.get("Content-Encoding") == "gzip") is packed and len(answer.json()["rows"]) == 7


def test_a_sort_can_be_too_large_and_jobs_can_fail(users):
    users.post("behave", largestSort=5)
    assert inserted(users, select(users)).json()["status"]["errorResult"]["reason"] == "resourcesExceeded"
    assert "errorResult" not in inserted(users, select(users, rest=""), "job_2").json()["status"]
    users.post("behave", jobErrors=[{"reason": "jobBackendError", "message": "again"}])
    assert inserted(users, select(users, rest=""), "job_3").json()["status"]["errorResult"]["reason"] == "jobBackendError"
    assert call(users, "GET", "/queries/job_3").status_code == 400


def test_faults_cut_and_change_answers(users):
    inserted(users, select(users))
    users.fault("results", {"truncate": 40})
    with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        call(users, "GET", "/queries/job_1")
    users.fault("results", {"reset": True}, where={"start": 3})
    assert call(users, "GET", "/queries/job_1").status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        call(users, "GET", "/queries/job_1", query={"startIndex": 3})


def test_a_rendered_table_is_read_in_order_whichever_way(project):
    count = 60_000
    project.post("render", path=[project.name, "ingestion", "users"], rows=count)
    api = client(project)
    table = api.get_table(f"{project.name}.ingestion.users")
    assert table.num_rows == count
    first = datetime.datetime.fromtimestamp(1_700_000_000, UTC)
    for rows in (api.query_and_wait(select(project)), api.list_rows(table)):
        seen = 0
        for row in rows:
            assert row["updated_at"] == first + datetime.timedelta(seconds=seen)
            assert row["external_id"] == f"user-{1_700_000_000 + seen}"
            assert len(row["payload"]) == 200 and json.loads(row["payload"])["n"] == 1_700_000_000 + seen
            seen += 1
        assert seen == count
    pages, _ = project.journal("tabledata.list")
    # By ten megabytes, as the service cuts them.
    assert len(pages) == 2
    # Any rows, packed or not; what hands no rows on has an answer of its own.
    for encoding in ("gzip", "identity"):
        page = call(project, "GET", "/datasets/ingestion/tables/users/data", query={
            "startIndex": 59_998, "maxResults": 5, "formatOptions.useInt64Timestamp": "true"},
            headers={"Accept-Encoding": encoding, "User-Agent": "test (gzip)"})
        assert page.headers.get("Content-Encoding") == ("gzip" if encoding == "gzip" else None)
        value = page.json()
        assert [row["f"][1]["v"] for row in value["rows"]] == ["user-1700059998", "user-1700059999"]
        assert "pageToken" not in value
    assert len(list(api.query_and_wait(select(project, rest="LIMIT 3")))) == 1
    assert [row[0] for row in api.query_and_wait(select(project, "COUNT(*)", ""))] == [1]


def test_a_job_ends_when_its_time_is_over(users):
    users.post("behave", looks=None)
    job = client(users).query(select(users), job_config=bigquery.QueryJobConfig(job_timeout_ms=30_000))
    users.post("clock", advance=31)
    with pytest.raises(exceptions.GoogleAPICallError) as error:
        job.result(**NO_RETRY)
    assert error.value.errors[0]["reason"] == "timeout"


def test_what_mends_a_table_is_understood(project):
    project.sql("CREATE TABLE `{p}.ingestion.odd` (external_id STRING NOT NULL, payload STRING, day DATE) "
                "PARTITION BY day OPTIONS (require_partition_filter = TRUE)")
    api, name = client(project), f"{project.name}.ingestion.odd"
    project.post("refuse", email=project.email, permission="bigquery.tables.getData", resource=name)
    project.sql("ALTER TABLE `{p}.ingestion.odd` ADD COLUMN updated_at TIMESTAMP",
                "ALTER TABLE `{p}.ingestion.odd` DROP COLUMN payload",
                "ALTER TABLE `{p}.ingestion.odd` ALTER COLUMN `external_id` DROP NOT NULL",
                "ALTER TABLE `{p}.ingestion.odd` SET OPTIONS (require_partition_filter = FALSE)",
                f'GRANT `roles/bigquery.dataViewer` ON SCHEMA `{{p}}.ingestion` TO "serviceAccount:{project.email}"')
    table = api.get_table(name)
    assert [(f.name, f.mode) for f in table.schema] == [
        ("external_id", "NULLABLE"), ("day", "NULLABLE"), ("updated_at", "NULLABLE")]
    assert list(api.query_and_wait(f"SELECT * FROM `{name}`")) == []
