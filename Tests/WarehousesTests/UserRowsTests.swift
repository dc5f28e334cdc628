import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

/// Part of what every driver promises: run over all that the registry holds.
@Suite("Every warehouse driver finds a user's rows the same way")
struct UserRowsTests {
  static let types = Fixtures.types

  @Test("all rows of the user, newest first, and how many have no UPDATED_AT", arguments: types)
  func rows(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      .usual(
        "t",
        [
          (newYear, "a", #"{"n":1}"#), (newYear + 2 * second, "a", #"{"n":3}"#), (nil, "a", "{}"),
          (newYear + second, "b", "{}"), (newYear + second, "a", #"{"n":2}"#), (nil, "b", "{}"),
        ]
      )
    )
    let found = try await fixture.rows(of: .externalID("a"), in: "t")
    #expect(found.rows.map(\.count) == [1, 1, 1])
    #expect(found.read.map(\.payload) == [#"{"n":3}"#, #"{"n":2}"#, #"{"n":1}"#])
    #expect(found.read.map(\.updatedAt) == [newYear + 2 * second, newYear + second, newYear])
    #expect(found.rowsWithoutUpdatedAt == 1 && !found.hasMore)
    #expect(found.warehouseTime.nanoseconds > newYear)
    let first = try await fixture.rows(of: .externalID("a"), in: "t", limit: 2)
    #expect(first.read.map(\.payload) == [#"{"n":3}"#, #"{"n":2}"#])
    #expect(first.hasMore)
    let nobody = try await fixture.rows(of: .externalID("c"), in: "t")
    #expect(nobody.rows.isEmpty && nobody.rowsWithoutUpdatedAt == 0 && !nobody.hasMore)
  }

  @Test(
    "a value is a value: quotes, wildcards and SQL in it find themselves only",
    arguments: types
  )
  func bound(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    let ids = ["' OR 1=1 --", "%", "_", "\\", "e\u{301}", "\u{e9}", "A", "a", "1;2", "$1", "?1"]
    try await fixture.create(.usual("t", ids.map { (newYear, $0, "{}") }))
    for id in ids {
      let found = try await fixture.rows(of: .externalID(id), in: "t")
      #expect(found.read.map { $0.externalID.map { Array($0.utf8) } } == [Array(id.utf8)])
    }
  }

  @Test(
    "by every identifier; numbers by their digits, email addresses in any case",
    arguments: types
  )
  func identifiers(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      FixtureTable(
        "t",
        [
          ("updated_at", .instant), ("external_id", .integer), ("alias_name", .text),
          ("alias_label", .text), ("braze_id", .text), ("email", .text), ("phone", .text),
          ("payload", .text),
        ],
        [
          [
            .instant(newYear), .integer(-42), .text("n"), .text("l"), .text("bz"),
            .text("Ann@B.example"), .text("+1"), .text("1"),
          ],
          [
            .instant(newYear), .null, .text("n"), .text("other"), .null, .null, .null, .text("2"),
          ],
        ]
      )
    )
    for user in [
      SourceUser.externalID("-42"), .alias(name: "n", label: "l"), .brazeID("bz"),
      .email("ann@b.EXAMPLE"), .phone("+1"),
    ] {
      #expect(try await fixture.rows(of: user, in: "t").read.map(\.payload) == ["1"], "\(user)")
    }
    #expect(try await fixture.rows(of: .brazeID("BZ"), in: "t").rows.isEmpty)
  }

  @Test("a source without the column says so; the connection works on", arguments: types)
  func missing(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    let error = await #expect(throws: Failure.self) {
      try await connection.rows(
        of: .email("a@b.c"),
        in: fixture.selection("t"),
        data: .attributes,
        limit: 5
      )
    }
    #expect(error?.code == "identifier_column_missing")
    #expect(error?.message.contains("EMAIL") == true)
    let query = RowSelection.query("SELECT * FROM \(fixture.from("t"))")
    let found = try await connection.rows(
      of: .externalID("a"),
      in: query,
      data: .attributes,
      limit: 5
    )
    #expect(found.rows.count == 1)
    #expect(try await connection.rows(fixture.selection("t")).count == 1)
    await connection.close()
  }

  @Test("long payloads are cut as a run cuts them", arguments: types)
  func oversized(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      FixtureTable(
        "t",
        [("updated_at", .instant), ("external_id", .text), ("payload", .text)],
        [[.instant(newYear), .text("a"), .long(2_000_000)]]
      )
    )
    let found = try await fixture.rows(of: .externalID("a"), in: "t")
    #expect(found.read.map(\.oversizedPayload) == [2_000_000])
    #expect(found.rows == (try await fixture.batches("t")))
  }
}

extension WarehouseFixture {
  fileprivate func rows(
    of user: SourceUser,
    in table: String,
    limit: Int = 10
  ) async throws -> UserRows {
    let connection = try await connect()
    let found = try await connection.rows(
      of: user,
      in: selection(table),
      data: .attributes,
      limit: limit
    )
    await connection.close()
    return found
  }

  /// As a run reads them: the same bytes, or a row would not be recognised.
  fileprivate func batches(_ table: String) async throws -> [RowBatch] {
    let connection = try await connect()
    let reader = try await connection.readChanges(selection(table), data: .attributes, from: nil)
    var batches: [RowBatch] = []
    while let batch = try await reader.nextBatch() { batches.append(batch) }
    await connection.close()
    return batches
  }
}

extension UserRows {
  fileprivate var read: [ReadRow] {
    var rows: [ReadRow] = []
    for batch in self.rows { batch.forEachRow { _, row in rows.append(ReadRow(row)) } }
    return rows
  }
}
