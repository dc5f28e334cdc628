import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// What is left of a statement that nobody wants any more: nothing (warehouses.md, B.8.20).
@Suite("Databricks, B.8.20: no statement is left running")
struct DatabricksCancelTests {
  @Test("B.8.20 an aborted statement is cancelled, and watched until it has ended")
  func cancels() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["running_polls": 1_000_000])
    let connection = try await bench.connect()
    let task = Task { try await bench.ids(connection) }
    while try await bench.fixture.requests("status").isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    let points = try await bench.fixture.requests().compactMap { $0["point"]?.string }
    let cancel = try #require(points.firstIndex(of: "cancel"))
    #expect(points[(cancel + 1)...].contains("status"))
    #expect(points.filter { $0 == "cancel" }.count == 1)
    await connection.close()

    // Closing does the same.
    let other = try await bench.connect()
    let polls = try await bench.fixture.requests("status").count
    let second = Task { try await bench.ids(other) }
    while try await bench.fixture.requests("status").count < polls + 2 {
      try await Task.sleep(for: .milliseconds(20))
    }
    await other.close()
    let failure = try await #require(throws: Failure.self) { _ = try await second.value }
    #expect(failure.code == "connection_closed")
    #expect(try await bench.fixture.requests("cancel").count == 2)
  }

  @Test(
    "B.8.20 a submission that is under way comes back first, and its statement is cancelled",
    arguments: ["cancel", "close", "both"]
  )
  func held(how: String) async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["running_polls": 1_000_000])
    // The workspace has the statement; its answer is slow.
    try await bench.fixture.fault("execute", ["delay": 1])
    let connection = try await bench.connect()
    let task = Task { try await bench.ids(connection) }
    while try await bench.fixture.requests("execute").isEmpty {
      try await Task.sleep(for: .milliseconds(10))
    }
    if how != "close" { task.cancel() }
    if how != "cancel" { await connection.close() }
    let failure = await #expect(throws: (any Error).self) { try await task.value }
    if how == "close" {
      #expect((failure as? Failure)?.code == "connection_closed")
    } else {
      #expect(failure is CancellationError)
    }
    let statements = try await bench.fixture.statements()
    #expect(statements.map { $0["state"]?.string } == ["CLOSED"])
    let points = try await bench.fixture.requests().compactMap { $0["point"]?.string }
    #expect(points == ["warehouse", "execute", "status", "cancel", "status", "close"])
    await connection.close()
  }

  @Test("B.8.20 a submission that does not come back is waited for so long and no longer")
  func lost() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.fault("execute", ["delay": 60])
    let connection = try await bench.connect(nil) { $0.submission = .milliseconds(300) }
    let task = Task { try await bench.ids(connection) }
    while try await bench.fixture.requests("execute").isEmpty {
      try await Task.sleep(for: .milliseconds(10))
    }
    let begin = ContinuousClock.now
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(ContinuousClock.now - begin < .seconds(20))
    await connection.close()
    #expect(ContinuousClock.now - begin < .seconds(20))
  }

  @Test("a question about one user ends with its patience, and so does its statement")
  func patience() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    let connection = try await bench.connect(nil) { $0.patience = .milliseconds(400) }
    // Columns, rows without UPDATED_AT; the third is slow.
    try await bench.fixture.fault("status", ["delay": 0.5], skip: 2)
    try await bench.fixture.configure(["running_polls": 1_000_000])
    let failure = try await #require(throws: Failure.self) {
      _ = try await connection.rows(
        of: .externalID("1"),
        in: .table("t"),
        data: .attributes,
        limit: 3
      )
    }
    #expect(failure.code == "query_timeout")
    #expect(try await bench.fixture.statements().allSatisfy { $0["state"]?.string == "CLOSED" })
    await connection.close()
  }

  @Test("every statement says whose work it is, in tags of a length that is taken")
  func tags() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    let long = String(repeating: "n\u{e9}", count: 100)
    let connection = try await bench.connect(tag: QueryTag(sync: long, run: "r-1"))
    _ = try await connection.inspect(.table("t"), data: .attributes, previewLimit: 3)
    _ = try await bench.ids(connection)
    _ = try await connection.rows(
      of: .externalID("1"),
      in: .table("t"),
      data: .attributes,
      limit: 3
    )
    _ = try await connection.countChanges(.table("t"), data: .attributes, from: nil, before: nil)
    let requests = try await bench.fixture.requests("execute")
    #expect(requests.count == 11)
    for request in requests {
      let tags = request["body"]?["query_tags"]?.elements.map {
        [$0["key"]?.string, $0["value"]?.string]
      }
      #expect(
        tags == [
          ["app", "sluice"], ["sync", String(repeating: "n\u{e9}", count: 64)], ["run", "r-1"],
        ]
      )
    }
    await connection.close()
  }
}
