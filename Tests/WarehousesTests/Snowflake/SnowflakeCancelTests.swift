import HTTPFetch
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: nothing is left running (A.12, point 20)")
struct SnowflakeCancelTests {
  func fixture() async throws -> SnowflakeFixture {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    return fixture
  }

  /// A read whose submission of that text is under way.
  func reading(
    _ fixture: SnowflakeFixture,
    _ connection: any WarehouseConnection,
    until text: String
  ) async throws -> Task<Void, any Error> {
    let reading = Task {
      _ = try await connection.readChanges(fixture.selection("t"), data: .attributes, from: nil)
    }
    while try await fixture.submitted(text).isEmpty {
      try await Task.sleep(for: .milliseconds(10))
    }
    return reading
  }

  @Test(
    "a submission whose answer is held: the statement is asked for by its request, and cancelled",
    arguments: [true, false]
  )
  func held(isCancelled: Bool) async throws {
    let fixture = try await fixture()
    let connection = try await fixture.connect()
    // The columns come at once and their answer late: what follows them runs for a minute.
    try await fixture.fault("submit", ["delay": 2], where: ["statement": "LIMIT 0"])
    try await fixture.fault("submit", ["delay": 30], where: ["statement": "ORDER BY"])
    let reading = try await reading(fixture, connection, until: "LIMIT 0")
    try await fixture.ask("set", ["run_seconds": 60])
    while try await fixture.counter("executions") < 2 {
      try await Task.sleep(for: .milliseconds(10))
    }
    if isCancelled { reading.cancel() }
    let start = ContinuousClock.now
    await connection.close()
    #expect(ContinuousClock.now - start < .seconds(12))
    await #expect(throws: (any Error).self) { try await reading.value }
    let requests = try await fixture.submitted("ORDER BY")
    #expect(requests.count == 2)
    #expect(Set(requests.compactMap { $0["query"]?["requestId"]?.string }).count == 1)
    #expect(requests.last?["query"]?["retry"]?.string == "true")
    #expect(try await fixture.counter("executions") == 2)
    #expect(try await fixture.counter("canceled") == 1)
  }

  @Test("a statement that is waited for in one request is found and cancelled as well")
  func waiting() async throws {
    let fixture = try await fixture()
    let connection = try await fixture.connect()
    try await fixture.ask("set", ["run_seconds": 60])
    let reading = try await reading(fixture, connection, until: "LIMIT 0")
    reading.cancel()
    await connection.close()
    await #expect(throws: CancellationError.self) { try await reading.value }
    #expect(try await fixture.counter("executions") == 1)
    #expect(try await fixture.counter("canceled") == 1)
  }

  @Test("a server that does not say what it runs holds up a close for seconds, not for ever")
  func bounded() async throws {
    let fixture = try await fixture()
    let connection = try await fixture.connect()
    try await fixture.fault("submit", ["delay": 60], times: 0)
    let reading = try await reading(fixture, connection, until: "LIMIT 0")
    reading.cancel()
    let start = ContinuousClock.now
    await connection.close()
    #expect(ContinuousClock.now - start < .seconds(12))
    await #expect(throws: CancellationError.self) { try await reading.value }
  }

  @Test("a statement that never left is not begun by a close")
  func neverSent() async throws {
    var fixture = try await fixture()
    fixture.settings["caFile"] = fixture.emulator.facts.wrongCaFile
    let connection = try await fixture.connect()
    await #expect(throws: Failure.self) {
      try await connection.readChanges(fixture.selection("t"), data: .attributes, from: nil)
    }
    await connection.close()
    #expect(try await fixture.requests("submit").isEmpty)
  }

  @Test("after a close nothing is asked any more, whatever is asked for: it throws")
  func closed() async throws {
    let fixture = try await fixture()
    let connection = try await fixture.connect()
    #expect(try await connection.rows(fixture.selection("t")).count == 1)
    await connection.close()
    try await fixture.forget()
    let failure = await #expect(throws: Failure.self) {
      try await connection.inspect(fixture.selection("t"), data: .attributes, previewLimit: 1)
    }
    #expect(failure?.code == "connection_closed")
    #expect(try await fixture.requests().isEmpty)
  }

  @Test("a look that a close cuts off throws, at whatever moment", arguments: [0, 30, 100, 300])
  func closedMeanwhile(milliseconds: Int) async throws {
    let fixture = try await fixture()
    let connection = try await fixture.connect()
    try await fixture.ask("set", ["run_seconds": 1])
    let look = Task {
      try await connection.inspect(fixture.selection("t"), data: .attributes, previewLimit: 1)
    }
    try await Task.sleep(for: .milliseconds(milliseconds))
    await connection.close()
    let failure = await #expect(throws: Failure.self) { try await look.value }
    #expect(failure?.code == "connection_closed")
  }
}

extension SnowflakeFixture {
  /// Requests that submitted a statement with that text in it.
  func submitted(_ text: String) async throws -> [JSONValue] {
    try await requests("submit").filter {
      $0["body"]?["statement"]?.string?.contains(text) == true
    }
  }
}
