import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Every warehouse driver checks a source's columns before it reads")
struct WarehouseColumnTests {
  static let types = Fixtures.types

  /// The failure of reading a table with these columns, and that of the connection test.
  func failures(
    _ type: String,
    _ columns: [(String, FixtureTable.Kind)],
    _ data: DataType = .attributes
  ) async throws -> Failure? {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(FixtureTable("t", columns))
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      fixture.selection("t"),
      data: data,
      previewLimit: 3
    )
    #expect(inspection.columns.map(\.name) == columns.map(\.0))
    var failure: Failure?
    do {
      _ = try await connection.readChanges(fixture.selection("t"), data: data, from: nil)
    } catch let error as Failure {
      failure = error
    }
    #expect(failure == inspection.problem)
    await connection.close()
    return failure
  }

  @Test("no UPDATED_AT (R21)", arguments: types)
  func noUpdatedAt(type: String) async throws {
    let failure = try await failures(type, [("external_id", .text), ("payload", .text)])
    #expect(failure?.code == "column_missing")
    #expect(failure?.message.contains("UPDATED_AT") == true)
    #expect(failure?.recovery == .needsOperator)
  }

  @Test("no identifier (R22)", arguments: types)
  func noIdentifier(type: String) async throws {
    let failure = try await failures(type, [("updated_at", .instant), ("payload", .text)])
    #expect(failure?.code == "column_missing")
    #expect(
      failure?.message.contains("EXTERNAL_ID, ALIAS_NAME with ALIAS_LABEL, BRAZE_ID, EMAIL, PHONE")
        == true
    )
  }

  @Test("half an alias", arguments: types)
  func halfAlias(type: String) async throws {
    let failure = try await failures(
      type,
      [("updated_at", .instant), ("alias_name", .text), ("payload", .text)]
    )
    #expect(failure?.code == "column_missing")
    #expect(failure?.message.contains("ALIAS_LABEL") == true)
  }

  @Test("no PAYLOAD, except for deletes (R23, R27)", arguments: types)
  func noPayload(type: String) async throws {
    let columns: [(String, FixtureTable.Kind)] = [
      ("updated_at", .instant), ("external_id", .text), ("other", .text),
    ]
    for data in DataType.allCases where data.hasPayload {
      let failure = try await failures(type, columns, data)
      #expect(failure?.code == "column_missing")
      #expect(failure?.message.contains("PAYLOAD") == true)
    }
    #expect(try await failures(type, columns, .deletes) == nil)
  }

  @Test("PAYLOAD in deletes (R26)", arguments: types)
  func payloadInDeletes(type: String) async throws {
    let failure = try await failures(
      type,
      [("updated_at", .instant), ("external_id", .text), ("Payload", .text)],
      .deletes
    )
    #expect(failure?.code == "payload_in_deletes")
    #expect(failure?.recovery == .needsOperator)
  }

  @Test("names match whatever their case (R24), and others are ignored (R25)", arguments: types)
  func mixedCase(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      FixtureTable(
        "t",
        [("Updated_At", .instant), ("EXTERNAL_ID", .text), ("PayLoad", .text), ("x y", .text)],
        [[.instant(newYear), .text("a"), .text("{}"), .text("ignored")]]
      )
    )
    let rows = try await fixture.read("t")
    #expect(rows.map(\.externalID) == ["a"])
    #expect(rows.map(\.payload) == ["{}"])
  }

  @Test("a table that is not there is named, with how it was looked up", arguments: types)
  func noTable(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      fixture.selection("No Such"),
      data: .attributes,
      previewLimit: 3
    )
    #expect(inspection.problem?.code == "table_not_found")
    #expect(inspection.problem?.message.contains("\"No Such\"") == true)
    let failure = try await #require(throws: Failure.self) {
      _ = try await connection.readChanges(
        fixture.selection("No Such"),
        data: .attributes,
        from: nil
      )
    }
    #expect(failure == inspection.problem)
    #expect(failure.recovery == .needsOperator)
    // The connection is still good.
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    #expect(try await connection.rows(fixture.selection("t")).count == 1)
    await connection.close()
  }

  @Test("a schema that is not there", arguments: types)
  func noSchema(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      .table("nowhere.t"),
      data: .attributes,
      previewLimit: 3
    )
    #expect(inspection.problem?.code == "schema_not_found")
    await connection.close()
  }

  @Test(
    "what is no SELECT is refused",
    arguments: types,
    [
      "", "DELETE FROM t", "SELECT 1; SELECT 2", "SELECT 1) AS s; DROP TABLE t; --", "SELECT 'open",
      "/* open", "VALUES (1)", "SELECT (1", "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
    ]
  )
  func noSelect(type: String, query: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      .query(query),
      data: .attributes,
      previewLimit: 3
    )
    #expect(
      ["invalid_query", "query_failed", "table_not_found"].contains(inspection.problem?.code)
    )
    #expect(inspection.problem?.recovery == .needsOperator)
    #expect(try await connection.rows(fixture.selection("t")).count == 1)
    await connection.close()
  }

  @Test(
    "a connection test shows columns, the newest rows first, and what will never be read",
    arguments: types
  )
  func inspection(type: String) async throws {
    let fixture = try await Fixtures.make(type)
    try await fixture.create(
      FixtureTable(
        "t",
        [("updated_at", .instant), ("external_id", .text), ("payload", .text), ("n", .integer)],
        [
          [.instant(newYear), .text("old"), .text("{}"), .null],
          [.instant(newYear + second), .text("new"), .long(3000), .integer(7)],
          [.null, .text("never"), .text("{}"), .null], [.null, .text("never"), .null, .null],
          [.instant(4_102_444_800 * second), .text("future"), .text("{}"), .null],
        ]
      )
    )
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      fixture.selection("t"),
      data: .attributes,
      previewLimit: 2
    )
    #expect(inspection.problem == nil)
    #expect(inspection.columns.map(\.name) == ["updated_at", "external_id", "payload", "n"])
    #expect(inspection.columns.allSatisfy { !$0.type.isEmpty })
    #expect(inspection.rowsWithoutUpdatedAt == 2)
    #expect(inspection.preview.map { $0[1] } == ["future", "new"])
    #expect(inspection.preview.last?[2]?.count == 256)
    #expect(inspection.preview.map { $0[3] } == [nil, "7"])
    // A driver may have more to say of its own, such as what a run costs.
    #expect(inspection.warnings.count >= 2)
    #expect(inspection.warnings.contains { $0.contains("2 rows have no UPDATED_AT") })
    #expect(inspection.warnings.contains { $0.contains("2100-01-01") })
    #expect(await !connection.server.isEmpty)
    await connection.close()
  }
}
