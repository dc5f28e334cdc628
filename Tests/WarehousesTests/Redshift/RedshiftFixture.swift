import SyncModel
import Synchronization
import TestSupport
import Warehouse
import Warehouses

/// A schema of its own in the database that the emulator of Redshift shows.
struct RedshiftFixture: WarehouseFixture {
  let emulator: RedshiftEmulator
  let schema: String
  private static let counter = Atomic(0)

  init() async throws {
    emulator = try RedshiftEmulator.shared()
    schema = "shift_\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    try run("CREATE SCHEMA \(schema)")
  }

  /// Names keep their case, as the contract's tables have them; where they fold, `kinds` tests.
  var settings: [String: String] {
    [
      "host": "localhost", "port": "\(emulator.said.port)", "database": RedshiftEmulator.database,
      "caFile": emulator.said.caFile, "case_sensitive": "yes",
    ]
  }

  var credentials: WarehouseCredentials { Self.credentials("braze_user") }

  static func credentials(
    _ user: String,
    password: String = RedshiftEmulator.password
  ) -> WarehouseCredentials {
    WarehouseCredentials(WarehouseCredential(username: user, secret: Array(password.utf8)))
  }

  func connect(
    _ changes: [String: String] = [:],
    _ credentials: WarehouseCredentials? = nil
  ) async throws -> any WarehouseConnection {
    try await WarehouseRegistry.all.driver("redshift").connect(
      settings: settings.merging(changes) { $1 },
      credentials: credentials ?? self.credentials
    )
  }

  /// Behind the emulator, as the owner of what is read.
  @discardableResult
  func run(_ sql: String, in database: String = RedshiftEmulator.database) throws -> String {
    try emulator.cluster.sql(
      "SET ROLE sluice;\nSET timezone TO 'UTC';\n\(sql);\n",
      database: database
    )
  }

  /// As Redshift's SQL, through the emulator.
  @discardableResult
  func sql(_ sql: String, user: String = "braze_user") throws -> String {
    let place =
      "host=localhost port=\(emulator.said.port) dbname=\(RedshiftEmulator.database) user=\(user) "
      + "sslmode=verify-full sslrootcert=\(emulator.said.caFile)"
    let (status, output) = try ChildProcess.run([
      "env", "PGPASSWORD=\(RedshiftEmulator.password)", "psql", "-X", "-q", "-A", "-t", "-v",
      "ON_ERROR_STOP=1", "-c", sql, place,
    ])
    guard status == 0 else { throw SteeringError(description: output) }
    return output
  }

  func create(_ table: FixtureTable) throws {
    let columns = table.columns.map { column in
      let type =
        switch column.kind {
        case .instant: "timestamptz"
        case .text: "varchar"
        case .integer: "bigint"
        }
      return "\(FixtureTable.quoted(column.name)) \(type)"
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
      CREATE TABLE \(from("large")) (updated_at timestamptz, external_id varchar, payload varchar);
      INSERT INTO \(from("large"))
      SELECT to_timestamp(1700000000 + i), 'user-' || i,
        rpad('{"n": ' || i || ', "pad": "', 198, 'x') || '"}'
      FROM generate_series(1, \(rows)) AS i
      """
    )
  }

  func selection(_ table: String) -> RowSelection {
    .table("\(schema).\(FixtureTable.quoted(table))")
  }

  func from(_ table: String) -> String { "\(schema).\(FixtureTable.quoted(table))" }

  private static func literal(_ value: FixtureTable.Value) -> String {
    switch value {
    case .null: "NULL"
    case .text(let text): FixtureTable.literal(text)
    case .integer(let number): "\(number)"
    case .long(let count): "repeat('x', \(count))"
    // Through integers: no digit is lost.
    case .instant(let nanoseconds):
      "timestamptz 'epoch' + \(nanoseconds / 1000) * interval '1 microsecond'"
    }
  }
}
