import Synchronization

/// The bytes that the calls of one connection hold together; callable from any thread.
final class ByteBudget: Sendable {
  private let limit: Int
  private let spent = Atomic<Int>(0)

  init(_ limit: Int) { self.limit = limit }

  var isSpent: Bool { spent.load(ordering: .relaxed) >= limit }

  func add(_ count: Int) { spent.add(count, ordering: .relaxed) }
}

/// The messages of one direction of a call: bounded, for one reader and any number of writers.
///
/// A writer waits at `highWater` buffered bytes and goes on below `lowWater`, so that a slow reader
/// slows its writers. `push` and `takeAll` are for a transport that bounds or drains the queue by
/// other means (HTTP/2 windows).
struct MessageQueue: ~Copyable, Sendable {
  enum End: Sendable {
    /// The reader sees nil once the queue is empty.
    case finished
    /// The reader sees the error once the queue is empty; writers at once.
    case failed(RPCError)

    var error: RPCError? {
      if case .failed(let error) = self { error } else { nil }
    }
  }

  /// What a reader finds.
  enum Taken: Sendable {
    case message(PrefixedMessage)
    case end
    case nothingYet
  }

  /// Safety: a waiter enters the state once, and who takes it out, under the lock, resumes it.
  typealias Waiter = UnsafeContinuation<Void, any Error>

  /// Not private: Swift 6.3 then emits a module that its own verifier refuses.
  struct State {
    fileprivate var messages = MessageFIFO()
    fileprivate var buffered = 0
    fileprivate var end: End?
    fileprivate var reader: Waiter?
    fileprivate var writers: [(id: UInt64, waiter: Waiter)] = []
    fileprivate var lastWriter: UInt64 = 0
  }

  /// What a message costs besides its bytes, so that empty messages are bounded too. It is the
  /// length of gRPC's prefix.
  static let overhead = 5

  private let highWater: Int
  private let lowWater: Int
  /// Shared with the other calls of a connection; nil where others bound them.
  private let budget: ByteBudget?
  private let state = Mutex(State())

  init(highWater: Int = 256 * 1024, lowWater: Int = 64 * 1024, budget: ByteBudget? = nil) {
    self.highWater = highWater
    self.lowWater = lowWater
    self.budget = budget
  }

  // A call that was cut off holds nothing of the budget any more.
  deinit { budget?.add(-state.withLock { $0.buffered }) }

  /// As new, for another call; nobody may wait.
  func reset() {
    state.withLock { state in
      budget?.add(-state.buffered)
      state = State()
    }
  }

  /// A queue with nothing in it always takes a message, so that calls which stand still while they
  /// hold the whole budget cannot stop the others.
  private func hasRoom(_ state: borrowing State) -> Bool {
    state.buffered < highWater && (state.buffered == 0 || budget.map { !$0.isSpent } ?? true)
  }

  /// Whether a writer need not wait.
  var hasRoom: Bool { state.withLock { hasRoom($0) || $0.end != nil } }

  /// Whether somebody waits in `next()`.
  var hasWaitingReader: Bool { state.withLock { $0.reader != nil } }

  // MARK: Writing

  /// false when the queue is full.
  func writeReady(_ message: PrefixedMessage) throws(RPCError) -> Bool {
    let (written, reader) = try state.withLock { state throws(RPCError) -> (Bool, Waiter?) in
      switch state.end {
      case nil: break
      case .failed(let error): throw error
      case .finished: throw RPCError(.internalError, "a message was sent after the last one")
      }
      guard hasRoom(state) else { return (false, nil) }
      return (true, append(message, to: &state))
    }
    reader?.resume()
    return written
  }

