import Foundation
import HTTPFetch
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: submitting, polling and partitions (A.12, points 7 to 13, 19, 20, 24)")
struct SnowflakeTransferTests {
  /// Four partitions or so.
  func large() async throws -> SnowflakeFixture {
    let fixture = try await SnowflakeFixture()
    try await fixture.createLarge(rows: 6_000)
    return fixture
  }

  func readLarge(_ fixture: SnowflakeFixture) async throws -> [ReadRow] {
    try await fixture.read("large")
  }

  func isWhole(_ rows: [ReadRow]) -> Bool {
    rows.map(\.externalID) == (0..<6_000).map { "user-\($0)" }
  }

  /// What the read itself submitted; the rest are the columns.
  func submitted(_ fixture: SnowflakeFixture) async throws -> [JSONValue] {
    try await fixture.requests("submit").filter {
      $0["body"]?["statement"]?.string?.contains("ORDER BY") == true
    }
  }

  static let read: JSONValue = ["statement": "ORDER BY"]

  @Test("7: polls with growing pauses until the result is there")
  func polls() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    try await fixture.ask("set", ["run_seconds": 1.5])
    try await fixture.forget()
    // The columns are asked for synchronously, the rows asynchronously.
    #expect(try await connection.rows(fixture.selection("t")).count == 1)
    let polls = try await fixture.requests("poll")
    // After 0.1, 0.3, 0.7 and 1.5 s; without growing there would be 15. A slow machine polls less.
    #expect((2...6).contains(polls.count))
    #expect(polls.dropLast().allSatisfy { $0["status"]?.integer == 202 })
    await connection.close()
  }

  @Test("8: 429 on submitting, on a poll and on a partition only delays")
  func tooMany() async throws {
    let fixture = try await large()
    let limit: JSONValue = [
      "status": 429, "json": ["code": "390505", "message": "Too many requests."],
      "headers": ["Retry-After": "1"],
    ]
    try await fixture.fault("submit", limit, where: Self.read)
    try await fixture.fault("poll", limit)
    try await fixture.fault("partition", ["status": 429, "headers": ["Retry-After": "0"]])
    #expect(isWhole(try await readLarge(fixture)))
    // The server's wish was heard.
    let submits = try await submitted(fixture).compactMap { $0["at"]?.integer }
    #expect(submits.count == 2 && submits[1] - submits[0] >= second)
    #expect(try await fixture.counter("executions") == 2)
  }

  @Test(
    "9: an answer that got lost after the server had the statement: it runs once",
    arguments: ["503", "504", "500", "reset"]
  )
  func lostAnswer(kind: String) async throws {
    let fixture = try await large()
    let action: JSONValue =
      kind == "reset"
      ? ["reset": true, "run": true] : ["status": .number(kind), "run": true, "body": "<html>"]
    try await fixture.fault("submit", action, where: Self.read)
    #expect(isWhole(try await readLarge(fixture)))
    let requests = try await submitted(fixture)
    #expect(requests.count == 2)
    #expect(requests.first?["query"]?["retry"] == nil)
    #expect(requests.last?["query"]?["retry"]?.string == "true")
    let ids = requests.compactMap { $0["query"]?["requestId"]?.string }
    #expect(ids.count == 2 && ids[0] == ids[1])
    #expect(try await fixture.counter("replayed") == 1)
    #expect(try await fixture.counter("request id used again") == 0)
    // The columns, the rows.
    #expect(try await fixture.counter("executions") == 2)
  }

  @Test(
    "10: partitions in gzip, in gzip without its header, and plain",
    arguments: [
      JSONValue.null, ["drop_headers": ["Content-Encoding"]], ["plain": true],
    ]
  )
  func encodings(action: JSONValue) async throws {
    let fixture = try await large()
    if action != .null { try await fixture.fault("partition", action, times: 0) }
    #expect(isWhole(try await readLarge(fixture)))
    #expect(try await fixture.requests("partition").count >= 3)
  }

  @Test("10: a partition that is a bare array")
  func bareArray() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(
      .usual("t", (0..<3000).map { (at: newYear + Int64($0), id: "\($0)", payload: "{}") })
    )
    try await fixture.ask("set", ["partition_bytes": 60_000])
    let partition = try await fixture.partition(1, of: "t")
    try await fixture.fault(
      "partition",
      ["status": 200, "body": .string("[" + partition + "]"), "headers": [:]],
      where: ["partition": 1]
    )
    #expect(
      try await fixture.read("t").map(\.externalID) == (0..<3000).map { "\($0)" }
    )
  }

  @Test("11: fewer rows than announced are an error")
  func missingRows() async throws {
    let fixture = try await large()
    try await fixture.fault("partition", ["status": 200, "json": ["data": []]], skip: 1)
    let failure = try await #require(throws: Failure.self) { try await readLarge(fixture) }
    #expect(failure.code == "result_incomplete")
    #expect(failure.recovery == .failRun)
  }

  @Test("12: a partition that fails is asked for again, of the same statement")
  func partitionAgain() async throws {
    let fixture = try await large()
    try await fixture.fault("partition", ["status": 503], skip: 1, times: 2)
    try await fixture.fault("partition", ["status": 202, "json": ["code": "333334"]])
    #expect(isWhole(try await readLarge(fixture)))
    #expect(try await fixture.counter("executions") == 2)
  }

  @Test("12: a partition that cannot be had ends the read; what came before stays good")
  func partitionGone() async throws {
    let fixture = try await large()
    try await fixture.fault(
      "partition",
      ["status": 422, "json": ["code": "000603", "message": "gone", "sqlState": "XX000"]],
      times: 0,
      where: ["partition": 3]
    )
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    var rows: [ReadRow] = []
    let failure = try await #require(throws: Failure.self) {
      while let batch = try await reader.nextBatch() {
        batch.forEachRow { _, row in rows.append(ReadRow(row)) }
      }
    }
    #expect(failure.code == "query_failed")
    await connection.close()
    // The next run begins where this one's rows ended.
    try await fixture.emulator.admin("/tenants/\(fixture.account)/faults", method: .delete)
    let from = rows.last.map { Timestamp(nanoseconds: $0.updatedAt) }
    let rest = try await fixture.read("large", from: from)
    let ids = Set((rows + rest).map(\.externalID))
    #expect(ids.count == 6_000)
  }

  @Test("13: a result that is not kept any more is named, and a new read gives the rows")
  func expired() async throws {
    let fixture = try await large()
    try await fixture.fault(
      "partition",
      [
        "status": 422,
        "json": [
          "code": "000710", "sqlState": "02000", "message": "Result for query x has expired",
        ],
      ]
    )
    let failure = try await #require(throws: Failure.self) { try await readLarge(fixture) }
    #expect(failure.code == "result_expired")
    #expect(failure.recovery == .reconnect)
    #expect(isWhole(try await readLarge(fixture)))
  }

  @Test("19: a statement that takes too long is tried once more, then named; no row came")
  func timeout() async throws {
    let fixture = try await large()
    let late: JSONValue = [
      "status": 408,
      "json": [
        "code": "000630", "sqlState": "57014", "message": "Statement reached its timeout",
        "statementHandle": "x",
      ],
    ]
    try await fixture.fault("poll", late)
    #expect(isWhole(try await readLarge(fixture)))
    #expect(try await submitted(fixture).count == 2)
    try await fixture.fault("poll", late, times: 2)
    let failure = try await #require(throws: Failure.self) { try await readLarge(fixture) }
    #expect(failure.code == "statement_timeout")
  }

  @Test("20: closing while a statement runs cancels it at the server")
  func cancelled() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    try await fixture.fault("poll", ["status": 202, "json": ["code": "333334"]], times: 0)
    try await fixture.ask("set", ["run_seconds": 2])
    let reading = Task {
      try await connection.readChanges(fixture.selection("t"), data: .attributes, from: nil)
    }
    while try await fixture.requests("poll").isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
    try await fixture.ask("set", ["run_seconds": 60])
    reading.cancel()
    await connection.close()
    await #expect(throws: CancellationError.self) { _ = try await reading.value }
    let cancels = try await fixture.requests("cancel")
    #expect(cancels.count == 1)
    let handle = try await fixture.requests("poll").first?["facts"]?["handle"]?.string ?? "?"
    #expect(cancels.first?["path"]?.string == "/api/v2/statements/\(handle)/cancel")
    #expect(try await fixture.counter("canceled") == 1)
  }

  @Test("20: a statement that has ended meanwhile is no trouble to cancel")
  func cancelledTooLate() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    try await fixture.fault("poll", ["status": 202, "json": ["code": "333334"]], times: 0)
    let reading = Task {
      try await connection.readChanges(fixture.selection("t"), data: .attributes, from: nil)
    }
    while try await fixture.requests("poll").count < 2 {
      try await Task.sleep(for: .milliseconds(20))
    }
    await connection.close()
    await #expect(throws: Failure.self) { _ = try await reading.value }
    let cancels = try await fixture.requests("cancel")
    #expect(cancels.map { $0["status"]?.integer } == [422])
  }

  @Test(
    "24: a body that breaks off is read again from where it was, not taken for the end",
    arguments: ["partition", "poll"],
    [50, 5_000]
  )
  func truncated(point: String, length: Int) async throws {
    let fixture = try await large()
    try await fixture.fault(
      point,
      ["truncate": .number("\(length)")],
      where: point == "partition" ? ["partition": 2] : ["partition": 0]
    )
    #expect(isWhole(try await readLarge(fixture)))
    #expect(try await fixture.counter("executions") == 2)
  }

  @Test("24: a damaged gzip is a transport error as well")
  func damaged() async throws {
    let fixture = try await large()
    try await fixture.fault("partition", ["corrupt": 2_000])
    #expect(isWhole(try await readLarge(fixture)))
  }

  @Test("partitions are asked for ahead, and no more than four at once")
  func ahead() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.ask("set", ["partition_bytes": 50_000])
    try await fixture.createLarge(rows: 6_000)
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    try await Task.sleep(for: .milliseconds(500))
    let opened = try await fixture.requests("partition").count
    #expect((1...3).contains(opened))
    #expect(isWhole(try await reader.rest().rows))
    #expect(await reader.reportedRowCount == 6_000)
    let numbers = try await fixture.requests("partition").compactMap {
      $0["facts"]?["partition"]?.integer
    }
    #expect(Set(numbers).count == numbers.count)
    await connection.close()
  }

  @Test(
    "what is no JSON is a broken answer, not rows",
    arguments: ["<html>", "{\"data\":[[1", "[]"]
  )
  func noJSON(body: String) async throws {
    let fixture = try await large()
    try await fixture.fault(
      "poll",
      ["status": 200, "body": .string(body), "headers": [:]],
      times: 0
    )
    await #expect(throws: Failure.self) { try await readLarge(fixture) }
  }
}

extension SnowflakeFixture {
  /// The rows of a partition as text, by a client of the test's own.
  func partition(_ number: Int, of table: String) async throws -> String {
    let answer = try await ask(
      "partition",
      [
        "statement": .string("SELECT * FROM \(from(table)) ORDER BY 1"),
        "partition": .number("\(number)"),
      ]
    )
    return answer.string ?? ""
  }
}
