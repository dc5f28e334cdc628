import CSQLite

/// A SQLite file that keeps a service's state: one connection for writing and one for reading, each
/// on a thread of its own, in WAL mode, so that reads and the transaction under way do not wait for
/// each other.
///
/// A commit is on the disk when `transaction` returns (design, decision 14). Several processes may
/// open the same file; each waits for the others for up to 5 seconds and then throws `busy`.
public final class SQLiteDatabase: SQLDatabase {
  private let writer: SQLiteLane
  private let reader: SQLiteLane

  /// Opens the file, making it (mode 0600) where it does not exist, and brings its schema to that of
  /// `migrations`.
  ///
  /// - Parameter path: a file in a directory that exists; `:memory:` and URIs are taken as file
  ///   names.
  /// - Throws: `SQLError`: `cannotOpen` for a missing directory, missing permissions or a database
  ///   of a newer release, `corrupt` for a file that is no database, `busy`, `diskFull`.
  public static func open(path: String, migrations: SQLMigrations) async throws -> SQLiteDatabase {
    let writer = try await SQLiteLane.open(name: "sqlite-write") {
      let connection = try SQLiteConnection(
        path: path,
        access: .readWrite,
        busyTimeoutMilliseconds: busyTimeoutMilliseconds
      )
      try configure(connection, cacheKibibytes: 16_384)
      try migrate(connection, migrations, path: path)
      return connection
    }
    do {
      let reader = try await SQLiteLane.open(name: "sqlite-read") {
        let connection = try SQLiteConnection(
          path: path,
          access: .readWrite,
          busyTimeoutMilliseconds: busyTimeoutMilliseconds
        )
        try configure(connection, cacheKibibytes: 4096)
        try connection.script("PRAGMA query_only = ON")
        return connection
      }
      return SQLiteDatabase(writer: writer, reader: reader)
    } catch {
      await writer.close()
      throw error
    }
  }

  private init(writer: SQLiteLane, reader: SQLiteLane) {
    self.writer = writer
    self.reader = reader
  }

  /// Cancelling the task interrupts the statement that is running; `CancellationError` is thrown.
  public func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> T
  ) async throws -> T {
    try await reader.run { connection in
      try connection.transaction("BEGIN") { try body(connection) }
    }
  }

  /// Cancelling the task before the commit rolls back and throws `CancellationError`.
  public func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> T
  ) async throws -> T {
    try await writer.run { connection in
      try connection.transaction("BEGIN IMMEDIATE") { try body(connection) }
    }
  }

  /// Waits for what is queued, moves the WAL into the file, and closes.
  public func close() async {
    await reader.close()
    await writer.close { connection in
      // Best effort: another process may be reading. The WAL holds everything either way.
      try? connection.script("PRAGMA wal_checkpoint(TRUNCATE)")
    }
  }

  private static let busyTimeoutMilliseconds: Int32 = 5000

  private static func configure(_ connection: SQLiteConnection, cacheKibibytes: Int) throws {
    // NORMAL was measured to lose acknowledged commits at power loss (reliability.md 4.5).
    try require(connection, "journal_mode", "WAL", reads: "wal")
    try require(connection, "synchronous", "FULL", reads: "2")
    try require(connection, "foreign_keys", "ON", reads: "1")
    try connection.script("PRAGMA cache_size = -\(cacheKibibytes)")
    // 32 MiB instead of 4: pages that batch after batch changes are moved into the file once.
    try connection.script("PRAGMA wal_autocheckpoint = 8192")
    // A large transaction leaves a large WAL; give its space back at the next checkpoint.
    try connection.script("PRAGMA journal_size_limit = 67108864")
    try connection.script("PRAGMA trusted_schema = OFF")
  }

  /// Sets a pragma and reads it back: SQLite ignores what it cannot do without an error.
  private static func require(
    _ connection: SQLiteConnection,
    _ pragma: String,
    _ value: String,
    reads expected: String
  ) throws {
    try connection.script("PRAGMA \(pragma) = \(value)")
    let actual = try connection.first("PRAGMA \(pragma)") { $0.string(0) } ?? ""
    guard actual == expected else {
      throw SQLError(
        .cannotOpen,
        "the database does not take \(pragma) = \(value): it stays at \(actual)",
        nativeCode: "pragma"
      )
    }
  }
}

extension SQLiteConnection {
  /// Commits when `body` returns and rolls back when it throws.
  func transaction<T>(_ begin: String, _ body: () throws -> T) throws -> T {
    try script(begin)
    do {
      let value = try inTransaction(body)
      resetStatements()
      try script("COMMIT")
      return value
    } catch {
      resetStatements()
      // SQLite has rolled back by itself after some errors.
      if sqlite3_get_autocommit(handle) == 0 { try? script("ROLLBACK") }
      throw error
    }
  }

  private func inTransaction<T>(_ body: () throws -> T) throws -> T {
    isInTransaction = true
    defer { isInTransaction = false }
    let value = try body()
    try checkTransaction(sql: "COMMIT")
    return value
  }
}
