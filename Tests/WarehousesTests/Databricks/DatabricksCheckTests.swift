import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// A test of a source says all that is missing at once, and its statements mend it.
@Suite("Databricks: everything that is missing, and what mends it")
struct DatabricksCheckTests {
  private static let mark = "what mends it: "
  private static let ownersMark = "what mends it, run by the table's owner: "

  private func inspect(
    _ bench: DatabricksBench,
    _ table: String,
    _ data: DataType = .attributes,
    as credentials: WarehouseCredentials? = nil
  ) async throws -> Inspection {
    let connection = try await bench.connect(credentials)
    let found = try await connection.inspect(.table(table), data: data, previewLimit: 3)
    await connection.close()
    return found
  }

  @Test("missing columns and wrong types are named together; the printed statements mend them")
  func columns() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.run(
      """
      CREATE TABLE main.default.`od``d` (updated_at DATE, alias_name STRING, email DOUBLE, payload_text STRING);
      INSERT INTO main.default.`od``d` VALUES (DATE'2024-01-01', 'n', 1.5, 'x')
      """
    )
    let found = try await inspect(bench, "od`d")
    #expect(
      found.problem?.message
        == "table \"od`d\" has no column ALIAS_LABEL beside ALIAS_NAME: an alias needs both"
    )
    #expect(
      found.warnings == [
        "also: table \"od`d\" has no column PAYLOAD, which a sync of attributes needs",
        "also: column \"updated_at\" of table \"od`d\" is of type DATE; it must be TIMESTAMP or TIMESTAMP_NTZ",
        "also: column \"email\" of table \"od`d\" is of type DOUBLE; it must be STRING, or a whole number",
        "what mends it: ALTER TABLE `main`.`default`.`od``d` ADD COLUMNS (alias_label STRING, payload STRING);",
        "what mends it: CREATE VIEW `main`.`default`.`od``d_for_sluice` AS SELECT * EXCEPT (`updated_at`, `email`), CAST(`updated_at` AS TIMESTAMP) AS `updated_at`, CAST(`email` AS STRING) AS `email` FROM `main`.`default`.`od``d`;",
      ]
    )
    #expect(found.preview.count == 1)
    for warning in found.warnings where warning.hasPrefix(Self.mark) {
      try await bench.fixture.run(String(warning.dropFirst(Self.mark.count)))
    }
    let mended = try await inspect(bench, "od`d_for_sluice")
    #expect(mended.problem == nil && mended.warnings.isEmpty)
  }

  @Test("no identifier and no UPDATED_AT; a PAYLOAD among deletes has no remedy")
  func others() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.run(
      "CREATE TABLE a (n INT); CREATE TABLE d (updated_at TIMESTAMP, email STRING, payload STRING)"
    )
    let bare = try await inspect(bench, "a")
    #expect(bare.problem?.code == "column_missing")
    #expect(bare.warnings.count == 3)
    let statement = try #require(bare.warnings.last)
    try await bench.fixture.run(String(statement.dropFirst(Self.mark.count)))
    #expect(try await inspect(bench, "a").problem == nil)
    let deletes = try await inspect(bench, "d", .deletes)
    #expect(deletes.problem?.code == "payload_in_deletes" && deletes.warnings.isEmpty)
  }

  @Test("what may not be read: the printed grants open it")
  func grants() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    let reader = bench.fixture.token("reader")
    try await bench.fixture.steer(
      "principal",
      [
        "name": "reader", "can_use": true,
        "tokens": [.string("dapi.\(bench.fixture.workspace).reader")],
      ]
    )
    let refused = try await inspect(bench, "t", as: reader)
    #expect(refused.problem?.code == "permission_denied")
    #expect(
      refused.warnings == [
        Self.ownersMark + "GRANT USE CATALOG ON CATALOG `main` TO `reader`; "
          + "GRANT USE SCHEMA ON SCHEMA `main`.`default` TO `reader`; "
          + "GRANT SELECT ON TABLE `main`.`default`.`t` TO `reader`;"
      ]
    )
    try await bench.fixture.run(String(refused.warnings[0].dropFirst(Self.ownersMark.count)))
    #expect(try await inspect(bench, "t", as: reader).problem == nil)
  }

  @Test("without a SQL warehouse, Unity Catalog says what it can")
  func withoutWarehouse() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.run("CREATE TABLE t (updated_at DATE, external_id STRING)")
    let guest = bench.fixture.token("guest")
    try await bench.fixture.steer(
      "principal",
      ["name": "guest", "tokens": [.string("dapi.\(bench.fixture.workspace).guest")]]
    )
    let closed = try await inspect(bench, "t", as: guest)
    #expect(closed.problem?.message.contains("grant it CAN USE") == true)
    #expect(closed.warnings.count == 2)
    #expect(
      closed.warnings.first?.hasPrefix(
        "besides, of table `main`.`default`.`t`: Unity Catalog does not show it"
      ) == true
    )
    #expect(closed.warnings.last?.contains("GRANT SELECT ON TABLE `main`.`default`.`t`") == true)
    try await bench.fixture.run(
      "GRANT USE CATALOG, USE SCHEMA, SELECT ON CATALOG main TO `guest`"
    )
    let open = try await inspect(bench, "t", as: guest)
    #expect(open.problem == closed.problem)
    #expect(open.columns.map(\.type) == ["DATE", "STRING"])
    #expect(open.warnings.count == 4)
    #expect(open.warnings.first?.contains("has no column PAYLOAD") == true)
    #expect(
      try await inspect(bench, "nobody", as: guest).warnings.first?.contains(
        "Unity Catalog has no such table"
      ) == true
    )
  }
}
