import CPostgreSQL
import Glibc

/// One libpq connection, driven without blocking calls, so that a signal or a deadline ends every
/// wait. Confined to its connection's thread.
final class PostgreSQLSession {
  let handle: OpaquePointer
  let signal: PostgreSQLSignal
  /// Made at login: `PQcancel` may be called by any thread.
  private var canceller: OpaquePointer?
  /// What a stream holds between two rows.
  private(set) var isStreaming = false

  private init(handle: OpaquePointer, signal: PostgreSQLSignal) {
    self.handle = handle
    self.signal = signal
  }

  deinit {
    PQfreeCancel(canceller)
    PQfinish(handle)
  }

  // MARK: Logging in

  static func connect(
    _ configuration: PostgreSQLConfiguration,
    _ signal: PostgreSQLSignal
  ) throws -> PostgreSQLSession {
    PostgreSQLEnvironment.clear()
    let deadline = ContinuousClock.now.advanced(by: configuration.connectTimeout)
    var failure = PostgreSQLError(.hostNotFound, "the host has no address")
    for address in try HostAddresses.dialled(by: configuration) {
      do {
        return try connect(configuration, address: address, signal, deadline)
      } catch let error as PostgreSQLError {
        failure = error
        // What the server answered would be the same at its other addresses.
        guard
          error.kind == .connectionRefused || error.kind == .connectTimeout
            || error.kind == .connectionLost
        else { throw error }
      }
    }
    throw failure
  }

  private static func connect(
    _ configuration: PostgreSQLConfiguration,
    address: String,
    _ signal: PostgreSQLSignal,
    _ deadline: ContinuousClock.Instant
  ) throws -> PostgreSQLSession {
    let parameters = configuration.parameters(address: address)
    var password = configuration.password.map { CChar(bitPattern: $0) } + [0]
    defer { for index in password.indices { password[index] = 0 } }
    var keys = CStrings(parameters.map(\.key) + ["password"])
    var values = CStrings(parameters.map(\.value))
    defer {
      keys.free()
      values.free()
    }
    let handle = password.withUnsafeBufferPointer { password in
      // expand_dbname 0: a database name is never read as a connection string.
      PQconnectStartParams(
        keys.terminated(with: []),
        values.terminated(with: [password.baseAddress]),
        0
      )
    }
    guard let handle else {
      throw PostgreSQLError(.connectionLost, "there is no memory for a connection")
    }
    let session = PostgreSQLSession(handle: handle, signal: signal)
    // The default receiver prints to standard error.
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
    // So that a refused login carries its SQLSTATE.
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    try session.logIn(deadline)
    PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    session.canceller = PQgetCancel(handle)
    PQsetnonblocking(handle, 1)
    return session
  }

  private func logIn(_ deadline: ContinuousClock.Instant) throws {
    var status = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
    while true {
      switch status {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_READING: try wait(for: POLLIN, until: deadline)
      case PGRES_POLLING_WRITING: try wait(for: POLLOUT, until: deadline)
      default: throw PostgreSQLError.login(handle)
      }
      status = PQconnectPoll(handle)
    }
  }

  /// - Throws: `CancellationError` when the signal was raised, `connectTimeout` past the deadline.
  private func wait(for events: Int32, until deadline: ContinuousClock.Instant?) throws {
    while true {
      if signal.isRaised {
        cancelQuery()
        throw CancellationError()
      }
      var milliseconds: Int32 = -1
      if let deadline {
        let rest = ContinuousClock.now.duration(to: deadline)
        guard rest > .zero else {
          throw PostgreSQLError(.connectTimeout, "the server did not answer in time")
        }
        // Rounded up, so that a rest below a millisecond does not spin.
        milliseconds = Int32(clamping: min(rest.components.seconds, 1_000_000)) * 1000
        milliseconds += Int32(rest.components.attoseconds / 1_000_000_000_000_000) + 1
      }
      var descriptors = [
        pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0),
        pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      let count = poll(&descriptors, 2, milliseconds)
      if count > 0, descriptors[0].revents != 0 { return }
      if count < 0, errno != EINTR { throw PostgreSQLError.lost(handle) }
    }
  }

  /// Asks the server to stop, on a thread of its own: libpq 15's `PQcancel` opens a connection and
  /// blocks, and the network may be the reason for the cancellation.
  private func cancelQuery() {
    guard PQtransactionStatus(handle) == PQTRANS_ACTIVE, let canceller else { return }
    self.canceller = nil
    let request = CancelRequest(canceller: canceller)
    // Without a thread, or when it comes too early, the server notices by itself that the socket is
    // closed: at the next row, or where `client_connection_check_interval` has it look.
    _ = try? BlockingThread(name: "pg-cancel").start { request.send() }
  }

