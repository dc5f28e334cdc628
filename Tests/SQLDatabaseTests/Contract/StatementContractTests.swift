import SQLDatabase
import TestSupport
import Testing

@Suite("A store's statements, on every engine")
struct StatementContractTests {
  static let integers: [Int64] = [.min, -1, 0, 1, 1 << 31, 1 << 53 + 1, .max]
  static let reals: [Double] = [
    0.1, -0.5, 1.0 / 3, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -1e-300,
    123_456_789.123_456_79,
  ]
  static let texts = [
    "", "a", "e\u{301}", "\u{e9}", "\\x00 \\n '", "\u{10FFFF}\u{1}", "👩‍👩‍👧", "{1,2}",
  ]
  static let blobs: [[UInt8]] = [[], [0], [0, 255, 0], Array("\\xff".utf8), Array(0...255)]

  @Test("every value comes back as it was bound", arguments: StoreEngine.allCases)
  func values(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.transaction { connection in
      for (column, values) in [
        ("n", Self.integers.map(SQLValue.integer)), ("r", Self.reals.map(SQLValue.real)),
        ("v", Self.texts.map(SQLValue.text)), ("b", Self.blobs.map(SQLValue.blob)),
      ] {
        for value in values {
          try connection.execute("INSERT INTO t (\(column)) VALUES (?1)", [value])
        }
      }
    }
    try await database.read { connection in
      func column<T>(_ name: String, _ transform: (any SQLRow) -> T) throws -> [T] {
        try connection.rows(
          "SELECT \(name) FROM t WHERE \(name) IS NOT NULL ORDER BY id",
          [],
          transform
        )
      }
      #expect(try column("n") { $0.int64(0) } == Self.integers)
      #expect(try column("n") { $0.string(0) } == Self.integers.map { "\($0)" })
      #expect(try column("r") { $0.double(0) } == Self.reals)
      #expect(try column("v") { $0.blob(0) } == Self.texts.map { Array($0.utf8) })
      #expect(try column("b") { $0.blob(0) } == Self.blobs)
      let null = try connection.rows("SELECT v, n, b, r FROM t WHERE n = 0") { row in
        [row.isNull(0), row.isNull(2), row.isNull(3), row.blob(2).isEmpty, row.string(0).isEmpty]
      }
      #expect(null == [[true, true, true, true, true]])
    }
    await database.close()
  }

  @Test("each value is found again by a parameter", arguments: StoreEngine.allCases)
  func finding(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.transaction { connection in
      for text in Self.texts {
        try connection.execute(
          "INSERT INTO t (v, b) VALUES (?1, ?2)",
          [.text(text), .blob(Array(text.utf8))]
        )
      }
      for text in Self.texts {
        let found = try connection.rows(
          "SELECT b FROM t WHERE v = ?1 AND b = ?2",
          [.text(text), .blob(Array(text.utf8))]
        ) { $0.blob(0) }
        #expect(found == [Array(text.utf8)])
      }
    }
    await database.close()
  }

  @Test(
    "text is compared and sorted by its bytes (design, decision 13)",
    arguments: StoreEngine.allCases
  )
  func order(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    let names = ["a", "B", "_", "é", "e\u{301}", "z", "Z", "~", "10", "9", "a b", "ab"]
    let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    try await database.transaction { connection in
      for name in names { try connection.execute("INSERT INTO t (v) VALUES (?1)", [.text(name)]) }
      let found = try connection.rows("SELECT v FROM t ORDER BY v") { $0.blob(0) }
      #expect(found == sorted.map { Array($0.utf8) })
      let after = try connection.rows("SELECT v FROM t WHERE v > ?1 ORDER BY v LIMIT ?2", ["a", 2])
      {
        $0.string(0)
      }
      #expect(after == ["a b", "ab"])
    }
    await database.close()
  }

  @Test("rows are numbered, counted, added up and upserted", arguments: StoreEngine.allCases)
  func shapes(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.transaction { connection in
      for n in 1...3 {
        try connection.execute(
          "INSERT INTO t (v, n) VALUES (?1, ?2)",
          [.text("\(n)"), .integer(Int64(n) << 40)]
        )
      }
      let numbers = try connection.rows("SELECT id FROM t ORDER BY id") { $0.int64(0) }
      #expect(numbers == [1, 2, 3])
      let upsert = """
        INSERT INTO t (v, n) VALUES (?1, ?2)
        ON CONFLICT (v) DO UPDATE SET n = excluded.n WHERE t.n < excluded.n
        """
      #expect(try connection.execute(upsert, ["1", 5]) == 0)
      #expect(try connection.execute(upsert, ["1", .integer(9 << 40)]) == 1)
      #expect(try connection.execute("SELECT v FROM t") == 0)
      #expect(try connection.execute("UPDATE t SET n = n + 1 WHERE n > ?1", [0]) == 3)
      let sums = try connection.first(
        "SELECT sum(n), count(*), max(id), min(v), n IS NOT NULL FROM t GROUP BY n IS NOT NULL"
      ) {
        ($0.int64(0), $0.int64(1), $0.int64(2), $0.string(3), $0.int64(4))
      }
      let (sum, count, last, first, isSet) = try #require(sums)
      #expect((sum, count, first, isSet) == (14 << 40 + 3, 3, "1", 1))
      #expect(last >= 3)
      #expect(try connection.execute("DELETE FROM t WHERE v <> ?1", ["1"]) == 2)
    }
    await database.close()
  }

