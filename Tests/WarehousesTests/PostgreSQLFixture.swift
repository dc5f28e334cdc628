import SyncModel
import Synchronization
import TestSupport
import Warehouse

/// A schema of its own in the tests' PostgreSQL.
struct PostgreSQLFixture: WarehouseFixture {
  let cluster: PostgreSQLCluster
  let schema: String
  private static let counter = Atomic(0)

  init() async throws {
    cluster = try PostgreSQLCluster.shared()
    schema = "fixture_\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    try run("CREATE SCHEMA \(schema)")
  }

  var settings: [String: String] {
    [
      "host": "localhost", "port": "\(cluster.port)", "database": PostgreSQLCluster.database,
      "tls": "verify-full", "caFile": cluster.authorityFile,
    ]
  }

  var credentials: WarehouseCredentials {
    WarehouseCredentials(
      WarehouseCredential(
        username: PostgreSQLCluster.user,
        secret: Array(PostgreSQLCluster.password.utf8)
      )
    )
  }

  /// As the tests' own role.
  @discardableResult
  func run(_ sql: String) throws -> String {
    try cluster.sql("SET ROLE sluice;\nSET timezone TO 'UTC';\n\(sql);\n")
  }

  func create(_ table: FixtureTable) throws {
    let columns = table.columns.map { column in
      let type =
        switch column.kind {
        case .instant: "timestamptz"
        case .text: "text"
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
      CREATE TABLE \(from("large")) (updated_at timestamptz, external_id text, payload text);
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
