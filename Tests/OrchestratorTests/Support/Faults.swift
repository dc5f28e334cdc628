import RPC
import SQLDatabase
import Synchronization

/// A line to a server that breaks when a test says so.
final class FlakyTransport: RPCTransport {
  struct Faults: Sendable {
    /// Calls that cannot be made at all, from now on.
    var refusedCalls = 0
    /// After so many messages from the server, the next one is lost and the call with it; once.
    var loseMessage: Int?
    /// No call gets through after the next stream of batches.
    var refuseAfterNext = false
    /// No batch is sent before it is open. Whoever waits until it is reached knows that rows were read:
    /// the call itself may begin before the query does.
    var gate: Gate?
    var calls: [String] = []
  }

  private let inner: any RPCTransport
  private let faults = Mutex(Faults())

  init(_ inner: any RPCTransport) { self.inner = inner }

  var state: Faults { faults.withLock { $0 } }
  func change(_ body: (inout Faults) -> Void) { faults.withLock { body(&$0) } }

  func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result {
    let (isRefused, loseMessage) = faults.withLock { faults in
      faults.calls.append(path)
      defer { if faults.refusedCalls > 0 { faults.refusedCalls -= 1 } }
      guard faults.refusedCalls == 0 else { return (true, nil as Int?) }
      guard path.hasSuffix("/ApplyBatches") else { return (false, nil) }
      if faults.refuseAfterNext { faults.refusedCalls = 1000 }
      defer { faults.loseMessage = nil }
      return (false, faults.loseMessage)
    }
    if isRefused { throw RPCError(.unavailable, "connection refused") }
    return try await inner.withCall(path: path, options: options) { call in
      let gate = path.hasSuffix("/ApplyBatches") ? state.gate : nil
      return try await body(Call(inner: call, loseMessage: loseMessage, gate: gate))
    }
  }

  private final class Call: RPCClientCall {
    let inner: any RPCClientCall
    let loseMessage: Int?
    let gate: Gate?
    private let received = Mutex(0)

    init(inner: any RPCClientCall, loseMessage: Int?, gate: Gate?) {
      self.inner = inner
      self.loseMessage = loseMessage
      self.gate = gate
    }

    func send(_ message: [UInt8]) async throws {
      try await gate?.wait()
      try await inner.send(message)
    }
    func finishSending() async throws { try await inner.finishSending() }

    func receive() async throws -> [UInt8]? {
      let message = try await inner.receive()
      let number = received.withLock { number in
        defer { number += 1 }
        return number
      }
      if number == loseMessage { throw RPCError(.unavailable, "connection reset by peer") }
      return message
    }
  }
}

/// A database that a process loses hold of: as after a crash, nothing more is written. Or whose disk
/// is full.
final class SeverableDatabase: SQLDatabase {
  let inner: any SQLDatabase
  private let isSevered = Mutex(false)
  private let isFull = Mutex(false)

  init(_ inner: any SQLDatabase) { self.inner = inner }

  func sever() { isSevered.withLock { $0 = true } }
  /// As on a disk without room: nothing is written until there is some.
  func fill(_ isFull: Bool) { self.isFull.withLock { $0 = isFull } }

  func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws
    -> T
  {
    try check()
    return try await inner.read(body)
  }

  func transaction<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T)
    async throws -> T
  {
    try check()
    if isFull.withLock({ $0 }) {
      throw SQLError(.diskFull, "database or disk is full", nativeCode: "13")
    }
    return try await inner.transaction(body)
  }

  func close() async {}

  private func check() throws { if isSevered.withLock({ $0 }) { throw CancellationError() } }
}
