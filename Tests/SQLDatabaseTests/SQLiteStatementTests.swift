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

  @Test("a prepared statement runs again with lent bytes that are bound each time")
  func prepared() async throws {
    let database = try await open()
    try await database.transaction { connection in
      let insert = try connection.prepare("INSERT INTO t (a, b) VALUES (?1, ?2)")
      for text in ["one", "", "three"] {
        let hasRow = try Array(text.utf8).withUnsafeBytes { bytes in
          insert.bind(text: bytes, at: 1)
          insert.bind(blob: bytes, at: 2)
          let hasRow = try insert.step()
          insert.reset()
          return hasRow
        }
        #expect(!hasRow)
      }
      let rows = try connection.rows("SELECT a, b, typeof(a), typeof(b) FROM t ORDER BY id") {
        [$0.string(0), $0.string(1), $0.string(2), $0.string(3)]
      }
      #expect(
        rows == [
          ["one", "one", "text", "blob"], ["", "", "text", "blob"],
          ["three", "three", "text", "blob"],
        ]
      )
    }
    await database.close()
  }

  @Test("lent bytes are not read after a reset: the statement refuses to run")
  func staleBytes() async throws {
    let database = try await open()
    try await database.transaction { connection in
      let insert = try connection.prepare("INSERT INTO t (a, b) VALUES (?1, ?2)")
      insert.bind(7, at: 2)
      try Array("x".utf8).withUnsafeBytes { (bytes) throws in
        insert.bind(text: bytes, at: 1)
        _ = try insert.step()
        insert.reset()
      }
      #expect(throws: SQLError.self) { try insert.step() }
      insert.bindNull(at: 1)
      _ = try insert.step()
      insert.reset()
      let kept = try connection.rows("SELECT b FROM t") { $0.int64(0) }
      #expect(kept == [7, 7])
    }
    await database.close()
  }

  @Test("a parameter that the statement does not have is an error of its step")
  func range() async throws {
    let database = try await open()
    await #expect(throws: SQLError.self) {
      try await database.transaction {
        _ = try $0.execute("INSERT INTO t (a) VALUES (?1)", [1, 2])
      }
    }
    await database.close()
  }

  @Test("the same text may be used inside its own rows")
  func nested() async throws {
    let database = try await open()
    try await database.transaction { connection in
      try connection.execute("INSERT INTO t (a) VALUES (1), (2)")
      var pairs: [String] = []
      try connection.query("SELECT id FROM t ORDER BY id", []) { outer in
        let first = outer.int64(0)
        try connection.query("SELECT id FROM t ORDER BY id", []) { inner in
          pairs.append("\(first)\(inner.int64(0))")
        }
      }
      #expect(pairs == ["11", "12", "21", "22"])
    }
    await database.close()
  }

  @Test("texts that are only canonically equivalent are two statements")
  func canonicalEquivalence() async throws {
    let database = try await open()
    try await database.read { connection in
      let composed = try connection.first("SELECT '\u{e9}'") { $0.blob(0) }
      let decomposed = try connection.first("SELECT 'e\u{301}'") { $0.blob(0) }
      #expect(composed == Array("\u{e9}".utf8))
      #expect(decomposed == Array("e\u{301}".utf8))
    }
    await database.close()
  }

  @Test("one statement at a time", arguments: ["", " -- nothing", "SELECT 1; SELECT 2"])
  func oneStatement(sql: String) async throws {
    let database = try await open()
    await #expect(throws: SQLError.self) {
      try await database.read { _ = try $0.execute(sql) }
    }
    await database.close()
  }

  @Test("more statements than the cache holds all work")
  func cache() async throws {
    let database = try await open()
    try await database.read { connection in
      for round in 0..<2 {
        for number in 0..<400 {
          let found = try connection.first("SELECT \(number)") { $0.int64(0) }
          #expect(found == Int64(number))
        }
        let found = try connection.first("SELECT ?1", [.integer(Int64(round))]) { $0.int64(0) }
        #expect(found == Int64(round))
      }
    }
    await database.close()
  }
}
