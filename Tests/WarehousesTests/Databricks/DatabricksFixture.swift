import HTTPFetch
import SyncModel
import Synchronization
import TestSupport
import Warehouse

@testable import Warehouses

/// A workspace of its own in the tests' emulator of Databricks.
struct DatabricksFixture: WarehouseFixture {
  let emulator: Emulator
  let workspace: String
  let warehouse: String
  private static let counter = Atomic(0)

  init() async throws {
    emulator = try Emulator.databricks.get()
    workspace = "w\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    // Small chunks: even a small table has several.
    try await emulator.admin(
      "/tenants",
      ["name": .string(workspace), "settings": ["chunk_bytes": 1_000_000]]
    )
    let found = try await emulator.admin("/tenants/\(workspace)/warehouse", [:])
    warehouse = found["id"]?.string ?? ""
  }

  var settings: [String: String] {
    [
      "host": "localhost", "port": "\(emulator.facts.port)",
      "httpPath": "/sql/1.0/warehouses/\(warehouse)", "catalog": "main",
      "caFile": emulator.facts.caFile,
    ]
  }

  var credentials: WarehouseCredentials { token("owner") }

  /// The token of a principal.
  func token(_ principal: String) -> WarehouseCredentials {
    WarehouseCredentials(
      WarehouseCredential(
        type: .token,
        username: "",
        secret: Array("dapi.\(workspace).\(principal)".utf8)
      )
    )
  }

  var client: WarehouseCredentials { client(secret: "dose-owner") }

  func client(secret: String) -> WarehouseCredentials {
    WarehouseCredentials(
      WarehouseCredential(
        type: .oauthClient,
        username: "\(workspace).owner",
        secret: Array(secret.utf8)
      )
    )
  }

  // What a test does to the workspace.

  @discardableResult
  func steer(_ verb: String, _ arguments: JSONValue) async throws -> JSONValue {
    try await emulator.admin("/tenants/\(workspace)/\(verb)", arguments)
  }

  func run(_ script: String) async throws { try await steer("sql", ["script": .string(script)]) }
  func configure(_ settings: JSONValue) async throws { try await steer("configure", settings) }
  func advance(seconds: Int) async throws { try await steer("clock", ["advance": .whole(seconds)]) }

  func fault(
    _ point: String,
    _ action: JSONValue,
    where place: JSONValue = [:],
    skip: Int = 0,
    times: Int = 1
  ) async throws {
    try await steer(
      "faults",
      [
        "point": .string(point), "action": action, "where": place, "skip": .whole(skip),
        "times": .whole(times),
      ]
    )
  }

  /// The requests at a point, or all, in order.
  func requests(_ point: String? = nil) async throws -> [JSONValue] {
    try await journal()["requests"]?.elements.filter {
      point == nil || $0["point"]?.string == point
    } ?? []
  }

  /// How many statements were really carried out.
  func executions() async throws -> Int64 {
    try await journal()["counters"]?["executions"]?.integer ?? 0
  }

  /// Every statement that was submitted, as it stands.
  func statements() async throws -> [JSONValue] { try await steer("statements", [:]).elements }

  private func journal() async throws -> JSONValue {
    try await emulator.admin("/tenants/\(workspace)/journal", method: .get)
  }

  // The contract suite's side.

  func create(_ table: FixtureTable) async throws {
    let columns = table.columns.map { column in
      let type =
        switch column.kind {
        case .instant: "TIMESTAMP"
        case .text: "STRING"
        case .integer: "BIGINT"
        }
      return "\(DatabricksSource.quoted(column.name)) \(type)"
    }
    var script = "CREATE TABLE \(from(table.name)) (\(columns.joined(separator: ", ")));\n"
    for row in table.rows {
      let values = row.map(Self.literal).joined(separator: ", ")
      script += "INSERT INTO \(from(table.name)) VALUES (\(values));\n"
    }
    try await run(script)
  }

  func createView(_ name: String, as select: String) async throws {
    try await run("CREATE VIEW \(from(name)) AS \(select)")
  }

  func createLarge(rows: Int) async throws {
    try await run(
      """
      CREATE TABLE \(from("large")) AS
      SELECT timestamp_micros((1700000000 + id) * 1000000) AS updated_at,
        concat('user-', CAST(id AS STRING)) AS external_id,
        concat(rpad(concat('{"n": ', CAST(id AS STRING), ', "pad": "'), 198, 'x'), '"}') AS payload
      FROM range(1, \(rows + 1)) AS s(id)
      """
    )
  }

  func selection(_ table: String) -> RowSelection {
    .table("main.default.\(FixtureTable.quoted(table))")
  }

  func from(_ table: String) -> String { "main.default.\(DatabricksSource.quoted(table))" }

  private static func literal(_ value: FixtureTable.Value) -> String {
    switch value {
    case .null: "NULL"
    case .text(let text): literal(text)
    case .integer(let number): "\(number)"
    case .long(let count): "repeat('x', \(count))"
    case .instant(let nanoseconds): "timestamp_micros(\(nanoseconds / 1000))"
    }
  }

  /// Databricks' strings have escapes.
  static func literal(_ text: String) -> String {
    var result = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "'"
  }
}

extension JSONValue {
  static func whole(_ value: Int) -> JSONValue { .number("\(value)") }
}

extension WarehouseSurroundings {
  /// As the tests' registry has them: what is called is on this machine.
  static let tests = WarehouseSurroundings(
    egress: AddressPolicy(allowed: ["127.0.0.0/8", "::1"].compactMap { try? AddressRange($0) }),
    world: .system,
    userAgent: "sluice-tests/1"
  )
}
