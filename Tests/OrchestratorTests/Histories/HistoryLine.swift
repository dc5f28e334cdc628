import RPC
import Synchronization

/// What happens on an orchestrator's line at one of its steps: a call, a message sent or received.
enum LineEvent: Sendable {
  /// The orchestrator's process ends here.
  case die
  /// The message is lost, and the connection with it.
  case lose
  /// The orchestrator stands still until it is woken: whatever else goes on meanwhile.
  case park
}

/// The line from one orchestrator to the writer, with a plan of what happens on it.
final class HistoryLine: RPCTransport {
  private struct State {
    var step = 0
    var isDead = false
    var isParked = false
    /// Every task of the orchestrator that came to a step meanwhile.
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// Batches as they were sent, for somebody who sends them again, late.
    var sent: [[UInt8]] = []
  }

  private let inner: any RPCTransport
  private let plan: [Int: LineEvent]
  private let onPark: @Sendable () -> Void
  private let state = Mutex(State())

  init(
    _ inner: any RPCTransport,
    plan: [Int: LineEvent],
    onPark: @escaping @Sendable () -> Void
  ) {
    self.inner = inner
    self.plan = plan
    self.onPark = onPark
  }

  var sentBatches: [[UInt8]] { state.withLock { $0.sent } }
  var isDead: Bool { state.withLock { $0.isDead } }

  func wake() {
    let waiting = state.withLock { state in
      state.isParked = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for task in waiting { task.resume() }
  }

  func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result {
    try await step()
    return try await inner.withCall(path: path, options: options) { call in
      try await body(Call(line: self, inner: call, carriesBatches: path.hasSuffix("/ApplyBatches")))
    }
  }

  /// - Throws: what the orchestrator meets at this step.
  fileprivate func step() async throws {
    let event: LineEvent? = state.withLock { state in
      defer { state.step += 1 }
      if state.isDead { return .die }
      if case .die? = plan[state.step] { state.isDead = true }
      return plan[state.step]
    }
    switch event {
    case .die: throw Self.dead
    case .lose: throw RPCError(.unavailable, "connection reset by peer")
    case .park:
      if state.withLock({ state in
        defer { state.isParked = true }
        return !state.isParked
      }) {
        onPark()
      }
    case nil: break
    }
    await standStill()
  }

  /// Returns when the orchestrator is not parked.
  private func standStill() async {
    await withCheckedContinuation { task in
      let goesOn = state.withLock { state in
        if state.isParked { state.waiting.append(task) }
        return !state.isParked
      }
      if goesOn { task.resume() }
    }
  }

  /// Nothing that a dead process could act upon.
  private static let dead = RPCError(.dataLoss, "this orchestrator is dead")

  fileprivate func sending(_ batch: [UInt8]) { state.withLock { $0.sent.append(batch) } }

  private final class Call: RPCClientCall {
    let line: HistoryLine
    let inner: any RPCClientCall
    let carriesBatches: Bool

    init(line: HistoryLine, inner: any RPCClientCall, carriesBatches: Bool) {
      self.line = line
      self.inner = inner
      self.carriesBatches = carriesBatches
    }

    func send(_ message: [UInt8]) async throws {
      do { try await line.step() } catch {
        // The other side learns that nothing more comes.
        try? await inner.finishSending()
        throw error
      }
      if carriesBatches { line.sending(message) }
      try await inner.send(message)
    }

    func finishSending() async throws { try await inner.finishSending() }

    func receive() async throws -> [UInt8]? {
      let message = try await inner.receive()
      try await line.step()
      return message
    }
  }
}
