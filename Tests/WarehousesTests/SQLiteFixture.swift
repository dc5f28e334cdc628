import SyncModel
import TestSupport
import Warehouse

/// A file of its own, made by the sqlite3 command.
struct SQLiteFixture: WarehouseFixture {
  let directory: TemporaryDirectory
  let path: String

  init() async throws {
    directory = try TemporaryDirectory()
    path = directory.file("source.sqlite")
    try run("PRAGMA journal_mode = WAL")
  }

  var settings: [String: String] { ["file": path] }
  var credentials: WarehouseCredentials { WarehouseCredentials() }

  @discardableResult
  func run(_ sql: String) throws -> String {
    let child = try ChildProcess(["sqlite3", "-bail", path])
    try child.write(sql + ";\n")
    let output = child.readToEnd()
    guard child.wait() == 0 else { throw CommandFailed(description: output) }
    return output
  }

  struct CommandFailed: Error, CustomStringConvertible { var description: String }

  func create(_ table: FixtureTable) throws {
    let columns = table.columns.map { column in
      "\(FixtureTable.quoted(column.name)) \(column.kind == .integer ? "INTEGER" : "TEXT")"
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
      CREATE TABLE large (updated_at TEXT, external_id TEXT, payload TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
      INSERT INTO large SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 1700000000 + i, 'unixepoch'),
        'user-' || i, '{"n": ' || i || ', "pad": "' || printf('%.*c', 170, 'x') || '"}' FROM n
      """
    )
  }

  func selection(_ table: String) -> RowSelection { .table(FixtureTable.quoted(table)) }

  func from(_ table: String) -> String { FixtureTable.quoted(table) }

  private static func literal(_ value: FixtureTable.Value) -> String {
    switch value {
    case .null: return "NULL"
    case .text(let text): return FixtureTable.literal(text)
    case .integer(let number): return "\(number)"
    case .long(let count): return "printf('%.*c', \(count), 'x')"
    case .instant(let nanoseconds):
      // SQLite makes the date, the digits below the second are ours: its own are milliseconds.
      let micros = nanoseconds / 1000
      let second = micros / 1_000_000 - (micros % 1_000_000 < 0 ? 1 : 0)
      let digits = String(micros - second * 1_000_000)
      let padded = String(repeating: "0", count: 6 - digits.utf8.count) + digits
      return "strftime('%Y-%m-%d %H:%M:%S', \(second), 'unixepoch') || '.\(padded)'"
    }
  }
}
