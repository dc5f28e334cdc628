import Synchronization

/// One call over whichever connection is best, and over another when it must be made again.
///
/// A call is made again only before its first response message and only when its request is one
/// message that is complete: the sender of a stream decides itself what to send again.
final class BalancedCall: RPCClientCall {
  private struct Request {
    var bytes: [UInt8]
    var mayBeCompressed: Bool

    func send(over call: HTTP2ClientCall) async throws {
      if mayBeCompressed {
        try await call.send(bytes)
      } else {
        try await call.sendUncompressed(bytes)
      }
    }
  }

  private struct State {
    var lease: ConnectionPool.Lease
    var call: HTTP2ClientCall
    /// The request, while it may be sent again.
    var request: Request?
    var hasSent = false
    var isHalfClosed = false
    var mayRepeat = true
    var isAnswered = false
  }

  private let pool: ConnectionPool
  private let request: ClientRequest
  private let isIdempotent: Bool
  private let waitsForReady: Bool
  private let state: Mutex<State>

  init(
    pool: ConnectionPool,
    lease: ConnectionPool.Lease,
    request: ClientRequest,
    isIdempotent: Bool,
    waitsForReady: Bool
  ) {
    self.pool = pool
    self.request = request
    self.isIdempotent = isIdempotent
    self.waitsForReady = waitsForReady
    state = Mutex(State(lease: lease, call: Self.open(request, over: lease)))
  }

  private static func open(
    _ request: ClientRequest,
    over lease: ConnectionPool.Lease
  ) -> HTTP2ClientCall {
    var request = request
    request.authority = lease.authority
    return HTTP2ClientCall(CallPipe(waker: lease.handler, request: request))
  }

  func send(_ message: [UInt8]) async throws {
    try await send(Request(bytes: message, mayBeCompressed: true))
  }

  func sendUncompressed(_ message: [UInt8]) async throws {
    try await send(Request(bytes: message, mayBeCompressed: false))
  }

  private func send(_ request: Request) async throws {
    let call = state.withLock { state in
      if state.hasSent {
        state.mayRepeat = false
        state.request = nil
      } else if state.mayRepeat {
        state.request = request
      }
      state.hasSent = true
      return state.call
    }
    try await request.send(over: call)
  }

  func sendReady(_ message: [UInt8]) throws -> Bool {
    guard let call = state.withLock({ $0.mayRepeat ? nil : $0.call }) else { return false }
    return try call.sendReady(message)
  }

  func receiveReady() throws -> RPCReadiness {
    // What may be made again must be waited for; nothing is, after the first message.
    guard let call = state.withLock({ $0.mayRepeat ? nil : $0.call }) else { return .nothingYet }
    let ready = try call.receiveReady()
    if case .nothingYet = ready { return ready }
    settle(isAnswered: true)
    return ready
  }

  func finishSending() async throws {
    let call = state.withLock { state in
      state.isHalfClosed = true
      return state.call
    }
    try await call.finishSending()
  }

  func receive() async throws -> [UInt8]? {
    var progress = RetryProgress()
    var tried: [Int] = []
    var pending: RPCError?
    while true {
      do {
        if let error = pending { throw error }
        let call = state.withLock { $0.call }
        let message = try await call.receive()
        settle(isAnswered: true)
        return message
      } catch let error as RPCError {
        pending = nil
        guard let (request, failed) = repeatable(),
          let delay = pool.retryDelay(&progress, after: error, isIdempotent: isIdempotent),
          isInTime(delay)
        else {
          settle(isAnswered: !error.isFromHere)
          throw error
        }
        tried.append(failed)
        pending = try await again(request, after: delay, avoiding: tried)
      }
    }
  }

  /// - Returns: why the next attempt could not begin, if so.
  private func again(
    _ message: Request?,
    after delay: Duration,
    avoiding tried: [Int]
  ) async throws -> RPCError? {
    if delay > .zero {
      do { try await Task.sleep(for: delay) } catch { throw RPCError.cancelledHere }
    }
    let lease: ConnectionPool.Lease
    do {
      lease = try await pool.lease(
        deadline: request.deadline,
        waitsForReady: waitsForReady,
        avoiding: tried
      )
    } catch let error as RPCError where error.code == .unavailable {
      return error
    }
    let call = Self.open(request, over: lease)
    let old = state.withLock { state in
      defer {
        state.lease = lease
        state.call = call
      }
      return (lease: state.lease, call: state.call)
    }
    pool.end(old.lease, answered: false)
    old.call.close()
    try await message?.send(over: call)
    try await call.finishSending()
    return nil
  }

  private func repeatable() -> (request: Request?, member: Int)? {
    if Task.isCancelled { return nil }
    return state.withLock { state in
      guard state.mayRepeat, state.isHalfClosed else { return nil }
      return (state.request, state.lease.id)
    }
  }

  private func isInTime(_ delay: Duration) -> Bool {
    request.deadline.map { ContinuousClock.now.advanced(by: delay) < $0 } ?? true
  }

  /// Nothing is repeated from here on.
  private func settle(isAnswered: Bool) {
    state.withLock { state in
      guard state.mayRepeat || isAnswered != state.isAnswered else { return }
      state.mayRepeat = false
      state.request = nil
      if isAnswered { state.isAnswered = true }
    }
  }

  /// Cancels the call at the server unless its end was seen.
  func close() {
    let (lease, call, isAnswered) = state.withLock { ($0.lease, $0.call, $0.isAnswered) }
    call.close()
    pool.end(lease, answered: isAnswered)
  }
}

extension RPCError {
  /// Whether this end of the connection made it, so that it says nothing good of the other.
  fileprivate var isFromHere: Bool {
    switch code {
    case .unavailable, .cancelled, .deadlineExceeded: true
    default: false
    }
  }
}
