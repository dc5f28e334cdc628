import SyncModel
import Testing
import Warehouse
import Warehouses

@Suite("Databricks: what sets it up")
struct DatabricksSetupTests {
  @Test(
    "the printed statements run as they are, twice, and grant what a run needs, and no more",
    arguments: [DataType.attributes, .deletes],
    ["", "loads.\"user events\""]
  )
  func runs(data: DataType, table: String) async throws {
    let fixture = try await DatabricksFixture()
    try await fixture.steer(
      "principal",
      [
        "name": "reader", "can_use": true,
        "tokens": [.string("dapi.\(fixture.workspace).reader")],
      ]
    )
    var settings = fixture.settings
    settings["catalog"] = "brand_new"
    settings["schema"] = "ingestion"
    let driver = try WarehouseRegistry.all.driver("databricks")
    let steps = try driver.setup(
      settings: settings,
      subject: SetupSubject(
        username: "reader",
        table: table,
        data: data,
        addresses: ["198.51.100.0/24"]
      )
    )
    #expect(steps.map(\.title).first == "Catalog, schema and table")
    #expect(steps.last?.statements.contains("198.51.100.0/24") == true)
    for _ in 0..<2 { for step in steps { try await fixture.run(step.statements) } }

    let connection = try await driver.connect(
      settings: settings,
      credentials: fixture.token("reader")
    )
    let name = table.isEmpty ? "users_\(data.rawValue)_sync" : table
    let inspection = try await connection.inspect(.table(name), data: data, previewLimit: 3)
    #expect(inspection.problem == nil)
    #expect(inspection.columns.count == (data == .deletes ? 7 : 8))
    await connection.close()
  }

  @Test("names are quoted, and what is no address is not printed")
  func injections() async throws {
    let fixture = try await DatabricksFixture()
    let driver = try WarehouseRegistry.all.driver("databricks")
    #expect(throws: Failure.self) {
      try driver.setup(
        settings: fixture.settings,
        subject: SetupSubject(username: "u", addresses: ["1.2.3.4; DROP"])
      )
    }
    let text = try driver.setup(
      settings: fixture.settings,
      subject: SetupSubject(username: "u`; DROP", table: "a`b")
    ).map(\.statements).joined()
    #expect(text.contains("TO `u``; DROP`;"))
    #expect(text.contains("`main`.`default`.`a``b`"))
  }
}
