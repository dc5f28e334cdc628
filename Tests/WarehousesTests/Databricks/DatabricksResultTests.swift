import HTTPFetch
import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// The points of warehouses.md, B.8, about results, by their numbers.
@Suite("Databricks, B.8: results")
struct DatabricksResultTests {
  @Test("B.8.7 a result that is an hour old is gone, and the run says so")
  func expired() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.configure(["chunk_bytes": 100_000])
    let connection = try await bench.connect()
    let reader = try await connection.readChanges(.table("t"), data: .attributes, from: nil)
    try await bench.fixture.advance(seconds: 3700)
    let failure = try await #require(throws: Failure.self) { _ = try await reader.rest() }
    #expect(failure.code == "result_expired")
    #expect(failure.recovery == .failRun)
    await connection.close()
  }

  @Test("B.8.8 a result of 60 MiB is read, whole")
  func large() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 63, payload: "repeat('x', 1000000)")
    try await bench.fixture.configure(["chunk_bytes": 20_000_000])
    let connection = try await bench.connect()
    let rows = try await connection.rows(.table("t"))
    #expect(rows.map(\.externalID) == (0..<63).map { "\($0)" })
    #expect(rows.allSatisfy { $0.payload?.utf8.count == 1_000_000 })
    #expect(try await bench.fixture.requests("link").count >= 4)
    await connection.close()
  }

  @Test("B.8.9 a link is fetched without our authorisation, with the headers that it asks for")
  func headers() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    let name = "x-amz-server-side-encryption-customer-key"
    try await bench.fixture.configure([
      "chunk_bytes": 100_000, "link_headers": ["x-amz-server-side-encryption-customer-key": "a2V5"],
    ])
    let connection = try await bench.connect()
    #expect(try await bench.ids(connection).count == 20_000)
    let links = try await bench.fixture.requests("link")
    #expect(links.count > 5)
    for link in links {
      #expect(link["headers"]?["authorization"] == nil)
      #expect(link["headers"]?[name]?.string == "a2V5")
      #expect(link["status"]?.integer == 200)
    }
    #expect(
      try await bench.fixture.requests("execute").allSatisfy {
        $0["headers"]?["authorization"] != nil
      }
    )
    await connection.close()
  }

  @Test("B.8.10 a link that has ended is asked for again, that chunk only")
  func expiredLinks() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.configure(["chunk_bytes": 100_000])
    let connection = try await bench.connect()

    // Before its use: the store's clock is past it, ours is not.
    let reader = try await connection.readChanges(.table("t"), data: .attributes, from: nil)
    try await bench.fixture.advance(seconds: 1000)
    let rows = try await reader.rest().rows
    #expect(rows.compactMap { $0.externalID.flatMap { Int($0) } } == Array(0..<20_000))
    let asked = try await bench.fixture.requests("chunk").compactMap {
      $0["facts"]?["chunk"]?.integer
    }
    // Its first link came with the result.
    #expect(asked.filter { $0 == 0 }.count == 1)
    #expect(Set(asked).count == Set(asked.filter { $0 > 0 }).count + 1)
    #expect(asked.filter { $0 == 1 }.count == 1)

    // One that is about to end, by our clock too, is not even tried.
    try await bench.fixture.steer("clock", ["reset": true])
    try await bench.fixture.configure(["link_seconds": 30])
    let before = try await bench.fixture.requests("link").filter { $0["status"]?.integer == 403 }
      .count
    #expect(try await bench.ids(connection) == Array(0..<20_000))
    let after = try await bench.fixture.requests("link").filter { $0["status"]?.integer == 403 }
      .count
    #expect(before == after)
    // It came with the result of each of the two statements, and another one was asked for at once.
    let again = try await bench.fixture.requests("chunk").dropFirst(asked.count)
    #expect(again.filter { $0["facts"]?["chunk"]?.integer == 0 }.count == 2)
    await connection.close()
  }

  @Test("B.8.10 a chunk that breaks off goes on after its last row: none twice, none lost")
  func brokenChunks() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.configure(["chunk_bytes": 200_000])
    for (chunk, bytes) in [(0, 1), (1, 50_000), (1, 190_000), (2, 100_001)] {
      try await bench.fixture.fault(
        "link",
        ["truncate": .whole(bytes)],
        where: ["chunk": .whole(chunk)]
      )
    }
    try await bench.fixture.fault("link", ["reset": true], where: ["chunk": 3])
    try await bench.fixture.fault(
      "link",
      [
        "status": 403, "body": "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        "headers": ["Content-Type": "application/xml"],
      ],
      where: ["chunk": 4]
    )
    try await bench.fixture.fault("link", ["status": 503, "body": "SlowDown"], where: ["chunk": 0])
    let connection = try await bench.connect()
    #expect(try await bench.ids(connection) == Array(0..<20_000))
    #expect(try await bench.fixture.executions() == 2)
    await connection.close()
  }

  @Test("B.8.10 a chunk that never comes whole ends the run")
  func unreachable() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.fault(
      "link",
      ["truncate": 5000],
      where: ["chunk": 0],
      skip: 1,
      times: 0
    )
    let broken = try #require(await bench.failure())
    #expect(broken.code == "connection_lost")
    let second = try await DatabricksBench()
    try await second.make(rows: 3)
    try await second.fixture.fault("link", ["status": 403, "body": "<Error/>"], skip: 1, times: 0)
    let refused = try #require(await second.failure())
    #expect(refused.code == "result_unreachable")
    #expect(refused.message.contains("(HTTP 403)"))
  }

  @Test("B.8.11 chunks come in order whichever is first, and every one is counted")
  func order() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.configure(["chunk_bytes": 100_000])
    for chunk in [0, 3, 5] {
      try await bench.fixture.fault("link", ["delay": 0.2], where: ["chunk": .whole(chunk)])
    }
    let connection = try await bench.connect()
    let reader = try await connection.readChanges(.table("t"), data: .attributes, from: nil)
    let rows = try await reader.rest().rows
    #expect(rows.compactMap { $0.externalID.flatMap { Int($0) } } == Array(0..<20_000))
    #expect(await reader.reportedRowCount == 20_000)
    // A few are under way at once, and a few only.
    let links = try await bench.fixture.requests("link").compactMap {
      $0["facts"]?["chunk"]?.integer
    }
    #expect(links.prefix(4).contains(2))

    // Fewer rows than were announced.
    try await bench.fixture.fault(
      "link",
      ["status": 200, "json": [["0", "a", "{}", "x"]]],
      where: ["chunk": 1]
    )
    let short = try await #require(throws: Failure.self) { _ = try await bench.ids(connection) }
    #expect(short.code == "result_incomplete")
    await connection.close()
  }

  @Test("B.8.12 a result that was cut fails the run")
  func truncated() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["truncates": true])
    let failure = try #require(await bench.failure())
    #expect(failure.code == "result_truncated")
  }

  @Test("B.8.14 a next chunk at a foreign host is not gone to")
  func foreignHost() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.configure([
      "chunk_bytes": 100_000, "foreign_host": "https://elsewhere.example",
    ])
    let connection = try await bench.connect()
    #expect(try await bench.ids(connection) == Array(0..<20_000))
    let paths = try await bench.fixture.requests("chunk").compactMap { $0["path"]?.string }
    #expect(paths.allSatisfy { $0.hasPrefix("/api/2.0/sql/statements/") })
    #expect(!paths.isEmpty)
    await connection.close()
  }

  @Test("B.8.15 microseconds are exact in any session's zone", arguments: ["UTC", "-08:00"])
  func zones(zone: String) async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.configure(["time_zone": .string(zone)])
    try await bench.fixture.run(
      """
      CREATE TABLE t (updated_at TIMESTAMP, external_id STRING, payload STRING);
      CREATE TABLE n (updated_at TIMESTAMP_NTZ, external_id STRING, payload STRING);
      INSERT INTO t VALUES (timestamp_micros(1704067200123456), 'a', '{}');
      INSERT INTO t VALUES (timestamp_micros(1704067200123457), 'b', '{}');
      INSERT INTO n VALUES (TIMESTAMP_NTZ'2024-01-01 00:00:00.123456', 'a', '{}');
      INSERT INTO n VALUES (TIMESTAMP_NTZ'2024-01-01 00:00:00.123457', 'b', '{}');
      INSERT INTO n VALUES (TIMESTAMP_NTZ'2024-03-10 02:30:00', 'c', '{}')
      """
    )
    let connection = try await bench.connect()
    for table in ["t", "n"] {
      let rows = try await connection.rows(.table(table)).prefix(2)
      #expect(rows.map(\.updatedAt) == [newYear + 123_456_000, newYear + 123_457_000])
      for (from, expected) in [(123_456_000, "a"), (123_456_001, "b"), (123_457_000, "b")] {
        let later = try await connection.rows(
          .table(table),
          from: Timestamp(nanoseconds: newYear + Int64(from))
        )
        #expect(later.first?.externalID == expected)
      }
      let inspection = try await connection.inspect(
        .table(table),
        data: .attributes,
        previewLimit: 5
      )
      #expect(inspection.preview.last?[0] == "2024-01-01 00:00:00.123456")
    }
    // An hour that the zone's summer time leaves out: a naive instant is UTC all the same (R14).
    let last = try await connection.rows(.table("n")).last
    #expect(last?.updatedAt == 1_710_037_800 * second)
    await connection.close()
  }

  @Test("B.8.17 a type that has no name in any list is text")
  func unknownTypes() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["type_names": ["payload": "FANCY_NEW_TYPE", "c2": "OTHER"]])
    let connection = try await bench.connect()
    #expect(try await connection.rows(.table("t")).map(\.payload) == ["{}", "{}", "{}"])
    await connection.close()
  }

  @Test("B.8.18 no rows, in each of the shapes", arguments: ["schema", "bare", "chunk"])
  func noRows(shape: String) async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["empty": .string(shape)])
    let connection = try await bench.connect()
    let reader = try await connection.readChanges(.table("t"), data: .attributes, from: .latest)
    #expect(try await reader.nextBatch() == nil)
    #expect(await reader.reportedRowCount == 0)
    await connection.close()
  }

  @Test("B.8.21 a presigned link is in no failure, no notice and no description")
  func secrets() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    var texts: [String] = []
    let actions: [JSONValue] = [
      ["reset": true], ["truncate": 3], ["status": 403, "body": "X-Amz-Signature=1"],
      ["status": 500, "body": ""], ["status": 200, "body": "nothing"],
    ]
    for action in actions {
      try await bench.fixture.fault("link", action, where: ["chunk": 0], times: 0)
      let failure = try #require(await bench.failure())
      texts += [failure.message, failure.cause ?? "", "\(failure)"]
      try await bench.fixture.emulator.admin(
        "/tenants/\(bench.fixture.workspace)/faults",
        method: .delete
      )
    }
    let answer: JSONValue = [
      "external_links": [
        ["chunk_index": 0, "row_count": 1, "external_link": "https://h/p?X-Amz-Signature=s"]
      ]
    ]
    let link = try #require(DatabricksLink.all(answer).first)
    let request = HTTPRequest(.get, try HTTPURL(link.url))
    texts += ["\(request)", String(reflecting: request), String(reflecting: request.url)]
    #expect(texts.count == 18)
    for text in texts {
      #expect(!text.contains("X-Amz-Signature"), "\(text)")
      #expect(!text.contains("X-Amz-Date"), "\(text)")
    }
  }

  @Test("B.8.22 a chunk of 100 MB is handed on as it comes, not held")
  func streams() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 100, payload: "repeat('x', 1000000)")
    try await bench.fixture.configure(["chunk_bytes": 200_000_000])
    // It breaks off in the middle, each time: whoever waits for all of it sees no row.
    try await bench.fixture.fault("link", ["truncate": 50_000_000], skip: 1, times: 0)
    let connection = try await bench.connect()
    let reader = try await connection.readChanges(.table("t"), data: .attributes, from: nil)
    let first = try #require(try await reader.nextBatch())
    #expect(first.count >= 1)
    #expect(first.byteCount < 4_000_000)
    var rows = first.count
    do {
      while let batch = try await reader.nextBatch() { rows += batch.count }
      Issue.record("it cannot have come whole")
    } catch let failure as Failure {
      #expect(failure.code == "connection_lost")
    }
    // As many as were on their way when the connection was cut.
    #expect((1...50).contains(rows))
    #expect(
      try await bench.fixture.requests("link").compactMap { $0["facts"]?["chunk"]?.integer }
        .allSatisfy { $0 == 0 }
    )
    await connection.close()
  }
}