  /// Appends whatever the fill; ignored when the queue has ended.
  func push(_ message: PrefixedMessage) {
    let reader = state.withLock { state in
      state.end == nil ? append(message, to: &state) : nil
    }
    reader?.resume()
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
      budget?.add(-state.buffered)
      state.buffered = 0
      return Self.releaseAll(&state)
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: Reading

  /// The next message if there is one.
  func take() throws(RPCError) -> Taken {
    let (taken, writers) = try state.withLock {
      state throws(RPCError) -> (Taken, [Waiter]) in
      if let message = state.messages.popFirst() {
        let writers = remove(message.bytes.count + Self.overhead, from: &state)
        return (.message(message), writers)
      }
      switch state.end {
      case nil: return (.nothingYet, [])
      case .finished: return (.end, [])
      case .failed(let error): throw error
      }
    }
    for writer in writers { writer.resume() }
    return taken
  }

  /// Hands every queued message to `body` without making room for writers: that is for
  /// `drained`, when the bytes have left.
  /// - Returns: how the queue ended, if it did.
  func takeAll(_ body: (PrefixedMessage) -> Void) -> End? {
    state.withLock { state in
      while let message = state.messages.popFirst() { body(message) }
      return state.end
    }
  }

  /// Bytes that `takeAll` took have left; lets writers go on.
  func drained(_ count: Int) {
    let writers = state.withLock { remove(count, from: &$0) }
    for writer in writers { writer.resume() }
  }

  // MARK: Waiting

  /// Suspends until the queue has what is waited for, has failed, or the task is cancelled.
  ///
  /// The queue itself has no asynchronous methods: closures of those would have to capture it, and
  /// it cannot be copied; its owner's can capture the owner.
  /// - Parameters:
  ///   - register: `registerReader` or `registerWriter`.
  ///   - cancel: `cancelReader` or `cancelWriter`.
  static func wait(
    register: (Waiter) -> Void,
    cancel: @Sendable () -> Void
  ) async throws {
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { register($0) }
    } onCancel: {
      cancel()
    }
  }

  /// Has the waiter resumed when `take` has an answer, or at once if it has one now.
  /// - Returns: whether it waits.
  @discardableResult
  func registerReader(_ waiter: Waiter) -> Bool {
    let refusal = state.withLock { state -> Result<Void, any Error>? in
      if !state.messages.isEmpty || state.end != nil { return .success(()) }
      if Task.isCancelled { return .failure(RPCError.cancelledHere) }
      if state.reader != nil {
        return .failure(RPCError(.internalError, "two tasks read one call at the same time"))
      }
      state.reader = waiter
      return nil
    }
    if let refusal { waiter.resume(with: refusal) }
    return refusal == nil
  }

  func cancelReader() {
    let reader = state.withLock { state in
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(throwing: RPCError.cancelledHere)
  }

  /// Names a writer that is going to wait.
  func newWriter() -> UInt64 {
    state.withLock { state in
      state.lastWriter &+= 1
      return state.lastWriter
    }
  }

  /// Has the waiter resumed when there is room, or at once if there is now.
  func registerWriter(_ id: UInt64, _ waiter: Waiter) {
    let refusal = state.withLock { state -> Result<Void, any Error>? in
      if hasRoom(state) || state.end != nil { return .success(()) }
      if Task.isCancelled { return .failure(RPCError.cancelledHere) }
      state.writers.append((id, waiter))
      return nil
    }
    if let refusal { waiter.resume(with: refusal) }
  }

  func cancelWriter(_ id: UInt64) {
    let writer = state.withLock { state -> Waiter? in
      guard let index = state.writers.firstIndex(where: { $0.id == id }) else { return nil }
      return state.writers.remove(at: index).waiter
    }
    writer?.resume(throwing: RPCError.cancelledHere)
  }

  // MARK: State

  private func append(_ message: PrefixedMessage, to state: inout State) -> Waiter? {
    state.messages.append(message)
    state.buffered += message.bytes.count + Self.overhead
    budget?.add(message.bytes.count + Self.overhead)
    defer { state.reader = nil }
    return state.reader
  }

  private func remove(_ count: Int, from state: inout State) -> [Waiter] {
    // An abort has set the count to 0 while bytes were still on their way out.
    let removed = min(count, state.buffered)
    state.buffered -= removed
    budget?.add(-removed)
    guard !state.writers.isEmpty, state.buffered < lowWater else { return [] }
    defer { state.writers.removeAll() }
    return state.writers.map(\.waiter)
  }

  private static func releaseAll(_ state: inout State) -> [Waiter] {
    guard state.reader != nil || !state.writers.isEmpty else { return [] }
    var waiters = state.writers.map(\.waiter)
    state.writers.removeAll()
    if let reader = state.reader { waiters.append(reader) }
    state.reader = nil
    return waiters
  }
}