  @Test(
    "a prepared one runs again with lent bytes that are bound each time",
    arguments: StoreEngine.allCases
  )
  func prepared(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.transaction { connection in
      let insert = try connection.prepare("INSERT INTO t (v, b) VALUES (?1, ?2)")
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
      let rows = try connection.rows("SELECT v, b FROM t ORDER BY id") { [$0.blob(0), $0.blob(1)] }
      #expect(rows == ["one", "", "three"].map { [Array($0.utf8), Array($0.utf8)] })
      // Stopped after its first row, and run again.
      let select = try connection.prepare("SELECT v FROM t WHERE id >= ?1 ORDER BY id")
      for start in [1, 3] {
        select.bind(start, at: 1)
        #expect(try select.step())
        #expect(select.string(0) == (start == 1 ? "one" : "three"))
        select.reset()
      }
    }
    await database.close()
  }

  @Test(
    "lent bytes are not read after a reset: the statement refuses to run",
    arguments: StoreEngine.allCases
  )
  func staleBytes(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.transaction { connection in
      let insert = try connection.prepare("INSERT INTO t (v, n) VALUES (?1, ?2)")
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
      let kept = try connection.rows("SELECT n FROM t") { $0.int64(0) }
      #expect(kept == [7, 7])
    }
    await database.close()
  }

  @Test(
    "a parameter that the statement does not have is an error of its step",
    arguments: StoreEngine.allCases
  )
  func range(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    await #expect(throws: SQLError.self) {
      try await database.transaction {
        _ = try $0.execute("INSERT INTO t (n) VALUES (?1)", [1, 2])
      }
    }
    #expect(try await database.count() == 0)
    await database.close()
  }

  @Test(
    "other statements run between two rows, of the same text too",
    arguments: StoreEngine.allCases
  )
  func nested(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.transaction { connection in
      try connection.execute("INSERT INTO t (n) VALUES (1), (2), (3)")
      var pairs: [String] = []
      try connection.query("SELECT n FROM t ORDER BY n", []) { outer in
        let first = outer.int64(0)
        try connection.query("SELECT n FROM t ORDER BY n", []) { inner in
          pairs.append("\(first)\(inner.int64(0))")
        }
        #expect(outer.int64(0) == first, "the row at hand stays")
        try connection.execute(
          "UPDATE t SET v = ?1 WHERE n = ?2",
          [.text("\(first)"), .integer(first)]
        )
      }
      #expect(pairs == ["11", "12", "13", "21", "22", "23", "31", "32", "33"])
      let updated = try connection.rows("SELECT v FROM t ORDER BY n") { $0.string(0) }
      #expect(updated == ["1", "2", "3"])
    }
    await database.close()
  }

  @Test(
    "a body that throws between two rows leaves the connection usable",
    arguments: StoreEngine.allCases
  )
  func thrownInRow(engine: StoreEngine) async throws {
    struct Stop: Error {}
    let database = try await StoreFixture(engine).open()
    try await database.transaction { connection in
      for n in 0..<2000 {
        try connection.execute("INSERT INTO t (n) VALUES (?1)", [.integer(Int64(n))])
      }
    }
    for _ in 0..<3 {
      await #expect(throws: Stop.self) {
        try await database.read { connection in
          try connection.query("SELECT n FROM t", []) { _ in throw Stop() }
        }
      }
    }
    #expect(try await database.count() == 2000)
    await database.close()
  }

  @Test(
    "texts that are only canonically equivalent are two statements",
    arguments: StoreEngine.allCases
  )
  func canonicalEquivalence(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.read { connection in
      let composed = try connection.first("SELECT '\u{e9}'") { $0.blob(0) }
      let decomposed = try connection.first("SELECT 'e\u{301}'") { $0.blob(0) }
      #expect(composed == Array("\u{e9}".utf8))
      #expect(decomposed == Array("e\u{301}".utf8))
    }
    await database.close()
  }

  @Test(
    "one at a time",
    arguments: StoreEngine.allCases,
    ["", " -- nothing", "SELECT 1; SELECT 2"]
  )
  func oneStatement(engine: StoreEngine, sql: String) async throws {
    let database = try await StoreFixture(engine).open()
    await #expect(throws: SQLError.self) {
      try await database.read { _ = try $0.execute(sql) }
    }
    #expect(try await database.count() == 0)
    await database.close()
  }

  @Test("more than the cache holds all work", arguments: StoreEngine.allCases)
  func cache(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    for _ in 0..<2 {
      try await database.transaction { connection in
        for number in 0..<400 {
          let found = try connection.first("SELECT \(number)") { $0.int64(0) }
          #expect(found == Int64(number))
        }
      }
    }
    await database.close()
  }
}
