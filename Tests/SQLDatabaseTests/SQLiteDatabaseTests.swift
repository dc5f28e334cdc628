import Glibc
import SQLDatabase
import TestSupport
import Testing

@Suite("SQLite keeps a service's state")
struct SQLiteDatabaseTests {
  let directory: TemporaryDirectory
  let path: String
  static let schema = SQLMigrations(["CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)"])

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("state.sqlite")
  }

  func count(_ database: SQLiteDatabase) async throws -> Int64? {
    try await database.read { try $0.first("SELECT count(*) FROM t") { $0.int64(0) } }
  }

  @Test("a transaction that returns is committed and found again after a close")
  func commit() async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: Self.schema)
    let changed = try await database.transaction {
      try $0.execute("INSERT INTO t (v) VALUES (?1), (?2)", ["a", nil])
    }
    #expect(changed == 2)
    await database.close()
    #expect(access(path + "-wal", F_OK) != 0, "close checkpoints and removes the WAL")
    let again = try await SQLiteDatabase.open(path: path, migrations: Self.schema)
    #expect(try await count(again) == 2)
    await again.close()
  }

  @Test("the file is made for its owner only, and so is the WAL")
  func mode() async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: Self.schema)
    for name in [path, path + "-wal", path + "-shm"] {
      var status = stat()
      #expect(stat(name, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600, "\(name)")
    }
    await database.close()
  }

  @Test("a missing directory is named")
  func missingDirectory() async throws {
    let error = try await #require(throws: SQLError.self) {
      _ = try await SQLiteDatabase.open(
        path: directory.file("no/where/s.sqlite"),
        migrations: Self.schema
      )
    }
    #expect(error.kind == .cannotOpen)
    #expect(error.message.contains("\(directory.path)/no/where does not exist"))
  }

  @Test("a file that is no database, or is damaged, is corrupt")
  func corrupt() async throws {
    let file = try #require(fopen(path, "w"))
    fputs(String(repeating: "this is not a database. ", count: 1000), file)
    fclose(file)
    let error = try await #require(throws: SQLError.self) {
      _ = try await SQLiteDatabase.open(path: path, migrations: Self.schema)
    }
    #expect(error.kind == .corrupt)
  }

  @Test("a full disk rolls back, says so, and the database goes on")
  func diskFull() async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: Self.schema)
    let error = try await #require(throws: SQLError.self) {
      try await database.transaction { connection in
        // Stands in for the disk: SQLite answers SQLITE_FULL either way.
        try connection.execute("PRAGMA max_page_count = 16")
        for index in 0..<1000 {
          try connection.execute(
            "INSERT INTO t (v) VALUES (?1)",
            [.text("\(index)" + String(repeating: "x", count: 900))]
          )
        }
      }
    }
    #expect(error.kind == .diskFull)
    #expect(try await count(database) == 0)
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('small')") }
    #expect(try await count(database) == 1)
    await database.close()
  }

  @Test("a file system without room left is a full disk", .enabled(if: geteuid() == 0))
  func fileSystemFull() async throws {
    let mountPoint = directory.file("small")
    guard mkdir(mountPoint, 0o700) == 0,
      mount("tmpfs", mountPoint, "tmpfs", 0, "size=1m") == 0
    else { return }
    defer { umount2(mountPoint, Int32(MNT_DETACH)) }
    let database = try await SQLiteDatabase.open(
      path: "\(mountPoint)/state.sqlite",
      migrations: Self.schema
    )
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('kept')") }
    let error = try await #require(throws: SQLError.self) {
      for index in 0..<100 {
        try await database.transaction {
          _ = try $0.execute(
            "INSERT INTO t (v) VALUES (?1)",
            [.text("\(index)" + String(repeating: "x", count: 50_000))]
          )
        }
      }
    }
    #expect(error.kind == .diskFull)
    #expect(try await count(database) ?? 0 >= 1)
    await database.close()
  }

  @Test("after an error that rolled back, a body that goes on cannot commit half of its work")
  func swallowedRollback() async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: Self.schema)
    await #expect(throws: SQLError.self) {
      try await database.transaction { connection in
        try connection.execute("INSERT INTO t (v) VALUES ('first')")
        _ = try? connection.execute("INSERT OR ROLLBACK INTO t (v) VALUES ('first')")
        try connection.execute("INSERT INTO t (v) VALUES ('second')")
      }
    }
    #expect(try await count(database) == 0)
    await database.close()
  }

  @Test("a second process waits for the first one's transaction, and gives up as busy")
  func busy() async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: Self.schema)
    let other = try ChildProcess(["sqlite3", "-cmd", ".timeout 0", path])
    try await database.transaction { connection in
      try connection.execute("INSERT INTO t (v) VALUES ('mine')")
      let answer = try other.ask("INSERT INTO t (v) VALUES ('theirs');", until: "locked")
      #expect(answer.contains("database is locked"))
    }
    _ = try other.ask("INSERT INTO t (v) VALUES ('theirs'); SELECT 'done';", until: "done")
    #expect(try await count(database) == 2)
    _ = try other.ask("BEGIN IMMEDIATE; SELECT 'held';", until: "held")
    let error = try await #require(throws: SQLError.self) {
      try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('late')") }
    }
    #expect(error.kind == .busy)
    other.wait()
    await database.close()
  }
}
