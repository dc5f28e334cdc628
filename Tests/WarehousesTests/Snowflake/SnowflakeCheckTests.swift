import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: a check names all that is missing, not the first of it only")
struct SnowflakeCheckTests {
  func looked(
    _ fixture: SnowflakeFixture,
    _ table: String,
    _ data: DataType = .attributes
  ) async throws -> Inspection {
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(.table(table), data: data, previewLimit: 3)
    await connection.close()
    return inspection
  }

  @Test("columns that are missing, of the wrong type, or must not be there")
  func columns() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.sql(
      "CREATE TABLE NONE (OTHER VARCHAR)",
      "CREATE TABLE TEXT (UPDATED_AT VARCHAR, ALIAS_NAME VARCHAR)",
      "CREATE TABLE GONE (PAYLOAD VARCHAR)",
      "GRANT SELECT ON TABLE NONE TO ROLE LOADER",
      "GRANT SELECT ON TABLE TEXT TO ROLE LOADER",
      "GRANT SELECT ON TABLE GONE TO ROLE LOADER"
    )
    let none = try await looked(fixture, "NONE")
    #expect(none.problem?.code == "column_missing")
    #expect(none.problem?.message.contains("UPDATED_AT") == true)
    #expect(none.warnings.count == 2)
    #expect(none.warnings.contains { $0.hasPrefix("also: ") && $0.contains("identifier column") })
    #expect(none.warnings.contains { $0.contains("PAYLOAD") })

    let text = try await looked(fixture, "TEXT")
    #expect(text.problem?.message.contains("ALIAS_LABEL") == true)
    #expect(text.warnings.contains { $0.contains("PAYLOAD") })
    #expect(text.warnings.contains { $0.contains("VARCHAR(16777216); it must be TIMESTAMP_NTZ") })

    let gone = try await looked(fixture, "GONE", .deletes)
    #expect(gone.problem?.message.contains("UPDATED_AT") == true)
    #expect(gone.warnings.contains { $0.contains("must not have") })
  }

  @Test(
    "without its warehouse a table is described: its grant and columns are named with it",
    arguments: ["REVOKE USAGE ON WAREHOUSE WH FROM ROLE LOADER", "suspended"]
  )
  func withoutWarehouse(how: String) async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.sql(
      "CREATE TABLE T (UPDATED_AT NUMBER(10,2), EXTERNAL_ID VARCHAR)",
      "CREATE TABLE GOOD (UPDATED_AT TIMESTAMP_NTZ, EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR)",
      "GRANT SELECT ON TABLE GOOD TO ROLE LOADER"
    )
    if how == "suspended" {
      try await fixture.ask("warehouse", ["name": "WH", "suspended": true, "auto_resume": false])
    } else {
      try await fixture.sql(how)
    }
    let code = how == "suspended" ? "warehouse_suspended" : "no_warehouse"
    let denied = try await looked(fixture, "T")
    #expect(denied.problem?.code == code)
    #expect(denied.warnings.count == 1)
    #expect(
      denied.warnings.first?.contains("GRANT SELECT ON TABLE CDI.INGESTION.T TO ROLE LOADER")
        == true
    )
    try await fixture.sql("GRANT SELECT ON TABLE T TO ROLE LOADER")
    let columns = try await looked(fixture, "T")
    #expect(columns.problem?.code == code)
    #expect(columns.warnings.count == 2)
    #expect(columns.warnings.contains { $0.contains("PAYLOAD") })
    #expect(columns.warnings.contains { $0.contains("NUMBER(10,2)") })
    let good = try await looked(fixture, "GOOD")
    #expect(good.problem?.code == code && good.warnings.isEmpty)
  }

  @Test(
    "without its table the warehouse is looked at, and not woken",
    arguments: ["WH", "\"o'W_H%\""]
  )
  func withoutTable(name: String) async throws {
    var fixture = try await SnowflakeFixture()
    if name != "WH" {
      try await fixture.sql(
        "CREATE WAREHOUSE \(name)",
        "GRANT USAGE ON WAREHOUSE \(name) TO ROLE LOADER"
      )
      fixture.settings["warehouse"] = name
    }
    #expect(try await looked(fixture, "NOWHERE").warnings.isEmpty)
    try await fixture.sql("REVOKE USAGE ON WAREHOUSE \(name) FROM ROLE LOADER")
    try await fixture.forget()
    // The emulator minds the warehouse first; Snowflake would say that there is no table.
    try await fixture.fault(
      "submit",
      [
        "status": 422,
        "json": [
          "code": "002003", "sqlState": "42S02",
          "message":
            "SQL compilation error:\nObject 'CDI.INGESTION.NOWHERE' does not exist or not authorized.",
        ],
      ],
      where: ["statement": "LIMIT 0"]
    )
    let both = try await looked(fixture, "NOWHERE")
    #expect(both.problem?.code == "table_not_found")
    #expect(both.warnings.count == 1)
    #expect(both.warnings.first?.contains("GRANT USAGE ON WAREHOUSE") == true)
    #expect(try await fixture.counter("warehouse resumed") == 0)
  }

  @Test("a role or key that is not there leaves nothing else to be seen")
  func nothingElse() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.sql("REVOKE ROLE LOADER FROM USER SLUICE")
    let inspection = try await looked(fixture, "NOWHERE")
    #expect(inspection.problem?.code == "role_not_granted" && inspection.warnings.isEmpty)
  }
}
