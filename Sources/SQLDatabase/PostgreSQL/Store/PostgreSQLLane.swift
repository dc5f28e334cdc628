import Synchronization

/// One connection of the store on a thread of its own. It connects when it is needed, and again
/// after the connection was lost.
final class PostgreSQLLane: Sendable {
  /// How a transaction begins.
  enum Purpose: Sendable {
    /// REPEATABLE READ: the first statement's snapshot is that of all.
    case read
    /// Holds the schema's lock: see `PostgreSQLSchema`.
    case write
  }

  private let thread: BlockingThread
  private let confined = Confined()
  private let configuration: PostgreSQLDatabase.Configuration

  init(name: String, _ configuration: PostgreSQLDatabase.Configuration) throws {
    thread = try BlockingThread(name: name)
    self.configuration = configuration
  }

  /// Runs `body` in a transaction.
  ///
  /// Cancelling the task before the commit ends the statement that runs, closes the connection,
  /// which rolls back, and throws `CancellationError`.
  func transaction<T: Sendable>(
    _ purpose: Purpose,
    _ body: @escaping @Sendable (PostgreSQLStoreConnection) throws -> T
  ) async throws -> T {
    try await run { lane, interruption in
      try lane.begin(purpose, interruption)
      guard let connection = lane.connection else { throw SQLError.lost(sql: nil) }
      do {
        let value = try body(connection)
        connection.resetStatements()
        // From here on a cancellation comes too late.
        try interruption.end()
        try connection.commit(purpose)
        lane.dropIfUnusable()
        return value
      } catch {
        let isCancelled = interruption.isCancelled
        connection.resetStatements()
        lane.rollBack(isCancelled)
        throw isCancelled ? CancellationError() : error
      }
    }
  }

  /// Runs `body` with a session outside of a transaction.
  func session<T: Sendable>(
    _ body: @escaping @Sendable (PostgreSQLSession) throws -> T
  ) async throws -> T {
    try await run { lane, interruption in
      let connection = try lane.connect(interruption)
      do {
        return try body(connection.session)
      } catch {
        lane.connection = nil
        throw (error as? PostgreSQLError).map { SQLError.postgreSQL($0) } ?? error
      }
    }
  }

  /// Finishes what is queued and closes. Later calls throw.
  func close() async {
    let confined = self.confined
    // Fails only where it was closed before.
    try? await thread.run { confined.connection = nil }
    thread.stop()
  }

  private func run<T: Sendable>(
    _ body: @escaping @Sendable (Confined, PostgreSQLInterruption) throws -> T
  ) async throws -> T {
    let interruption = PostgreSQLInterruption()
    let confined = self.confined
    let configuration = self.configuration
    return try await withTaskCancellationHandler {
      try await thread.run {
        confined.configuration = configuration
        defer { interruption.finish() }
        return try body(confined, interruption)
      }
    } onCancel: {
      interruption.cancel()
    }
  }

  /// Safety: only touched by jobs of the lane's thread, and by the deinit of the last reference,
  /// after them.
  private final class Confined: @unchecked Sendable {
    var connection: PostgreSQLStoreConnection?
    var configuration: PostgreSQLDatabase.Configuration?

    /// The connection that is kept, or a new one.
    func connect(_ interruption: PostgreSQLInterruption) throws -> PostgreSQLStoreConnection {
      if let connection, connection.isUsable {
        try interruption.begin(connection.session.signal)
        return connection
      }
      connection = nil
      guard let configuration else { throw SQLError.closed }
      let signal = PostgreSQLSignal()
      try interruption.begin(signal)
      let made = PostgreSQLStoreConnection(try configuration.connect(signal))
      connection = made
      return made
    }

    /// The transaction's begin. A kept connection may have been lost since; nothing has been done
    /// on it yet, so it is replaced once.
    func begin(_ purpose: Purpose, _ interruption: PostgreSQLInterruption) throws {
      let kept = connection
      let first = try connect(interruption)
      do {
        return try first.begin(purpose)
      } catch {
        rollBack(interruption.isCancelled)
        let isLost = kept === first && connection == nil && !interruption.isCancelled
        guard isLost else { throw error }
      }
      let second = try connect(interruption)
      do {
        try second.begin(purpose)
      } catch {
        rollBack(interruption.isCancelled)
        throw error
      }
    }

    /// Ends the transaction, or the connection where that is not possible: the server rolls back
    /// when it notices.
    func rollBack(_ isCancelled: Bool) {
      guard let connection else { return }
      guard connection.isUsable, !isCancelled else {
        self.connection = nil
        return
      }
      guard connection.session.transaction != .none else { return }
      do {
        try connection.session.script("ROLLBACK")
      } catch {
        self.connection = nil
      }
    }

    func dropIfUnusable() {
      if let connection, !connection.isUsable { self.connection = nil }
    }
  }
}

/// Connects a task's cancellation with the session that works for it, until the commit.
final class PostgreSQLInterruption: Sendable {
  private struct State {
    var signal: PostgreSQLSignal?
    var isCancelled = false
    var isPastEnd = false
  }
  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func cancel() {
    state.withLock {
      guard !$0.isPastEnd else { return }
      $0.isCancelled = true
      $0.signal?.raise()
    }
  }

  func begin(_ signal: PostgreSQLSignal) throws {
    try state.withLock {
      if $0.isCancelled { throw CancellationError() }
      $0.signal = signal
    }
  }

  /// The last moment at which a cancellation counts.
  func end() throws {
    try state.withLock {
      if $0.isCancelled { throw CancellationError() }
      $0.isPastEnd = true
    }
  }

  /// The session works for somebody else from now on.
  func finish() { state.withLock { $0.isPastEnd = true } }
}