  // MARK: Statements

  var serverVersion: String {
    PQparameterStatus(handle, "server_version").map { String(cString: $0) } ?? ""
  }

  /// Runs a script of statements without parameters and results.
  func script(_ sql: String) throws {
    try begin(PQsendQuery(handle, sql))
    try finish { _ in }
  }

  /// Runs one statement, keeping its whole result: small ones only.
  func query(_ sql: String, _ parameters: [String?]) throws -> PostgreSQLResult {
    try send(sql, parameters)
    var result = PostgreSQLResult()
    try finish { if PQresultStatus($0) == PGRES_TUPLES_OK { result = PostgreSQLResult($0) } }
    return result
  }

  /// The columns that a statement would have, without running it.
  func describe(_ sql: String) throws -> [PostgreSQLColumn] {
    try begin(PQsendPrepare(handle, "", sql, 0, nil))
    try finish { _ in }
    var columns: [PostgreSQLColumn] = []
    try begin(PQsendDescribePrepared(handle, ""))
    try finish { columns = PostgreSQLResult.columns($0) }
    return columns
  }

  /// Starts a statement whose rows come one by one.
  func startStream(_ sql: String, _ parameters: [String?]) throws {
    try send(sql, parameters)
    try streamRows()
  }

  /// What was just sent answers row by row, until `endStream`.
  func streamRows() throws {
    guard PQsetSingleRowMode(handle) == 1 else {
      throw PostgreSQLError(.misuse, "libpq refuses single-row mode")
    }
    isStreaming = true
  }

  func endStream() { isStreaming = false }

  /// The next result of the statement under way; nil at its end. The caller clears it.
  func nextResult() throws -> OpaquePointer? {
    while PQisBusy(handle) != 0 {
      // What has arrived already costs no poll.
      guard PQconsumeInput(handle) == 1 else { throw PostgreSQLError.lost(handle) }
      if PQisBusy(handle) == 0 { break }
      try wait(for: POLLIN, until: nil)
    }
    return PQgetResult(handle)
  }

  private func send(_ sql: String, _ parameters: [String?]) throws {
    var values = CStrings(parameters)
    defer { values.free() }
    try begin(
      PQsendQueryParams(
        handle,
        sql,
        Int32(clamping: parameters.count),
        nil,
        values.terminated(with: []),
        nil,
        nil,
        0
      )
    )
  }

  /// Sends a statement to the last byte.
  func begin(_ send: @autoclosure () -> Int32) throws {
    if signal.isRaised { throw CancellationError() }
    guard !isStreaming else {
      throw PostgreSQLError(.misuse, "another result is still being read on this connection")
    }
    guard send() == 1 else { throw PostgreSQLError.lost(handle) }
    while true {
      let rest = PQflush(handle)
      guard rest >= 0 else { throw PostgreSQLError.lost(handle) }
      if rest == 0 { return }
      try wait(for: POLLIN | POLLOUT, until: nil)
      guard PQconsumeInput(handle) == 1 else { throw PostgreSQLError.lost(handle) }
    }
  }

  /// Reads the statement's results to their end; an error among them is thrown there.
  func finish(_ body: (OpaquePointer) -> Void) throws {
    var failure: PostgreSQLError?
    while let result = try nextResult() {
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: body(result)
      default: failure = failure ?? PostgreSQLError.result(result)
      }
    }
    if let failure { throw failure }
  }

  /// Safety: the pointer was made by `PQgetCancel`, is handed over to this value alone, and
  /// `PQcancel` is safe on any thread.
  private struct CancelRequest: @unchecked Sendable {
    var canceller: OpaquePointer

    func send() {
      var reason = [CChar](repeating: 0, count: 256)
      // The connection is closed whatever comes of it.
      _ = PQcancel(canceller, &reason, Int32(reason.count))
      PQfreeCancel(canceller)
    }
  }
}

/// Copies of strings as C wants them.
private struct CStrings {
  private var copies: [UnsafeMutablePointer<CChar>?]
  private var array: [UnsafePointer<CChar>?] = []

  init(_ strings: [String?]) { copies = strings.map { $0.flatMap { strdup($0) } } }

  /// The strings, `extra` and a nil, valid until the next call or `free`.
  mutating func terminated(with extra: [UnsafePointer<CChar>?]) -> [UnsafePointer<CChar>?] {
    copies.map { UnsafePointer($0) } + extra + [nil]
  }

  mutating func free() {
    for copy in copies { Glibc.free(copy) }
    copies = []
  }
}
