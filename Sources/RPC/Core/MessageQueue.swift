import Synchronization

/// The messages of one direction of a call: bounded, for one reader and any number of writers.
///
/// `write` suspends at `highWater` buffered bytes and goes on below `lowWater`, so that a slow
/// reader slows its writers. The synchronous `push` and `takeAll` are for a transport that bounds
/// or drains the queue by other means (HTTP/2 windows).
final class MessageQueue: Sendable {
  enum End: Sendable {
    /// The reader sees nil once the queue is empty.
    case finished
    /// The reader sees the error once the queue is empty; writers at once.
    case failed(RPCError)

    var error: RPCError? {
      if case .failed(let error) = self { error } else { nil }
    }
  }

  enum Taken {
    case message([UInt8])
    case end
    case nothingYet
  }

  typealias Waiter = CheckedContinuation<Void, any Error>

  private struct State {
    var messages = MessageFIFO()
    var buffered = 0
    var end: End?
    var reader: Waiter?
    var writers: [(id: UInt64, waiter: Waiter)] = []
    var lastWriter: UInt64 = 0
  }

  /// What a message costs besides its bytes, so that empty messages are bounded too. It is the
  /// length of gRPC's prefix.
  static let overhead = 5

  private let highWater: Int
  private let lowWater: Int
  private let state = Mutex(State())

  init(highWater: Int = 256 * 1024, lowWater: Int = 64 * 1024) {
    self.highWater = highWater
    self.lowWater = lowWater
  }

  var bufferedBytes: Int { state.withLock { $0.buffered } }

  /// Whether somebody waits in `next()`.
  var hasWaitingReader: Bool { state.withLock { $0.reader != nil } }

  // MARK: Writing

  /// Suspends while the queue is full.
  /// - Throws: the queue's failure; CANCELLED when the task is cancelled while it waits.
  func write(_ message: [UInt8]) async throws {
    while true {
      let written = try state.withLock { state throws(RPCError) -> (done: Bool, reader: Waiter?) in
        try Self.checkOpen(state)
        guard state.buffered < highWater else { return (false, nil) }
        return (true, Self.append(message, to: &state))
      }
      if written.done {
        written.reader?.resume()
        return
      }
      try await waitForRoom()
    }
  }

  /// Appends whatever the fill; false when the queue has ended.
  func push(_ message: [UInt8]) -> Bool {
    let (open, reader) = state.withLock { state -> (Bool, Waiter?) in
      guard state.end == nil else { return (false, nil) }
      return (true, Self.append(message, to: &state))
    }
    reader?.resume()
    return open
  }

  /// No more messages; what is queued is still read. Later ends are ignored.
  func end(_ end: End) {
    let waiters = state.withLock { state -> [Waiter] in
      guard state.end == nil else { return [] }
      state.end = end
      return Self.releaseAll(&state)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Ends the call for both sides at once, and drops what is queued; it overrides `finished`.
  func abort(_ error: RPCError) {
    let waiters = state.withLock { state -> [Waiter] in
      if case .failed = state.end { return [] }
      state.end = .failed(error)
      state.messages.removeAll()
      state.buffered = 0
      return Self.releaseAll(&state)
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: Reading

  /// The next message, or nil at the end; one caller at a time.
  /// - Throws: the queue's failure; CANCELLED when the task is cancelled while it waits.
  func next() async throws -> [UInt8]? {
    while true {
      switch try take() {
      case .message(let message): return message
      case .end: return nil
      case .nothingYet: try await waitForMessage {}
      }
    }
  }

  /// Suspends until `take` has an answer.
  /// - Parameter whenWaiting: called once the reader counts as waiting.
  func waitForMessage(_ whenWaiting: () -> Void) async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (waiter: Waiter) in
        let refusal = state.withLock { state -> Result<Void, any Error>? in
          if !state.messages.isEmpty || state.end != nil { return .success(()) }
          if Task.isCancelled { return .failure(RPCError.cancelledHere) }
          if state.reader != nil {
            return .failure(RPCError(.internalError, "two tasks read one call at the same time"))
          }
          state.reader = waiter
          return nil
        }
        if let refusal { waiter.resume(with: refusal) } else { whenWaiting() }
      }
    } onCancel: {
      let reader = state.withLock { state in
        defer { state.reader = nil }
        return state.reader
      }
      reader?.resume(throwing: RPCError.cancelledHere)
    }
  }

  /// The next message if there is one.
  func take() throws(RPCError) -> Taken {
    let result = state.withLock { state -> (Result<Taken, RPCError>, [Waiter]) in
      if let message = state.messages.popFirst() {
        let room = Self.remove(message.count + Self.overhead, from: &state, lowWater: lowWater)
        return (.success(.message(message)), room)
      }
      switch state.end {
      case nil: return (.success(.nothingYet), [])
      case .finished: return (.success(.end), [])
      case .failed(let error): return (.failure(error), [])
      }
    }
    for waiter in result.1 { waiter.resume() }
    return try result.0.get()
  }

  /// Hands every queued message to `body` without making room for writers: that is for
  /// `drained`, when the bytes have left.
  /// - Returns: how the queue ended, if it did.
  func takeAll(_ body: ([UInt8]) -> Void) -> End? {
    state.withLock { state in
      while let message = state.messages.popFirst() { body(message) }
      return state.end
    }
  }

  /// Bytes that `takeAll` took have left; lets writers go on.
  func drained(_ count: Int) {
    let waiters = state.withLock { Self.remove(count, from: &$0, lowWater: lowWater) }
    for waiter in waiters { waiter.resume() }
  }

  private func waitForRoom() async throws {
    let id = state.withLock { state in
      state.lastWriter &+= 1
      return state.lastWriter
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (waiter: Waiter) in
        let refusal = state.withLock { state -> Result<Void, any Error>? in
          if state.buffered < highWater || state.end != nil { return .success(()) }
          if Task.isCancelled { return .failure(RPCError.cancelledHere) }
          state.writers.append((id, waiter))
          return nil
        }
        if let refusal { waiter.resume(with: refusal) }
      }
    } onCancel: {
      let writer = state.withLock { state -> Waiter? in
        guard let index = state.writers.firstIndex(where: { $0.id == id }) else { return nil }
        return state.writers.remove(at: index).waiter
      }
      writer?.resume(throwing: RPCError.cancelledHere)
    }
  }

  // MARK: State

  private static func checkOpen(_ state: State) throws(RPCError) {
    switch state.end {
    case nil: return
    case .failed(let error): throw error
    case .finished: throw RPCError(.internalError, "a message was sent after the last one")
    }
  }

  private static func append(_ message: [UInt8], to state: inout State) -> Waiter? {
    state.messages.append(message)
    state.buffered += message.count + overhead
    defer { state.reader = nil }
    return state.reader
  }

  private static func remove(
    _ count: Int,
    from state: inout State,
    lowWater: Int
  ) -> [Waiter] {
    // An abort has set the count to 0 while bytes were still on their way out.
    state.buffered = max(0, state.buffered - count)
    guard state.buffered < lowWater, !state.writers.isEmpty else { return [] }
    defer { state.writers.removeAll() }
    return state.writers.map(\.waiter)
  }

  private static func releaseAll(_ state: inout State) -> [Waiter] {
    var waiters = state.writers.map(\.waiter)
    state.writers.removeAll()
    if let reader = state.reader { waiters.append(reader) }
    state.reader = nil
    return waiters
  }
}
