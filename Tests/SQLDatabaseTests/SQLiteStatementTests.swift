import SQLDatabase
import TestSupport
import Testing

@Suite("SQLite statements")
struct SQLiteStatementTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("state.sqlite")
  }

  func open() async throws -> SQLiteDatabase {
    try await SQLiteDatabase.open(
      path: path,
      migrations: SQLMigrations(["CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)"])
    )
  }

  @Test("every kind of value comes back as it was bound")
  func values() async throws {
    let database = try await open()
    try await database.transaction { connection in
      let values: [SQLValue] = [
        .null, .integer(.min), .real(-0.5), .text(""), .text("e\u{301}\0x"), .blob([]),
        .blob([0, 255]),
      ]
      for value in values { try connection.execute("INSERT INTO t (a) VALUES (?1)", [value]) }
      let rows = try connection.rows("SELECT a, typeof(a) FROM t ORDER BY id") {
        "\($0.string(1)) \($0.isNull(0)) \($0.blob(0))"
      }
      #expect(
        rows == [
          "null true []", "integer false \(Array("\(Int64.min)".utf8))",
          "real false \(Array("-0.5".utf8))", "text false []",
          "text false \(Array("e\u{301}\0x".utf8))", "blob false []", "blob false [0, 255]",
        ]
      )
      let numbers = try connection.first("SELECT a FROM t WHERE id = 2") { $0.int64(0) }
      #expect(numbers == .min)
      let real = try connection.first("SELECT a FROM t WHERE id = 3") { $0.double(0) }
      #expect(real == -0.5)
    }
    await database.close()
  }
}
