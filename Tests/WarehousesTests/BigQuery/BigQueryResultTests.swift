import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// The points of warehouses.md, C.7, about results and their pages, by their numbers.
@Suite("BigQuery, C.7: results")
struct BigQueryResultTests {
  @Test("C.7.4 a job that runs on is asked again, with its location every time")
  func location() async throws {
    let bench = try await BigQueryBench(location: "europe-west1", rows: 7)
    try await bench.fixture.behave(["looks": 3, "pageRows": [2]])
    #expect(try await bench.ids() == BigQueryBench.ids(7))
    let results = try await bench.fixture.requests("results")
    #expect(results.count >= 5)
    #expect(results.allSatisfy { $0["query"]?["location"]?.string == "europe-west1" })
  }

  @Test("C.7.5 integers are asked for with every page, and a floating-point number is refused")
  func integers() async throws {
    let bench = try await BigQueryBench(rows: 9)
    try await bench.fixture.behave(["pageRows": [2, 3]])
    #expect(try await bench.rows().map(\.updatedAt).last == newYear + 8 * second)
    let results = try await bench.fixture.requests("results")
    #expect(results.count >= 3)
    #expect(
      results.allSatisfy { $0["query"]?["formatOptions.useInt64Timestamp"]?.string == "true" }
    )
    try await bench.fixture.behave(["floats": true])
    let failure = try await bench.failure()
    #expect(failure?.code == "bad_updated_at")
    #expect(failure?.message.contains("lost digits") == true)
  }

  @Test("C.7.6 pages of any size, and empty ones with a token, give every row once")
  func pages() async throws {
    let bench = try await BigQueryBench(rows: 40)
    try await bench.fixture.behave(["pageRows": [3, 0, 5, 1, 0, 0, 7]])
    #expect(try await bench.ids() == BigQueryBench.ids(40))
    // By bytes, as the service cuts them.
    try await bench.fixture.behave(["pageBytes": 300])
    #expect(try await bench.ids() == BigQueryBench.ids(40))
  }

  @Test("C.7.7 more or fewer rows than announced end the run", arguments: [1, -1])
  func totals(difference: Int) async throws {
    let bench = try await BigQueryBench(rows: 12)
    try await bench.fixture.behave(["extraRows": .whole(difference), "pageRows": [4]])
    let failure = try await bench.failure()
    #expect(failure?.code == "row_count_mismatch")
    #expect(failure?.recovery == .failRun)
  }

  @Test("C.7.7 one page with fewer rows than announced: not a row is handed out")
  func totalOfOnePage() async throws {
    let bench = try await BigQueryBench(rows: 3)
    try await bench.fixture.behave(["extraRows": 1])
    let connection = try await bench.connect()
    let failure = await #expect(throws: Failure.self) {
      _ = try await connection.readChanges(bench.users, data: .attributes, from: nil)
    }
    #expect(failure?.code == "row_count_mismatch")
    await connection.close()
  }

  @Test("C.7.8 a page that fails is fetched again: 503, a reset, a token that ended")
  func failingPages() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.createLarge(rows: 12_000)
    let later: JSONValue = ["start": 5000]
    try await bench.fixture.fault(
      "results",
      ["status": 503, "body": "<html>later</html>"],
      where: later
    )
    try await bench.fixture.fault("results", ["reset": true], where: later)
    try await bench.fixture.fault(
      "results",
      ["status": 401, "json": BigQueryBench.body("authError")],
      where: later
    )
    let connection = try await bench.connect()
    let reader = try await connection.readChanges(
      bench.fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    try await bench.fixture.steer("expire", [:])
    let (rows, _) = try await reader.rest()
    #expect(rows.count == 12_000)
    #expect(Set(rows.map(\.externalID)).count == 12_000)
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.updatedAt < $1.updatedAt })
    #expect(await reader.reportedRowCount == 12_000)
    #expect(try await bench.fixture.count("executions") == 1)
    #expect(try await bench.fixture.requests("token").count >= 2)
    await connection.close()
  }

  @Test("C.7.8 a page that a token leads to fails and is fetched again, no row twice")
  func failingTokens() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.createLarge(rows: 7000)
    // The second range comes in pages of its own.
    try await bench.fixture.behave(["pageRows": [5000, 300, 400, 500]])
    let token: JSONValue = ["page": true]
    try await bench.fixture.fault("results", ["reset": true], where: token)
    try await bench.fixture.fault("results", ["status": 503, "body": "<html>"], where: token)
    try await bench.fixture.fault(
      "results",
      ["status": 401, "json": BigQueryBench.body("authError")],
      where: token
    )
    let rows = try await bench.rows(bench.fixture.selection("large"))
    #expect(rows.count == 7000)
    #expect(Set(rows.map(\.externalID)).count == 7000)
    let paged = try await bench.fixture.requests("results").filter {
      $0["facts"]?["page"]?.bool == true
    }
    #expect(paged.count >= 5)
  }

  @Test("C.7.16 microseconds come back exactly; the years 1 and 9999 do no harm; NULL is reported")
  func instants() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.create(
      FixtureTable(
        "users",
        [("updated_at", .instant), ("external_id", .text), ("payload", .text)],
        [
          [.instant(newYear + 123_456_000), .text("a"), .text("{}")],
          [.instant(newYear + 123_457_000), .text("b"), .text("{}")],
          [.null, .text("never"), .text("{}")],
        ]
      )
    )
    try await bench.fixture.steer(
      "load",
      [
        "path": bench.fixture.path("users"),
        "rows": [
          [.whole(-62_135_596_800_000_000), "first", "{}"],
          [.whole(253_402_300_799_999_999), "last", "{}"],
        ],
      ]
    )
    let rows = try await bench.rows()
    #expect(rows.map(\.externalID) == ["first", "a", "b", "last"])
    #expect(
      rows.map(\.updatedAt) == [
        Int64.min, newYear + 123_456_000, newYear + 123_457_000, Int64.max,
      ]
    )
    let later = try await bench.rows(from: Timestamp(nanoseconds: newYear + 123_456_001))
    #expect(later.map(\.externalID) == ["b", "last"])
    let inspection = try await bench.inspection()
    #expect(inspection.rowsWithoutUpdatedAt == 1)
    #expect(inspection.warnings.contains { $0.contains("1 row has no UPDATED_AT") })
  }

  @Test(
    "C.7.20 a page that was damaged on the way comes again, whatever it still looks like",
    arguments: Array(stride(from: 300, to: 4000, by: 150))
  )
  func damaged(at offset: Int) async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.createLarge(rows: 6000)
    try await bench.fixture.fault("results", ["corrupt": .whole(offset)], where: ["start": 5000])
    #expect(try await bench.rows(bench.fixture.selection("large")).count == 6000)
  }

  @Test("C.7.20 gzip is asked for and undone; an answer that ends too early comes again")
  func gzip() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.createLarge(rows: 9000)
    try await bench.fixture.fault("results", ["truncate": 2000], where: ["start": 5000])
    try await bench.fixture.fault("results", ["corrupt": 700], where: ["start": 5000])
    #expect(try await bench.rows(bench.fixture.selection("large")).count == 9000)
    let results = try await bench.fixture.requests("results")
    #expect(results.count >= 4)
    #expect(
      results.allSatisfy {
        $0["headers"]?["user-agent"]?.string?.contains("gzip") == true
          && $0["headers"]?["accept-encoding"]?.string?.contains("gzip") == true
      }
    )
  }

  @Test("a sort that is too large for BigQuery is read in slices of time, over one snapshot")
  func slices() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.makeUsers(rows: 300)
    // Forty rows of one microsecond: no slice of time parts them.
    let ties = (0..<40).map { index in
      JSONValue.array([
        .number("\(newYear / 1000 + 100_500_000)"), .string("tie \(index)"), .string("{}"),
      ])
    }
    try await bench.fixture.steer(
      "load",
      ["path": bench.fixture.path("users"), "rows": JSONValue.array(ties)]
    )
    try await bench.fixture.behave(["largestSort": 20])
    let connection = try await bench.connect()
    let reader = try await connection.readChanges(bench.users, data: .attributes, from: nil)
    // What changes from now on is the next run's.
    try await bench.fixture.run("DELETE FROM `{p}.ingestion.users` WHERE external_id = 'u250'")
    let (rows, _) = try await reader.rest()
    #expect(rows.count == 340)
    #expect(Set(rows.map(\.externalID)).count == 340)
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.updatedAt <= $1.updatedAt })
    #expect(await reader.reportedRowCount == 340)
    await connection.close()
    #expect(try await bench.rows().count == 339)
    let texts = try await bench.fixture.jobs().compactMap {
      $0["body"]?["configuration"]?["query"]?["query"]?.string
    }
    #expect(texts.contains { $0.contains("FOR SYSTEM_TIME AS OF") })
  }

  @Test("large rows are read in ranges that fit the budget, in order")
  func largeRows() async throws {
    let bench = try await BigQueryBench()
    let payload = FixtureTable.Value.long(400_000)
    try await bench.fixture.create(
      FixtureTable(
        "users",
        [("updated_at", .instant), ("external_id", .text), ("payload", .text)],
        (0..<60).map { [.instant(newYear + Int64($0) * second), .text("u\($0)"), payload] }
      )
    )
    #expect(try await bench.ids() == BigQueryBench.ids(60))
    let ranges = try await bench.fixture.requests("results")
    #expect(ranges.count >= 4)
  }
}
