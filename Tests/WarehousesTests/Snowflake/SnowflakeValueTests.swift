import Foundation
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: values and bounds (A.12, points 14 to 17)")
struct SnowflakeValueTests {
  /// A table T with an UPDATED_AT of that type, and rows of it.
  func table(_ type: String, _ values: [JSONValue]) async throws -> SnowflakeFixture {
    let fixture = try await SnowflakeFixture()
    try await fixture.sql(
      "CREATE TABLE T (UPDATED_AT \(type), EXTERNAL_ID NUMBER(38,0), PAYLOAD VARCHAR)",
      "GRANT SELECT ON TABLE T TO ROLE LOADER"
    )
    try await fixture.load(
      "T",
      values.enumerated().map { [$0.element, .number("\($0.offset)"), "{}"] }
    )
    return fixture
  }

  func read(_ fixture: SnowflakeFixture, from: Int64? = nil) async throws -> [ReadRow] {
    let connection = try await fixture.connect()
    let rows = try await connection.rows(
      .table("t"),
      from: from.map { Timestamp(nanoseconds: $0) }
    )
    await connection.close()
    return rows
  }

  static let instants: [Int64] = [
    -9_000_000_000_000_000_001, -1_500_000_000, -1, 0, 1, 999_999_999, newYear + 123_456_789,
    9_000_000_000_000_000_001,
  ]

