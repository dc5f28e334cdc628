import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// The points of warehouses.md, C.7, about statements, types and refusals, by their numbers.
@Suite("BigQuery, C.7: statements")
struct BigQueryQueryTests {
  @Test("C.7.9 payloads of type JSON, whatever value, and of type STRING")
  func payloads() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.makeUsers(rows: 1, payloadType: "JSON")
    let texts = [#""text""#, "42.5", "null", #"{"é":[1,{"a":null}]}"#]
    let rows = texts.enumerated().map { index, text in
      JSONValue.array([
        .number("\(newYear / 1000 + 60_000_000 + Int64(index))"), .string("j\(index)"),
        .string(text),
      ])
    }
    let long = String(repeating: "y", count: RowBatchBuilder.maximumPayload - 10)
    let exact = #"{"pad":"\#(String(long.prefix(RowBatchBuilder.maximumPayload - 10)))"}"#
    try await bench.fixture.steer(
      "load",
      ["path": bench.fixture.path("users"), "rows": JSONValue.array(rows)]
    )
    try await bench.fixture.steer(
      "load",
      [
        "path": bench.fixture.path("users"),
        "rows": [[.whole(Int(newYear / 1000) + 90_000_000), "long", .string(exact)]],
      ]
    )
    let read = try await bench.rows()
    #expect(read.map(\.payload) == [#"{"n":0}"#] + texts + [exact])
    try await bench.fixture.makeUsers("texts", rows: 1, payloadType: "STRING")
    #expect(
      try await bench.rows(bench.fixture.selection("texts")).map(\.payload) == [#"{"n":0}"#]
    )
  }

