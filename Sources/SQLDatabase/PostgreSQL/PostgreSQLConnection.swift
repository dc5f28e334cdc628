/// A PostgreSQL connection on a thread of its own, through libpq, without a wait that cannot be
/// ended.
///
/// Used by one task at a time. Cancelling a task that waits for it cancels the statement at the
/// server and makes the connection useless: open another.
public final class PostgreSQLConnection: Sendable {
  private let thread: BlockingThread
  private let signal: PostgreSQLSignal
  private let confined: Confined
  /// The server's own version text.
  public let serverVersion: String

  /// Finds the host, connects and logs in.
  ///
  /// - Throws: `PostgreSQLError`, or `CancellationError` at once when the task is cancelled.
  public static func open(
    _ configuration: PostgreSQLConfiguration
  ) async throws -> PostgreSQLConnection {
    let thread = try BlockingThread(name: "postgresql")
    let signal = PostgreSQLSignal()
    let job = thread.start {
      let session = try PostgreSQLSession.connect(configuration, signal)
      return (Confined(session), session.serverVersion)
    }
    let (confined, version) = try await withTaskCancellationHandler {
      try await job.value
    } onCancel: {
      signal.raise()
      // The resolver cannot be interrupted; what its thread brings later is dropped there.
      job.abandon(CancellationError())
    }
    return PostgreSQLConnection(
      thread: thread,
      signal: signal,
      confined: confined,
      serverVersion: version
    )
  }

  private init(
    thread: BlockingThread,
    signal: PostgreSQLSignal,
    confined: Confined,
    serverVersion: String
  ) {
    self.thread = thread
    self.signal = signal
    self.confined = confined
    self.serverVersion = serverVersion
  }

  deinit { cancel() }

  /// Runs a script of statements without parameters: settings of the session.
  public func script(_ sql: String) async throws {
    try await run { try $0.script(sql) }
  }

  /// Runs one statement with parameters `$1` … and keeps its whole result: for small ones.
  public func query(_ sql: String, _ parameters: [String?] = []) async throws -> PostgreSQLResult {
    try await run { try $0.query(sql, parameters) }
  }

  /// The columns that a statement would have. It is parsed, not run, and needs no privilege.
  public func describe(_ sql: String) async throws -> [PostgreSQLColumn] {
    try await run { try $0.describe(sql) }
  }

  /// Starts one statement whose rows are then read by `read`, as they arrive.
  public func startStream(_ sql: String, _ parameters: [String?]) async throws {
    try await run { try $0.startStream(sql, parameters) }
  }

  /// Queues `body` with the stream's rows and returns at once.
  ///
  /// Between two calls nothing is read: the server waits. After its end, or an error, the stream is
  /// over and the connection free for the next statement.
  public func read<T: Sendable>(
    _ body: @escaping @Sendable (PostgreSQLStream) throws -> T
  ) -> BlockingJob<T> {
    start { session in
      guard session.isStreaming else {
        throw PostgreSQLError(.misuse, "there is no result to read")
      }
      let stream = PostgreSQLStream(session)
      defer { stream.end() }
      return try body(stream)
    }
  }

  /// Ends whatever is under way with `CancellationError`, and every later call. Never blocks.
  public func cancel() { signal.raise() }

  /// Cancels and closes. Safe to call twice.
  public func close() async {
    cancel()
    let confined = self.confined
    // Fails only where it was closed before.
    try? await thread.run { confined.session = nil }
    thread.stop()
  }

  private func run<T: Sendable>(
    _ body: @escaping @Sendable (PostgreSQLSession) throws -> T
  ) async throws -> T {
    try await withTaskCancellationHandler {
      try await start(body).value
    } onCancel: {
      cancel()
    }
  }

  private func start<T: Sendable>(
    _ body: @escaping @Sendable (PostgreSQLSession) throws -> T
  ) -> BlockingJob<T> {
    let confined = self.confined
    return thread.start {
      guard let session = confined.session else {
        throw PostgreSQLError(.connectionLost, "the connection is closed")
      }
      return try body(session)
    }
  }

  /// Safety: `session` is only touched by jobs of the connection's thread, and by the deinit of the
  /// last reference, after them.
  private final class Confined: @unchecked Sendable {
    var session: PostgreSQLSession?
    init(_ session: PostgreSQLSession) { self.session = session }
  }
}
