import CSQLite
import Synchronization

/// One connection on one thread of its own.
final class SQLiteLane: Sendable {
  private let thread: BlockingThread
  private let confined: Confined
  private let resetsStatements: Bool

  /// Makes the connection on its thread.
  ///
  /// - Parameter resetsStatements: whether every job's end resets the statements; otherwise they
  ///   stay open for the next job.
  static func open(
    name: String,
    resetsStatements: Bool = true,
    _ make: @escaping @Sendable () throws -> SQLiteConnection
  ) async throws -> SQLiteLane {
    let thread = try BlockingThread(name: name)
    let confined = try await thread.run { Confined(try make()) }
    return SQLiteLane(thread: thread, confined: confined, resetsStatements: resetsStatements)
  }

  private init(thread: BlockingThread, confined: Confined, resetsStatements: Bool) {
    self.thread = thread
    self.confined = confined
    self.resetsStatements = resetsStatements
  }

  /// Runs `body` on the thread. Cancelling the task interrupts the statement that is running, or
  /// keeps the body from starting.
  func run<T: Sendable>(
    _ body: @escaping @Sendable (SQLiteConnection) throws -> T
  ) async throws -> T {
    let interruption = SQLiteInterruption()
    return try await withTaskCancellationHandler {
      try await start(interruption, body).value
    } onCancel: {
      interruption.cancel()
    }
  }

  /// Queues `body` and returns at once.
  func start<T: Sendable>(
    _ interruption: SQLiteInterruption,
    _ body: @escaping @Sendable (SQLiteConnection) throws -> T
  ) -> BlockingJob<T> {
    let confined = self.confined
    let resetsStatements = self.resetsStatements
    return thread.start {
      guard let connection = confined.connection else { throw SQLError.closed }
      try interruption.begin(connection)
      defer {
        interruption.end()
        if resetsStatements { connection.resetStatements() }
      }
      do {
        return try body(connection)
      } catch let error as SQLError where error.isInterrupted && interruption.isCancelled {
        throw CancellationError()
      }
    }
  }

  /// Runs `last` with the connection and closes it. Later calls throw.
  func close(_ last: @escaping @Sendable (SQLiteConnection) -> Void = { _ in }) async {
    let confined = self.confined
    // Fails only where the lane was closed before.
    try? await thread.run {
      guard let connection = confined.connection else { return }
      last(connection)
      connection.close()
      confined.connection = nil
    }
    thread.stop()
  }

  /// Safety: `connection` is only touched by jobs of the lane's thread, and by the deinit of the
  /// last reference, after them.
  private final class Confined: @unchecked Sendable {
    var connection: SQLiteConnection?
    init(_ connection: SQLiteConnection) { self.connection = connection }
  }
}

/// Connects a task's cancellation with the statement that runs for it, and with no later one.
final class SQLiteInterruption: Sendable {
  /// Safety: `sqlite3_interrupt` may be called from any thread while the connection is open, which
  /// it is as long as its job runs.
  private struct Running: @unchecked Sendable {
    var handle: OpaquePointer
  }
  private struct State {
    var running: Running?
    var isCancelled = false
  }
  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func cancel() {
    state.withLock {
      $0.isCancelled = true
      if let running = $0.running { sqlite3_interrupt(running.handle) }
    }
  }

  func begin(_ connection: SQLiteConnection) throws {
    let running = Running(handle: connection.handle)
    try state.withLock {
      if $0.isCancelled { throw CancellationError() }
      $0.running = running
    }
    // An interrupt between two statements is forgotten when the next one starts.
    // Safety: the job holds this object until `end`, which takes the handler off.
    sqlite3_progress_handler(
      connection.handle,
      10_000,
      { interruption in
        guard let interruption else { return 0 }
        let this = Unmanaged<SQLiteInterruption>.fromOpaque(interruption).takeUnretainedValue()
        return this.isCancelled ? 1 : 0
      },
      Unmanaged.passUnretained(self).toOpaque()
    )
  }

  func end() {
    state.withLock {
      if let running = $0.running { sqlite3_progress_handler(running.handle, 0, nil, nil) }
      $0.running = nil
    }
  }
}