  @Test("C.7.10 identifiers that are NULL stay so; a STRUCT becomes its JSON")
  func structs() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.run(
      """
      CREATE TABLE `{p}.ingestion.users` (updated_at TIMESTAMP NOT NULL, external_id STRING,
        email STRING, payload STRUCT<tier STRING, tags ARRAY<STRING>, deep STRUCT<n INT64>>)
      """,
      """
      INSERT INTO `{p}.ingestion.users` (updated_at, external_id, email, payload) VALUES
        (TIMESTAMP '2024-01-01 00:00:00+00', NULL, 'a@b.c',
          STRUCT('gold' AS tier, ['x', 'y'] AS tags, STRUCT(7 AS n) AS deep)),
        (TIMESTAMP '2024-01-01 00:00:01+00', 'u1', NULL, NULL)
      """
    )
    let rows = try await bench.rows()
    #expect(rows.map(\.externalID) == [nil, "u1"])
    #expect(rows.map { $0.identifiers["email"] } == ["a@b.c", nil])
    #expect(
      rows.map(\.payload) == [#"{"tier":"gold","tags":["x","y"],"deep":{"n":7}}"#, nil]
    )
    let inspection = try await bench.inspection()
    #expect(inspection.problem == nil)
    #expect(inspection.warnings.contains { $0.contains("TO_JSON_STRING") })
  }

  @Test(
    "C.7.11 what is missing and what is not allowed is told apart; a lost job is asked for again"
  )
  func refusals() async throws {
    let bench = try await BigQueryBench(rows: 2)
    let fixture = bench.fixture
    var failures: [Failure?] = []
    failures.append(try await bench.failure(fixture.selection("absent")))
    failures.append(try await bench.failure(.table("absent.users")))
    let lost: JSONValue = [
      "status": 404, "json": BigQueryBench.body("notFound", "Not found: Job shop:EU.sluice_1"),
    ]
    try await fixture.fault("results", lost, times: 2)
    #expect(try await bench.ids() == BigQueryBench.ids(2))
    try await fixture.refuse("bigquery.tables.getData", "\(fixture.project).ingestion.users")
    failures.append(try await bench.failure())
    #expect(try await bench.inspection().problem == failures.last)
    try await fixture.refuse("bigquery.tables.get", "\(fixture.project).ingestion")
    failures.append(try await bench.failure())
    let other = try await BigQueryBench(rows: 2)
    try await other.fixture.refuse("bigquery.jobs.create", other.fixture.project)
    failures.append(try await other.failure())
    #expect(
      failures.map { $0?.code } == [
        "table_not_found", "schema_not_found", "permission_denied", "permission_denied",
        "permission_denied",
      ]
    )
    #expect(Set(failures.map { $0?.message }).count == 5)
    #expect(failures.allSatisfy { $0?.recovery == .needsOperator })
    #expect(failures[2]?.message.contains("BigQuery Data Viewer") == true)
    #expect(failures[4]?.message.contains("BigQuery Job User") == true)
  }

  @Test("C.7.12 the reason decides: later, never, or a new job once")
  func reasons() async throws {
    let bench = try await BigQueryBench(rows: 2)
    let fixture = bench.fixture
    try await fixture.fault(
      "jobs.insert",
      ["status": 403, "json": BigQueryBench.body("rateLimitExceeded")],
      times: 2
    )
    #expect(try await bench.ids() == BigQueryBench.ids(2))
    #expect(try await fixture.jobs().count == 3)

    try await fixture.fault(
      "jobs.insert",
      ["status": 403, "json": BigQueryBench.body("quotaExceeded")]
    )
    let quota = try await bench.failure()
    #expect(quota?.code == "quota_exceeded")
    #expect(quota?.recovery == .failRun)
    #expect(try await fixture.jobs().count == 4)

    let before = try await fixture.requests("jobs.insert").count
    let invalid = try await bench.failure(.query("SELECT absent FROM \(fixture.from("users"))"))
    #expect(invalid?.code == "query_failed")
    #expect(invalid?.recovery == .needsOperator)
    #expect(try await fixture.requests("jobs.insert").count == before + 1)

    let broken: JSONValue = ["reason": "jobBackendError", "message": "Error encountered"]
    try await fixture.behave(["jobErrors": [broken]])
    #expect(try await bench.ids() == BigQueryBench.ids(2))
    #expect(try await fixture.jobs().count == 6)
    try await fixture.behave(["jobErrors": [broken, broken]])
    let twice = try await bench.failure()
    #expect(twice?.code == "warehouse_unavailable")
    #expect(twice?.recovery == .retry)
    #expect(try await fixture.jobs().count == 8)
  }

  @Test("C.7.13 a limit on billed bytes holds, and a test shows what a first run would read")
  func bytes() async throws {
    let bench = try await BigQueryBench(rows: 1000)
    let inspection = try await bench.inspection()
    #expect(inspection.problem == nil)
    #expect(
      inspection.warnings.contains { $0.contains("a first run reads all") && $0.contains(" kB by") }
    )
    let limited = try await bench.inspection(nil, ["maximumBytesBilled": "1000"])
    #expect(limited.warnings.contains { $0.contains("\"maximumBytesBilled\" = 1000") })
    #expect(limited.warnings.contains { $0.contains("no preview") })
    let failure = try await bench.failure(nil, ["maximumBytesBilled": "1000"])
    #expect(failure?.code == "bytes_limit_exceeded")
    #expect(failure?.message.contains("10485760 or higher required") == true)
    #expect(try await bench.rows(nil, ["maximumBytesBilled": "20000000"]).count == 1000)
  }

  @Test("C.7.14 views are read; a partition filter that is not on UPDATED_AT is a problem")
  func kinds() async throws {
    let bench = try await BigQueryBench(rows: 3)
    let fixture = bench.fixture
    let select = "SELECT updated_at, external_id, payload FROM \(fixture.from("users"))"
    try await fixture.createView("plain", as: select)
    try await fixture.steer(
      "view",
      ["path": fixture.path("stored"), "query": .string(select), "kind": "MATERIALIZED_VIEW"]
    )
    for name in ["plain", "stored"] {
      #expect(try await bench.ids(fixture.selection(name)) == BigQueryBench.ids(3))
      let inspection = try await bench.inspection(fixture.selection(name))
      #expect(inspection.problem == nil)
      #expect(inspection.preview.count == 3)
      #expect(inspection.warnings.contains { $0.contains("materialized") } == (name == "stored"))
    }
    try await fixture.run(
      """
      CREATE TABLE `{p}.ingestion.mine` (updated_at TIMESTAMP NOT NULL, external_id STRING,
        payload STRING) PARTITION BY DATE(updated_at) OPTIONS (require_partition_filter = TRUE)
      """,
      """
      INSERT INTO `{p}.ingestion.mine` (updated_at, external_id, payload)
      VALUES (TIMESTAMP '2024-01-01 00:00:00+00', 'a', '{}')
      """,
      """
      CREATE TABLE `{p}.ingestion.other` (updated_at TIMESTAMP NOT NULL, external_id STRING,
        payload STRING, day DATE) PARTITION BY day OPTIONS (require_partition_filter = TRUE)
      """
    )
    #expect(try await bench.ids(fixture.selection("mine")) == ["a"])
    let mine = try await bench.inspection(fixture.selection("mine"))
    #expect(mine.problem == nil)
    #expect(mine.preview.count == 1)
    let failure = try await bench.failure(fixture.selection("other"))
    #expect(failure?.code == "partition_filter_required")
    #expect(failure?.message.contains("\"day\"") == true)
    #expect(try await bench.inspection(fixture.selection("other")).problem == failure)
  }

  @Test(
    "C.7.15 values are parameters; names may be of other projects, dashed, domained or reserved"
  )
  func names() async throws {
    let bench = try await BigQueryBench(rows: 3, projects: ["example.com:crm"])
    let fixture = bench.fixture
    let rows = try await bench.rows(from: Timestamp(nanoseconds: newYear + second))
    #expect(rows.map(\.externalID) == ["u1", "u2"])
    let query = try #require(try await fixture.jobs().last?["body"]?["configuration"]?["query"])
    #expect(query["query"]?.string?.contains("2024") == false)
    #expect(
      query["queryParameters"]?.elements.first?["parameterValue"]?["value"]?.string
        == "2024-01-01 00:00:01.000000+00:00"
    )

    try await fixture.steer(
      "table",
      [
        "path": fixture.path("select", project: "example.com:crm"),
        "fields": [
          ["name": "updated_at", "type": "TIMESTAMP"], ["name": "external_id", "type": "STRING"],
          ["name": "payload", "type": "JSON"], ["name": "order", "type": "STRING"],
          ["name": "from", "type": "INTEGER"],
        ],
        "rows": [[.whole(Int(newYear / 1000)), "far", "{}", "o", 1]],
      ]
    )
    for text in ["example.com:crm.ingestion.select", "`example.com:crm.ingestion.select`"] {
      #expect(try await bench.ids(.table(text)) == ["far"])
    }
    let inspection = try await bench.inspection(.table("example.com:crm.ingestion.select"))
    #expect(inspection.preview.first?.suffix(2) == ["o", "1"])
    #expect(try await bench.rows(.table("users"), ["dataset": "ingestion"]).count == 3)
    #expect(
      try await bench.rows(.table("select"), ["dataset": "example.com:crm.ingestion"]).count == 1
    )
    for text in ["users", "ingestion.us`ers\\", "ingestion.a;b", "in-gestion.users"] {
      #expect(try await bench.failure(.table(text))?.code == "invalid_table_name")
    }
  }

  @Test("C.7.17 no job is in the old dialect, and each is labelled")
  func dialect() async throws {
    let bench = try await BigQueryBench(rows: 1)
    _ = try await bench.inspection()
    _ = try await bench.rows()
    let bodies = try await bench.fixture.requests("jobs.insert").map {
      $0["body"]?["configuration"]
    }
    #expect(bodies.count >= 4)
    #expect(bodies.allSatisfy { $0?["query"]?["useLegacySql"]?.bool == false })
    #expect(bodies.allSatisfy { $0?["labels"]?["app"]?.string == "sluice" })
  }

  @Test("C.7.19 giving up cancels the job where it runs")
  func cancelling() async throws {
    let bench = try await BigQueryBench(location: "europe-west1", rows: 3)
    try await bench.fixture.behave(["looks": JSONValue.null])
    let connection = try await bench.connect()
    let task = Task { try await connection.readChanges(bench.users, data: .attributes, from: nil) }
    while try await bench.fixture.requests("results").isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    await connection.close()
    let cancels = try await bench.fixture.requests("jobs.cancel")
    #expect(cancels.map { $0["query"]?["location"]?.string } == ["europe-west1"])
    #expect(try await bench.fixture.count("cancelled") == 1)
  }

  @Test("C.7.19 giving up among the rows cancels the job too, and ends the ranges in flight")
  func cancellingRows() async throws {
    let bench = try await BigQueryBench(location: "europe-west1")
    try await bench.fixture.createLarge(rows: 60_000)
    // Ranges after the first page do not come.
    try await bench.fixture.fault(
      "results",
      ["delay": 60],
      where: ["page": false],
      skip: 1,
      times: 9
    )
    let connection = try await bench.connect()
    let reader = try await connection.readChanges(
      bench.fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    let task = Task { while try await reader.nextBatch() != nil {} }
    while try await bench.fixture.requests("results").count < 3 {
      try await Task.sleep(for: .milliseconds(20))
    }
    let begin = ContinuousClock.now
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await connection.close()
    #expect(ContinuousClock.now - begin < .seconds(20))
    let cancels = try await bench.fixture.requests("jobs.cancel")
    #expect(cancels.map { $0["query"]?["location"]?.string } == ["europe-west1"])
  }

  @Test("an insertion whose answer was lost is found again: the statement runs once")
  func duplicate() async throws {
    let bench = try await BigQueryBench(rows: 3)
    try await bench.fixture.fault(
      "jobs.insert",
      ["reset": true, "run": true],
      where: ["dry": false]
    )
    #expect(try await bench.ids() == BigQueryBench.ids(3))
    #expect(try await bench.fixture.count("executions") == 1)
    let references = try await bench.fixture.jobs().map {
      $0["body"]?["jobReference"]?["jobId"]?.string
    }
    #expect(references.count == 2)
    #expect(references.first == references.last)
  }
}
