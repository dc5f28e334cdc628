import SyncModel
import Synchronization
import TestSupport
import Warehouse

@testable import Warehouses

/// A workspace of its own in the tests' emulator of Databricks.
struct DatabricksFixture: WarehouseFixture {
  let emulator: EmulatorProcess
  let workspace: String
  let warehouse: String
  private static let emulators = Result { try EmulatorProcess("databricks") }
  private static let counter = Atomic(0)

  init() async throws {
    emulator = try Self.emulators.get()
    workspace = "w\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    // Small chunks: even a small table has several.
    try emulator.steer(
      "/tenants",
      ["name": .string(workspace), "settings": ["chunk_bytes": 1_000_000]]
    )
    warehouse = try emulator.steer("/tenants/\(workspace)/warehouse", [:])["id"]?.string ?? ""
  }

  var settings: [String: String] {
    [
      "host": "localhost", "port": "\(emulator.port)",
      "httpPath": "/sql/1.0/warehouses/\(warehouse)", "catalog": "main",
      "caFile": emulator.authorityFile,
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
  func steer(_ verb: String, _ arguments: Steering) throws -> JSONValue {
    try emulator.steer("/tenants/\(workspace)/\(verb)", arguments)
  }

  func run(_ script: String) throws { try steer("sql", ["script": .string(script)]) }
  func configure(_ settings: Steering) throws { try steer("configure", settings) }
  func advance(seconds: Int) throws { try steer("clock", ["advance": .number(seconds)]) }

  func fault(
    _ point: String,
    _ action: Steering,
    where place: Steering = [:],
    skip: Int = 0,
    times: Int = 1
  ) throws {
    try steer(
      "faults",
      [
        "point": .string(point), "action": action, "where": place, "skip": .number(skip),
        "times": .number(times),
      ]
    )
  }

  /// The requests at a point, or all, in order.
  func requests(_ point: String? = nil) throws -> [JSONValue] {
    try journal()["requests"]?.elements.filter {
      point == nil || $0["point"]?.string == point
    } ?? []
  }

  /// How many statements were really carried out.
  func executions() throws -> Int64 {
    try journal()["counters"]?["executions"]?.integer ?? 0
  }

  private func journal() throws -> JSONValue {
    try emulator.steer("/tenants/\(workspace)/journal")
  }

  // The contract suite's side.

  func create(_ table: FixtureTable) throws {
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
    try run(script)
  }

  func createView(_ name: String, as select: String) throws {
    try run("CREATE VIEW \(from(name)) AS \(select)")
  }

  func createLarge(rows: Int) throws {
    try run(
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
