import SyncModel
import Warehouse
import Warehouses

/// What the contract suite needs to know of a warehouse: how to make tables there, without the driver.
protocol WarehouseFixture: Sendable {
  /// A new and empty place for tables.
  init() async throws
  var settings: [String: String] { get }
  var credentials: WarehouseCredentials { get }
  /// Makes a table and fills it.
  func create(_ table: FixtureTable) throws
  /// Makes a view.
  func createView(_ name: String, as select: String) throws
  /// Makes a table `large` with UPDATED_AT (a second apart), EXTERNAL_ID and a 200-byte PAYLOAD.
  func createLarge(rows: Int) throws
  /// How an operator selects a table that was made here.
  func selection(_ table: String) -> RowSelection
  /// The text between FROM and the end for a query of an operator.
  func from(_ table: String) -> String
}

extension WarehouseFixture {
  func connect() async throws -> any WarehouseConnection {
    try await WarehouseRegistry.all.driver(type).connect(
      settings: settings,
      credentials: credentials
    )
  }

  private var type: String { Fixtures.all.first { $0.value == Self.self }?.key ?? "" }
}

/// One for every driver in the registry.
enum Fixtures {
  static let all: [String: any WarehouseFixture.Type] = [
    "postgresql": PostgreSQLFixture.self,
    "redshift": RedshiftFixture.self,
    "sqlite": SQLiteFixture.self,
  ]

  static func make(_ type: String) async throws -> any WarehouseFixture {
    guard let fixture = all[type] else { throw MissingFixture(type: type) }
    return try await fixture.init()
  }
}

struct MissingFixture: Error, CustomStringConvertible {
  var type: String
  var description: String {
    """
    the driver "\(type)" has no fixture: add a WarehouseFixture for it to Tests/WarehousesTests and a \
    line to Fixtures.all, so that the contract suite runs over it
    """
  }
}

/// A table to be made, in no dialect.
struct FixtureTable {
  enum Kind {
    case instant, text, integer
  }
  enum Value {
    case null
    /// Nanoseconds since 1970; a fixture may keep microseconds only.
    case instant(Int64)
    case text(String)
    case integer(Int64)
    /// `x`, so many times.
    case long(Int)
  }
  var name: String
  var columns: [(name: String, kind: Kind)]
  var rows: [[Value]]

  init(_ name: String, _ columns: [(String, Kind)], _ rows: [[Value]] = []) {
    self.name = name
    self.columns = columns.map { (name: $0.0, kind: $0.1) }
    self.rows = rows
  }

  /// UPDATED_AT, EXTERNAL_ID, PAYLOAD.
  static func usual(_ name: String, _ rows: [(at: Int64?, id: String?, payload: String?)])
    -> FixtureTable
  {
    FixtureTable(
      name,
      [("updated_at", .instant), ("external_id", .text), ("payload", .text)],
      rows.map {
        [
          $0.at.map(Value.instant) ?? .null, $0.id.map(Value.text) ?? .null,
          $0.payload.map(Value.text) ?? .null,
        ]
      }
    )
  }

  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  static func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
