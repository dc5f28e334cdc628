import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// What a person asks outside a run, and whose work a job says it is. The contract suite has the rest.
@Suite("BigQuery: a user's rows, counts, and labels")
struct BigQueryAskingTests {
  private static let tag = QueryTag(
    sync: "Täglich. " + String(repeating: "x", count: 70),
    run: "R-1_b"
  )

  private func connect(_ bench: BigQueryBench) async throws -> any WarehouseConnection {
    try await WarehouseRegistry.all.driver("bigquery").connect(
      settings: bench.fixture.settings,
      credentials: bench.fixture.credentials,
      tag: Self.tag
    )
  }

  @Test("a user's rows are one job of half a minute at most, and the user is a parameter")
  func oneJob() async throws {
    let bench = try await BigQueryBench(rows: 3)
    let connection = try await connect(bench)
    let found = try await connection.rows(
      of: .externalID("u1"),
      in: bench.users,
      data: .attributes,
      limit: 5
    )
    #expect(found.rows.count == 1)
    let jobs = try await bench.fixture.jobs().map { $0["body"]?["configuration"] }
    #expect(jobs.count == 1)
    #expect(jobs.first??["jobTimeoutMs"]?.string == "30000")
    let query = try #require(jobs.first??["query"])
    #expect(query["query"]?.string?.contains("u1") == false)
    #expect(query["queryParameters"]?.elements.first?["parameterValue"]?["value"]?.string == "u1")
    // A run may take as long as it takes.
    #expect(try await connection.rows(bench.users).count == 3)
    #expect(try await bench.fixture.jobs().last?["body"]?["configuration"]?["jobTimeoutMs"] == nil)
    await connection.close()
    #expect(try await bench.fixture.requests("jobs.cancel").isEmpty)
  }

  @Test("a look that BigQuery ended after half a minute says so")
  func patience() async throws {
    let bench = try await BigQueryBench(rows: 1)
    try await bench.fixture.behave(["looks": JSONValue.null])
    let connection = try await connect(bench)
    let task = Task {
      try await connection.rows(of: .externalID("a"), in: bench.users, data: .attributes, limit: 1)
    }
    while try await bench.fixture.requests("results").isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
    try await bench.fixture.steer("clock", ["advance": 31])
    let failure = await #expect(throws: Failure.self) { _ = try await task.value }
    #expect(failure?.code == "query_timeout")
    #expect(failure?.message.contains("half a minute") == true)
    await connection.close()
  }

  @Test("rows in several pages are all found; of a JSON payload the same bytes as a run reads")
  func pages() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.makeUsers(rows: 0, payloadType: "JSON")
    try await bench.fixture.steer(
      "load",
      [
        "path": bench.fixture.path("users"),
        "rows": JSONValue.array(
          (0..<9).map {
            [.whole(Int(newYear / 1000) + $0), "a", .string(#"{"é": [\#($0), null]}"#)]
          }
        ),
      ]
    )
    try await bench.fixture.behave(["pageRows": [2, 0, 3]])
    let connection = try await connect(bench)
    let found = try await connection.rows(
      of: .externalID("a"),
      in: bench.users,
      data: .attributes,
      limit: 9
    )
    let run = try await connection.rows(bench.users)
    var rows: [ReadRow] = []
    for batch in found.rows { batch.forEachRow { _, row in rows.append(ReadRow(row)) } }
    #expect(rows == run.reversed())
    #expect(!found.hasMore)
    await connection.close()
  }

  @Test("a table that wants a filter on its partitions is asked with one")
  func partitions() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.run(
      """
      CREATE TABLE `{p}.ingestion.users` (updated_at TIMESTAMP, external_id STRING,
        payload STRING) PARTITION BY DATE(updated_at) OPTIONS (require_partition_filter = TRUE)
      """,
      """
      INSERT INTO `{p}.ingestion.users` (updated_at, external_id, payload)
      VALUES (TIMESTAMP '2024-01-01 00:00:00+00', 'a', '1'), (NULL, 'a', '2')
      """
    )
    let connection = try await connect(bench)
    let found = try await connection.rows(
      of: .externalID("a"),
      in: bench.users,
      data: .attributes,
      limit: 5
    )
    #expect(found.rows.count == 1)
    // Not seen there, as the page of BigQuery says.
    #expect(found.rowsWithoutUpdatedAt == 0)
    let count = try await connection.countChanges(
      bench.users,
      data: .attributes,
      from: nil,
      before: nil
    )
    #expect(count.rows == 1)
    await connection.close()
  }

  @Test("every job says whose it is, in the characters that labels may have")
  func labels() async throws {
    let bench = try await BigQueryBench(rows: 2)
    let connection = try await connect(bench)
    _ = try await connection.inspect(bench.users, data: .attributes, previewLimit: 1)
    _ = try await connection.rows(bench.users)
    _ = try await connection.countChanges(bench.users, data: .attributes, from: nil, before: nil)
    _ = try await connection.rows(
      of: .externalID("a"),
      in: .query("SELECT * FROM \(bench.fixture.from("users"))"),
      data: .attributes,
      limit: 1
    )
    await connection.close()
    let labels = try await bench.fixture.requests("jobs.insert").map {
      $0["body"]?["configuration"]?["labels"]
    }
    #expect(labels.count >= 7)
    // ä has two bytes.
    let sync = "t__glich__" + String(repeating: "x", count: 53)
    for label in labels {
      #expect(label?["app"]?.string == "sluice")
      #expect(label?["sync"]?.string == sync)
      #expect(label?["run"]?.string == "r-1_b")
    }
  }
}
