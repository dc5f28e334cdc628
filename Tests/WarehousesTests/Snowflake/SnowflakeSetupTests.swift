import Crypto
import Foundation
import SyncModel
import Synchronization
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: what sets it up")
struct SnowflakeSetupTests {
  @Test(
    "the printed statements run as they are, and what they make can be read",
    arguments: [DataType.attributes, .deletes],
    ["", "loads.\"User Events\""]
  )
  func runs(data: DataType, table: String) async throws {
    var fixture = try await SnowflakeFixture()
    let keys = try TestKeys.shared.get()
    fixture.settings["database"] = "brand_new"
    fixture.settings["schema"] = "\"small letters\""
    fixture.settings["warehouse"] = "another_wh"
    fixture.settings["role"] = "another_role"
    fixture.signer.state.withLock { $0.user = "NEW_USER" }
    let driver = try WarehouseRegistry.all.driver("snowflake")
    let steps = try driver.setup(
      settings: fixture.settings,
      subject: SetupSubject(
        username: "new_user",
        publicKey: keys.first.publicKeyPEM,
        table: table,
        data: data,
        addresses: ["127.0.0.1", "198.51.100.0/24"]
      )
    )
    #expect(steps.count == 5)
    let statements = steps.flatMap { $0.statements.components(separatedBy: ";\n") }
      .filter { !$0.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty }
    // Pasted twice, nothing breaks.
    for statement in statements + statements where !Self.isComment(statement) {
      try await fixture.sql(statement)
    }
    let connection = try await fixture.connect()
    let name = table.isEmpty ? "USERS_\(data.rawValue.uppercased())_SYNC" : table
    let inspection = try await connection.inspect(.table(name), data: data, previewLimit: 3)
    #expect(inspection.problem == nil)
    #expect(inspection.columns.count == (data == .deletes ? 7 : 8))
    await connection.close()
  }

  private static func isComment(_ statement: String) -> Bool {
    statement.split(separator: "\n").allSatisfy { $0.hasPrefix("--") }
  }

  @Test("the second key of a credential goes to the user's second place")
  func secondPlace() async throws {
    let fixture = try await SnowflakeFixture()
    let keys = try TestKeys.shared.get()
    let driver = try WarehouseRegistry.all.driver("snowflake")
    let text = try driver.setup(
      settings: fixture.settings,
      subject: SetupSubject(
        username: "u",
        publicKey: keys.second.publicKeyPEM,
        keySlot: 2
      )
    ).map(\.statements).joined()
    #expect(text.contains("SET RSA_PUBLIC_KEY_2='\(SnowflakeFixture.text(keys.second))'"))
    #expect(!text.contains("BEGIN PUBLIC"))
  }

  @Test("what is no address, and what is no key, is not printed as SQL")
  func injections() async throws {
    let fixture = try await SnowflakeFixture()
    let driver = try WarehouseRegistry.all.driver("snowflake")
    #expect(throws: Failure.self) {
      try driver.setup(
        settings: fixture.settings,
        subject: SetupSubject(username: "u", addresses: ["1.2.3.4'); DROP"])
      )
    }
    let text = try driver.setup(
      settings: fixture.settings,
      subject: SetupSubject(username: "u\"; DROP", publicKey: "x'; DROP")
    ).map(\.statements).joined()
    #expect(!text.contains("RSA_PUBLIC_KEY"))
    #expect(text.contains("\"U\"\"; DROP\""))
  }

  @Test("a warehouse that needs none says so")
  func none() throws {
    let driver = try WarehouseRegistry.all.driver("sqlite")
    let failure = #expect(throws: Failure.self) {
      try driver.setup(settings: [:], subject: SetupSubject(username: ""))
    }
    #expect(failure?.code == "setup_not_described")
  }
}
