import CSQLite

/// A SQLite file of somebody else's: opened for reading only and never made, while its owner may go
/// on writing to it.
///
/// One connection on a thread of its own. Statements stay open between two jobs, with their
/// snapshot.
public final class ReadOnlySQLiteFile: Sendable {
  private let lane: SQLiteLane
  private let interruption: SQLiteInterruption

  /// The library's version.
  public static var libraryVersion: String { String(cString: sqlite3_libversion()) }

  /// - Parameter busyTimeoutMilliseconds: how long to wait for a writer's lock.
  /// - Throws: `SQLError`: `cannotOpen`, `corrupt` for a file that is no database, `busy`.
  public static func open(
    path: String,
    busyTimeoutMilliseconds: Int32 = 5000,
    functions: [SQLiteFunction] = []
  ) async throws -> ReadOnlySQLiteFile {
    let interruption = SQLiteInterruption()
    let lane = try await SQLiteLane.open(name: "sqlite-source", resetsStatements: false) {
      let connection = try SQLiteConnection(
        path: path,
        access: .readOnly,
        busyTimeoutMilliseconds: busyTimeoutMilliseconds
      )
      // What a foreign schema may do: no functions with effects, no trust in its pages.
      try connection.script("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
      try connection.script("PRAGMA query_only = ON; PRAGMA cache_size = -8192")
      for function in functions { try connection.register(function) }
      // The file is only looked at with the first statement.
      try connection.query("SELECT count(*) FROM sqlite_schema", []) { _ in }
      return connection
    }
    return ReadOnlySQLiteFile(lane: lane, interruption: interruption)
  }

  private init(lane: SQLiteLane, interruption: SQLiteInterruption) {
    self.lane = lane
    self.interruption = interruption
  }

  deinit { cancel() }

  /// Runs `body` on the file's thread. Cancelling the task is `cancel`.
  public func run<T: Sendable>(
    _ body: @escaping @Sendable (SQLiteConnection) throws -> T
  ) async throws -> T {
    try await withTaskCancellationHandler {
      try await start(body).value
    } onCancel: {
      cancel()
    }
  }

  /// Queues `body` and returns at once.
  public func start<T: Sendable>(
    _ body: @escaping @Sendable (SQLiteConnection) throws -> T
  ) -> BlockingJob<T> {
    lane.start(interruption, body)
  }

  /// Interrupts the statement that is running; it and every later job throw `CancellationError`.
  public func cancel() { interruption.cancel() }

  /// Cancels and closes. Safe to call twice.
  public func close() async {
    cancel()
    await lane.close()
  }
}
