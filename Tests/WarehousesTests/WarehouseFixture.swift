import Foundation
import Glibc
import HTTPFetch
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
  func create(_ table: FixtureTable) async throws
  /// Makes a view.
  func createView(_ name: String, as select: String) async throws
  /// Makes a table `large` with UPDATED_AT (a second apart), EXTERNAL_ID and a 200-byte PAYLOAD.
  func createLarge(rows: Int) async throws
  /// How an operator selects a table that was made here.
  func selection(_ table: String) -> RowSelection
  /// The text between FROM and the end for a query of an operator.
  func from(_ table: String) -> String
  /// A query as an operator of this warehouse would write it.
  func query(_ text: String) -> String
  /// Whether the warehouse itself allows a table of that name.
  func permits(tableName name: String) -> Bool
}

extension WarehouseFixture {
  func query(_ text: String) -> String { text }
  func permits(tableName name: String) -> Bool { true }

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
    "bigquery": BigQueryFixture.self,
    "databricks": DatabricksFixture.self,
    "postgresql": PostgreSQLFixture.self,
    "redshift": RedshiftFixture.self,
    "snowflake": SnowflakeFixture.self,
    "sqlite": SQLiteFixture.self,
  ]

  /// Their fixtures start emulators, which takes minutes: `make test-warehouses` asks for them.
  private static let emulated = ["bigquery", "databricks", "redshift", "snowflake"]
  static let types = WarehouseRegistry.all.types.filter {
    getenv("SLUICE_EMULATORS") != nil || !emulated.contains($0)
  }

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

extension WarehouseDriver {
  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials
  ) async throws -> any WarehouseConnection {
    try await connect(settings: settings, credentials: credentials, tag: QueryTag())
  }
}

extension WarehouseRegistry {
  /// The drivers as these tests have them: what they connect to is on this machine.
  static let all = WarehouseRegistry.all(
    WarehouseSurroundings(
      egress: AddressPolicy(allowed: ["127.0.0.0/8", "::1"].compactMap { try? AddressRange($0) }),
      world: .system,
      userAgent: "sluice-tests/1"
    )
  )
}

extension World {
  /// The machine's clock and randomness.
  static let system = World(
    now: {
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    },
    newID: { UUID().uuidString.lowercased() }
  )
}
