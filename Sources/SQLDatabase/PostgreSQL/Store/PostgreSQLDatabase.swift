/// A PostgreSQL schema that keeps a service's state: one connection for writing and a few for
/// reading, each on a thread of its own, opened when needed and again when lost.
///
/// A commit is on the server's disk when `transaction` returns (design, decision 14). Any number of
/// processes may open the same schema: their transactions wait for each other, up to the lock
/// timeout, and then throw `busy`. A statement that failed ends what its transaction can do: later
/// ones throw, and so does the commit. A pooler in front of the server must keep sessions whole.
public final class PostgreSQLDatabase: SQLDatabase {
  public struct Configuration: Sendable {
    public var server: PostgreSQLConfiguration
    /// Where the tables are: a lower-case letter, then up to 62 of these, digits and `_`. Made when
    /// it is missing.
    public var schema: String
    /// How many reads can run at once.
    public var readers = 4
    /// How long a transaction waits for another process's.
    public var lockTimeout = Duration.seconds(5)
    /// For tests only: takes a server with `fsync = off`, which loses acknowledged commits and may
    /// lose everything at a power cut.
    public var acceptsUnsafeStorage = false

    public init(server: PostgreSQLConfiguration, schema: String) {
      self.server = server
      self.schema = schema
    }
  }

  private let writer: PostgreSQLLane
  private let readers: PostgreSQLLanePool

  /// Connects, makes the schema when it is missing, and brings it to that of `migrations`. Replicas
  /// may do so at the same time.
  ///
  /// - Throws: `SQLError`: `cannotOpen` for a server that is not there, a login or a database that
  ///   it refuses, a server with `fsync = off`, a standby, or a schema of a newer release; `busy`.
  public static func open(
    _ configuration: Configuration,
    migrations: SQLMigrations
  ) async throws -> PostgreSQLDatabase {
    guard isName(configuration.schema) else {
      throw SQLError(
        .cannotOpen,
        "\"\(configuration.schema)\" is no schema's name: a-z, 0-9 and _, 63 characters at most",
        nativeCode: "schema"
      )
    }
    let writer = try PostgreSQLLane(name: "pg-write", configuration)
    let readers = try (1...max(1, configuration.readers)).map { number in
      try PostgreSQLLane(name: "pg-read-\(number)", configuration)
    }
    let schema = configuration.schema
    do {
      try await writer.session { try PostgreSQLSchema.migrate($0, migrations, schema: schema) }
    } catch {
      await writer.close()
      for reader in readers { await reader.close() }
      throw error
    }
    return PostgreSQLDatabase(writer: writer, readers: PostgreSQLLanePool(readers))
  }

  private init(writer: PostgreSQLLane, readers: PostgreSQLLanePool) {
    self.writer = writer
    self.readers = readers
  }

  /// Cancelling the task ends the statement that is running; `CancellationError` is thrown.
  public func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> T
  ) async throws -> T {
    try await readers.withLane { lane in
      try await lane.transaction(.read) { try body($0) }
    }
  }

  /// Cancelling the task before the commit rolls back and throws `CancellationError`.
  ///
  /// - Throws: what `body` throws; `SQLError`, of which `outcomeUnknown` says that the connection was
  ///   lost during the commit: it may have happened. Nothing is tried again by itself.
  public func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> T
  ) async throws -> T {
    try await writer.transaction(.write) { try body($0) }
  }

  /// Waits for what is queued, and closes.
  public func close() async {
    await readers.close()
    await writer.close()
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 63 else { return false }
    return (97...122).contains(first)
      && text.utf8.allSatisfy {
        (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_")
      }
  }
}

extension PostgreSQLDatabase.Configuration {
  /// A session of the store, ready for its first transaction. Blocks its thread.
  func connect(_ signal: PostgreSQLSignal) throws -> PostgreSQLSession {
    do {
      let session = try PostgreSQLSession.connect(server, signal)
      let milliseconds =
        lockTimeout.components.seconds * 1000
        + lockTimeout.components.attoseconds / 1_000_000_000_000_000
      let rows = try session.rows(
        // - idle_in_transaction…: a process that hangs must not hold the others' lock for ever.
        // - standard_conforming_strings: PostgreSQLText takes a backslash in quotes for itself.
        // - fsync: NULL where the engine is another that has no such setting.
        // - client_connection_check_interval (PostgreSQL 14, where there is one): a request to cancel
        //   that overtakes its statement is lost, and the statement would hold the store's lock to its end.
        """
        SET search_path TO \(schema);
        SET synchronous_commit TO on;
        SET lock_timeout TO \(max(1, milliseconds));
        SET idle_in_transaction_session_timeout TO 60000;
        SET standard_conforming_strings TO on;
        SELECT current_setting('fsync', true), (SELECT set_config(name, '1000', false)
          FROM pg_settings WHERE name = 'client_connection_check_interval')
        """
      )
      let fsync = rows.first?.first ?? nil
      guard fsync != "off" || acceptsUnsafeStorage else {
        throw SQLError(
          .cannotOpen,
          "the PostgreSQL server runs with fsync = off, so that a power cut loses what was "
            + "acknowledged: set fsync = on in postgresql.conf and reload",
          nativeCode: "fsync"
        )
      }
      return session
    } catch let error as PostgreSQLError {
      throw SQLError.postgreSQL(error)
    }
  }
}
