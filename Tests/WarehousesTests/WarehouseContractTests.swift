import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

/// What every driver promises: run over all that the registry holds.
@Suite("Every warehouse driver reads changed rows the same way")
struct WarehouseContractTests {
  @Test("has a fixture", arguments: WarehouseRegistry.all.types)
  func hasFixture(type: String) async throws {
    #expect(Fixtures.all[type] != nil, "\(MissingFixture(type: type))")
  }

  @Test("selects every row with UPDATED_AT, in its order (R1, R13)", arguments: types)
  func order(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      .usual(
        "t",
        [
          (newYear + second, "b", "{}"), (nil, "never", "{}"), (newYear, "a", #"{"x":1}"#),
          (newYear + 2 * second, "c", "{}"),
        ]
      )
    )
    let rows = try await fixture.read("t")
    #expect(rows.map(\.externalID) == ["a", "b", "c"])
    #expect(rows.map(\.updatedAt) == [newYear, newYear + second, newYear + 2 * second])
    #expect(rows.first?.payload == #"{"x":1}"#)
  }

  @Test("tells NULL from empty, for every column", arguments: types)
  func nulls(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      .usual("t", [(newYear, nil, nil), (newYear + second, "", "")])
    )
    let rows = try await fixture.read("t")
    #expect(rows.map(\.externalID) == [nil, ""])
    #expect(rows.map(\.payload) == [nil, ""])
  }

  @Test("reads all six identifier columns, numbers as their digits", arguments: types)
  func identifiers(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      FixtureTable(
        "t",
        [
          ("phone", .text), ("payload", .text), ("updated_at", .instant), ("external_id", .integer),
          ("alias_label", .text), ("alias_name", .text), ("email", .text), ("braze_id", .text),
          ("unrelated", .integer),
        ],
        [
          [
            .text("+1"), .text("{}"), .instant(newYear), .integer(-42), .text("label"),
            .text("name"),
            .text("a@b.c"), .text("bz"), .integer(9),
          ]
        ]
      )
    )
    let row = try #require(try await fixture.read("t").first)
    #expect(row.externalID == "-42")
    #expect(
      row.identifiers == [
        "alias_name": "name", "alias_label": "label", "braze_id": "bz", "email": "a@b.c",
        "phone": "+1",
      ]
    )
  }

  @Test("keeps ties, and includes rows at `from` (R2, R3, R5)", arguments: types)
  func from(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      .usual(
        "t",
        [
          (newYear - microsecond, "before", "{}"), (newYear, "tie 1", "{}"),
          (newYear, "tie 2", "{}"), (newYear + microsecond, "after", "{}"),
        ]
      )
    )
    let rows = try await fixture.read("t", from: Timestamp(nanoseconds: newYear))
    #expect(Set(rows.prefix(2).map(\.externalID)) == ["tie 1", "tie 2"])
    #expect(rows.dropFirst(2).map(\.externalID) == ["after"])
    // Between two microseconds: nothing at or after it is lost, nothing before it comes.
    let later = try await fixture.read("t", from: Timestamp(nanoseconds: newYear + 1))
    #expect(later.map(\.externalID) == ["after"])
    let none = try await fixture.read("t", from: Timestamp(nanoseconds: newYear + second))
    #expect(none.isEmpty)
    #expect(try await fixture.read("t", from: .latest).isEmpty)
    #expect(try await fixture.read("t", from: .earliest).count == 4)
  }

  @Test("counts what it would read, from here and before there", arguments: Fixtures.types)
  func counts(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      .usual(
        "t",
        [
          (newYear - microsecond, "a", "{}"), (newYear, "b", "{}"), (newYear, "c", "{}"),
          (newYear + microsecond, "d", "{}"), (nil, "never", "{}"),
        ]
      )
    )
    let connection = try await fixture.connect()
    func count(_ from: Int64?, _ before: Int64?) async throws -> Int64 {
      let found = try await connection.countChanges(
        fixture.selection("t"),
        data: .attributes,
        from: from.map(Timestamp.init(nanoseconds:)),
        before: before.map(Timestamp.init(nanoseconds:))
      )
      #expect(found.warehouseTime > Timestamp(nanoseconds: newYear))
      return found.rows
    }
    #expect(try await count(nil, nil) == 4)
    #expect(try await count(newYear, nil) == 3)
    #expect(try await count(newYear + 1, nil) == 1)
    #expect(try await count(nil, newYear) == 1)
    #expect(try await count(newYear, newYear + microsecond) == 2)
    #expect(try await count(newYear, newYear + 1) == 2)
    #expect(try await count(newYear, newYear) == 0)
    #expect(try await count(.min, .max) == 4)
    let failure = await #expect(throws: Failure.self) {
      try await connection.countChanges(
        fixture.selection("t"),
        data: .deletes,
        from: nil,
        before: nil
      )
    }
    #expect(failure?.code == "payload_in_deletes")
    // The connection is good for what comes next.
    let reader = try await connection.readChanges(
      fixture.selection("t"),
      data: .attributes,
      from: nil
    )
    #expect(reader.columns == [.updatedAt, .externalID, .payload])
    #expect(try await reader.rest().0.count == 4)
    await connection.close()
  }

  @Test("keeps microseconds exact, also before 1970", arguments: types)
  func exactness(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    let instants = [
      -9_000_000_000_000_001_000, -second - microsecond, -microsecond, 0, microsecond,
      newYear + 123_456_000, newYear + 999_999_000, 9_000_000_000_000_001_000,
    ]
    try await fixture.create(
      .usual("t", instants.reversed().map { (at: $0, id: "\($0)", payload: "{}") })
    )
    let rows = try await fixture.read("t")
    #expect(rows.map(\.updatedAt) == instants)
    #expect(rows.map(\.externalID) == instants.map { "\($0)" })
    for (index, instant) in instants.enumerated() {
      let count = try await fixture.read("t", from: Timestamp(nanoseconds: instant)).count
      #expect(count == instants.count - index)
    }
  }

  @Test(
    "an empty table gives no batch, and its count where the warehouse says it",
    arguments: types
  )
  func empty(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(.usual("t", []))
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("t"),
      data: .attributes,
      from: nil
    )
    #expect(try await reader.nextBatch() == nil)
    #expect(try await reader.nextBatch() == nil)
    #expect([nil, 0].contains(await reader.reportedRowCount))
    await connection.close()
  }

  @Test(
    "a payload of exactly 1 MB is whole, a longer one is cut and says its size (R30, R31)",
    arguments: types
  )
  func payloadSize(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    let limit = RowBatchBuilder.maximumPayload
    try await fixture.create(
      FixtureTable(
        "t",
        [("updated_at", .instant), ("external_id", .text), ("payload", .text)],
        [
          [.instant(newYear), .text("exact"), .long(limit)],
          [.instant(newYear + 1000), .text("over"), .long(limit + 1)],
          [.instant(newYear + 2000), .text("huge"), .long(20_000_000)],
          [.instant(newYear + 3000), .long(5_000_000), .text("{}")],
        ]
      )
    )
    let rows = try await fixture.read("t")
    #expect(rows.map { $0.payload?.utf8.count } == [limit, 1024, 1024, 2])
    #expect(rows.map(\.oversizedPayload) == [nil, UInt64(limit + 1), 20_000_000, nil])
    #expect(rows.last?.externalID?.utf8.count == RowBatchBuilder.maximumIdentifier)
  }

  @Test("hands text over byte by byte", arguments: types)
  func text(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    let texts = ["e\u{301}", "\u{e9}", "日本", "👩‍👩‍👧", "'\"\\", "line\nbreak\ttab", "$1 ?1 %s"]
    try await fixture.create(
      .usual(
        "t",
        texts.enumerated().map {
          (at: newYear + Int64($0.offset) * second, id: $0.element, payload: $0.element)
        }
      )
    )
    let rows = try await fixture.read("t")
    #expect(rows.map { $0.externalID.map { Array($0.utf8) } } == texts.map { Array($0.utf8) })
    #expect(rows.map { $0.payload.map { Array($0.utf8) } } == texts.map { Array($0.utf8) })
  }

  @Test("reads a view, and a query", arguments: types)
  func viewAndQuery(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(.usual("t", [(newYear, "a", "{}"), (newYear + second, "b", "{}")]))
    let select = "SELECT updated_at, external_id, payload FROM \(fixture.from("t"))"
    try await fixture.createView("v", as: "\(select) WHERE external_id = 'b'")
    #expect(try await fixture.read("v").map(\.externalID) == ["b"])
    let connection = try await fixture.connect()
    let query = fixture.query("-- mine;\n\(select) WHERE external_id <> 'b;)' -- the end\n; ")
    #expect(try await connection.rows(.query(query)).map(\.externalID) == ["a", "b"])
    let later = try await connection.rows(
      .query(query),
      from: Timestamp(nanoseconds: newYear + second)
    )
    #expect(later.map(\.externalID) == ["b"])
    await connection.close()
  }

  @Test("finds tables whatever their name", arguments: types, nastyNames)
  func names(type: String, name: String) async throws {
    let fixture = try await Fixtures.make(type)
    guard fixture.permits(tableName: name) else {
      let failure = await #expect(throws: Failure.self) { _ = try await fixture.read(name) }
      #expect(failure?.code == "invalid_table_name")
      return
    }
    try await fixture.create(.usual(name, [(newYear, "a", "{}")]))
    #expect(try await fixture.read(name).map(\.externalID) == ["a"])
  }

  @Test("streams in order, in several batches, and counts", arguments: types)
  func stream(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.createLarge(rows: 25_001)
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    let (rows, batches) = try await reader.rest()
    #expect(rows.count == 25_001)
    #expect(batches >= 3)
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.updatedAt < $1.updatedAt })
    #expect(Set(rows.map(\.externalID)).count == 25_001)
    #expect([nil, 25_001].contains(await reader.reportedRowCount))
    #expect(reader.warehouseTime > Timestamp(nanoseconds: newYear))
    await connection.close()
  }

  @Test("a second read on the same connection works after the first has ended", arguments: types)
  func again(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    for _ in 0..<2 {
      #expect(try await connection.rows(fixture.selection("t")).count == 1)
      let inspection = try await connection.inspect(
        fixture.selection("t"),
        data: .attributes,
        previewLimit: 5
      )
      #expect(inspection.problem == nil)
    }
    await connection.close()
  }

  @Test("cancelling in the middle of a read ends it", arguments: types)
  func cancel(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.createLarge(rows: 60_000)
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    _ = try await reader.nextBatch()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      while try await reader.nextBatch() != nil {}
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    await connection.close()
    await connection.close()
  }

  @Test("closing in the middle of a read ends it, and nothing hangs", arguments: types)
  func earlyClose(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.createLarge(rows: 60_000)
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    _ = try await reader.nextBatch()
    await connection.close()
    await #expect(throws: Failure.self) { while try await reader.nextBatch() != nil {} }
    await #expect(throws: (any Error).self) {
      try await connection.inspect(fixture.selection("large"), data: .attributes, previewLimit: 1)
    }
  }

  static let types = Fixtures.types
  static let nastyNames = [
    "two words", "Mixed Case", "dots.in.it", "quote\"inside", "apostrophe'", "select", "naïve", "",
    "semi;colon -- dash", "$1", "[brackets]", "a\\b",
  ].filter { !$0.isEmpty }
}

extension WarehouseFixture {
  /// All rows of a table, over a connection of its own.
  func read(_ table: String, data: DataType = .attributes, from: Timestamp? = nil) async throws
    -> [ReadRow]
  {
    let connection = try await connect()
    let rows = try await connection.rows(selection(table), data, from: from)
    await connection.close()
    return rows
  }
}