  @Test(
    "14, 16: every nanosecond is exact, and a bound leaves out exactly what is before it",
    arguments: ["TIMESTAMP_NTZ(9)", "TIMESTAMP_LTZ(9)", "TIMESTAMP_TZ(9)"]
  )
  func nanoseconds(type: String) async throws {
    let isZoned = type.hasPrefix("TIMESTAMP_TZ")
    let fixture = try await table(
      type,
      Self.instants.reversed().map {
        isZoned ? .string("\($0) 1770") : .number("\($0)")
      }
    )
    #expect(try await read(fixture).map(\.updatedAt) == Self.instants)
    for (index, instant) in Self.instants.enumerated() {
      #expect(try await read(fixture, from: instant).count == Self.instants.count - index)
      #expect(try await read(fixture, from: instant + 1).count == Self.instants.count - index - 1)
    }
    // The bound has the column's own type: no time zone enters.
    let bindings = try await fixture.requests("submit").compactMap { $0["body"]?["bindings"]?["1"] }
    #expect(bindings.count == Self.instants.count * 2)
    #expect(
      bindings.allSatisfy { type.hasPrefix($0["type"]?.string ?? "?") }
    )
  }

  @Test("14: offsets of a TIMESTAMP_TZ do not move the instant")
  func offsets() async throws {
    let offsets = [720, 1440, 1770, 2160, 2220, 2280]
    let fixture = try await table(
      "TIMESTAMP_TZ(9)",
      offsets.enumerated().map { .string("\(newYear + Int64($0.offset)) \($0.element)") }
    )
    #expect(try await read(fixture).map(\.updatedAt) == offsets.indices.map { newYear + Int64($0) })
  }

  @Test("14: a DATE is its midnight in UTC, and a bound within a day begins with the next")
  func dates() async throws {
    let fixture = try await table("DATE", ["2024-01-01", "1969-12-31", "2024-01-02"])
    let day = 86_400 * second
    #expect(try await read(fixture).map(\.updatedAt) == [-day, newYear, newYear + day])
    #expect(try await read(fixture, from: newYear).count == 2)
    #expect(try await read(fixture, from: newYear + 1).map(\.externalID) == ["2"])
    #expect(try await read(fixture, from: -day + 1).count == 2)
  }

  @Test(
    "14: seconds and nanoseconds, as the reference describes both",
    arguments: [
      ("1704067200", newYear), ("1704067200123456789", newYear + 123_456_789),
      ("1704067200.5", newYear + 500_000_000), ("-1.500000000", -1_500_000_000),
      ("-0.000000001", -1), ("1704067200.1234567891", newYear + 123_456_789),
      ("99999999999999999999.0", Int64.max), ("-99999999999.0", Int64.min),
      ("1641008096.123000000 1980", 1_641_008_096_123_000_000),
    ]
  )
  func spellings(text: String, nanoseconds: Int64) async throws {
    let rows = try await answered([.string(text), "a", "{}"])
    #expect(rows.first?.updatedAt == nanoseconds)
  }

  @Test(
    "an UPDATED_AT that is none ends the read",
    arguments: ["", "x", "2024-01-01", "1.", ".5", "1.5 ", "1.5 x", "--1.0"]
  )
  func noInstant(text: String) async throws {
    let failure = try await #require(throws: Failure.self) {
      _ = try await answered([.string(text), "a", "{}"])
    }
    #expect(failure.code == "bad_updated_at")
  }

  @Test("14: NULL is not the text null, and every character comes through")
  func texts() async throws {
    let text = "null \u{1}\"\\/\u{8}\u{c}\n\r\t é 日本 👩‍👩‍👧 \u{7f}"
    let rows = try await answered(
      ["1.0", "null", .string(text)],
      ["2.0", .null, .null]
    )
    #expect(rows.map(\.externalID) == ["null", nil])
    #expect(rows.first?.payload.map { Array($0.utf8) } == Array(text.utf8))
    #expect(rows.last?.payload == nil)
  }

  @Test("14: escapes of every kind, also across the pieces that an answer comes in")
  func escapes() async throws {
    let body =
      #"{"resultSetMetaData":{"numRows":1,"format":"jsonv2","rowType":[],"partitionInfo":[{"rowCount":1,"uncompressedSize":1}]},"data":[["1.0","\u0061\ud83d\ude00\u00e9\/\b","{\"a\":\"\\u0041\"}"]],"code":"090001","statementHandle":"x"}"#
    let rows = try await answered(body: body)
    #expect(rows.first?.externalID == "a😀é/\u{8}")
    #expect(rows.first?.payload == #"{"a":"\u0041"}"#)
  }

  @Test("14: 16 MB of text are read through and cut, with their size")
  func hugeText() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(
      FixtureTable(
        "t",
        [("UPDATED_AT", .instant), ("EXTERNAL_ID", .text), ("PAYLOAD", .text)],
        [[.instant(newYear), .text("a"), .long(16_777_216)]]
      )
    )
    let rows = try await fixture.read("t")
    #expect(rows.first?.oversizedPayload == 16_777_216)
    #expect(rows.first?.payload?.utf8.count == RowBatchBuilder.excerptLength)
  }

  @Test("a preview of rows so large that they come in several partitions")
  func largePreview() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(
      FixtureTable(
        "t",
        [("UPDATED_AT", .instant), ("EXTERNAL_ID", .text), ("PAYLOAD", .text)],
        (0..<5).map { [.instant(newYear + $0), .text("\($0)"), .long(500_000)] }
      )
    )
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      .table("\"t\""),
      data: .attributes,
      previewLimit: 5
    )
    #expect(inspection.problem == nil)
    #expect(inspection.preview.map { $0[1] } == ["4", "3", "2", "1", "0"])
    #expect(try await fixture.requests("partition").count >= 2)
    await connection.close()
  }

  @Test("15: PAYLOAD may be VARIANT or OBJECT; what is no object is the row's own trouble")
  func semistructured() async throws {
    let fixture = try await SnowflakeFixture()
    for (number, type) in ["VARIANT", "OBJECT", "VARCHAR"].enumerated() {
      try await fixture.sql(
        "CREATE TABLE T\(number) (UPDATED_AT TIMESTAMP_NTZ, EXTERNAL_ID VARCHAR, PAYLOAD \(type))",
        "GRANT SELECT ON TABLE T\(number) TO ROLE LOADER"
      )
      let payloads = [#"{"a":{"b":[1,2.50,null]}}"#, "[1]", "no json"]
      try await fixture.load(
        "T\(number)",
        payloads.enumerated().map { [.number("\($0.offset)"), "u", .string($0.element)] }
      )
      let connection = try await fixture.connect()
      #expect(try await connection.rows(.table("T\(number)")).map(\.payload) == payloads)
      await connection.close()
    }
  }

  @Test(
    "17: the user's time zone moves nothing",
    arguments: ["America/Los_Angeles", "Asia/Kolkata"]
  )
  func timeZone(name: String) async throws {
    let fixture = try await table(
      "TIMESTAMP_NTZ(9)",
      [.number("\(newYear)"), .number("\(newYear + 1)")]
    )
    try await fixture.sql("ALTER USER SLUICE SET TIMEZONE = '\(name)'")
    #expect(try await read(fixture, from: newYear + 1).map(\.externalID) == ["1"])
    let bodies = try await fixture.requests("submit").compactMap { $0["body"] }
    #expect(bodies.allSatisfy { $0["parameters"]?["timezone"]?.string == "UTC" })
  }

  @Test("the cursor's bound is the server's clock, not ours")
  func serverClock() async throws {
    let fixture = try await table("TIMESTAMP_NTZ(9)", [.number("\(newYear)")])
    let connection = try await fixture.connect()
    try await fixture.ask("clock", ["advance": -30])
    let reader = try await connection.readChanges(.table("T"), data: .attributes, from: nil)
    let behind = World.system.now().nanoseconds - reader.warehouseTime.nanoseconds
    #expect((25 * second...60 * second).contains(behind))
    await connection.close()
  }

  // MARK: Answers that the server never gives by itself

  func answered(_ rows: JSONValue...) async throws -> [ReadRow] {
    let count = JSONValue.number("\(rows.count)")
    let body: JSONValue = [
      "resultSetMetaData": [
        "numRows": count, "format": "jsonv2", "rowType": [],
        "partitionInfo": [["rowCount": count, "uncompressedSize": 1]],
      ],
      "data": .array(rows), "code": "090001", "statementHandle": "x",
    ]
    return try await answered(body: String(decoding: body.text, as: UTF8.self))
  }

  func answered(body: String) async throws -> [ReadRow] {
    let fixture = try await table("TIMESTAMP_NTZ(9)", [])
    let connection = try await fixture.connect()
    try await fixture.fault("poll", ["status": 200, "body": .string(body), "headers": [:]])
    do {
      let rows = try await connection.rows(.table("T"))
      await connection.close()
      return rows
    } catch {
      await connection.close()
      throw error
    }
  }
}
