import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Carries out what an `EndpointSet` decides: resolves, connects, drains; hands connections to calls.
final class ConnectionPool: Sendable {
  /// A connection for one call, counted until `end`.
  struct Lease: Sendable {
    var id: Int
    var authority: String
    var handler: HTTP2Handler
  }

  private struct Link {
    var connector: ClientConnector
    var handler: HTTP2Handler?
  }

  private typealias Waiter = CheckedContinuation<Void, any Error>

  private struct State {
    var set: EndpointSet
    var budget: RetryBudget
    var links: [Int: Link] = [:]
    var waiters: [Int: Waiter] = [:]
    /// Counts changes, so that no waiter misses one.
    var version = 0
    var lastWaiter = 0
    var resolveTimer: Scheduled<Void>?
    var resolveTask: Task<Void, Never>?
    var hasStarted = false
    var isClosed = false
  }

  private let targets: [ServerTarget]
  private let tls: TLSConfiguration?
  private let resolver: any AddressResolver
  private let configuration: BalancedTransport.Configuration
  private let logger: Logger
  private let loop = MultiThreadedEventLoopGroup.singleton.next()
  private let state: Mutex<State>

  init(
    targets: [ServerTarget],
    tls: TLSConfiguration?,
    resolver: any AddressResolver,
    configuration: BalancedTransport.Configuration,
    logger: Logger
  ) {
    self.targets = targets
    self.tls = tls
    self.resolver = resolver
    self.configuration = configuration
    self.logger = logger
    var timing = EndpointSet.Timing()
    timing.resolveInterval = configuration.resolveInterval
    timing.backoff = configuration.reconnectBackoff
    state = Mutex(
      State(set: EndpointSet(timing: timing), budget: RetryBudget(configuration.retry))
    )
  }

  private var name: String { targets.map(\.authority).joined(separator: ",") }

  // MARK: Calls

  /// - Throws: UNAVAILABLE when nothing can be reached (unless the call waits for that),
  ///   DEADLINE_EXCEEDED or CANCELLED.
  func lease(
    deadline: ContinuousClock.Instant?,
    waitsForReady: Bool,
    avoiding avoided: [Int] = []
  ) async throws -> Lease {
    while true {
      switch try nextStep(waitsForReady: waitsForReady, avoiding: avoided) {
      case .lease(let lease): return lease
      case .start: resolve()
      case .wait(let version): try await waitForChange(since: version, deadline: deadline)
      }
    }
  }

  private enum Step {
    case lease(Lease)
    case wait(version: Int)
    case start
  }

  private func nextStep(waitsForReady: Bool, avoiding avoided: [Int]) throws(RPCError) -> Step {
    try state.withLock { state throws(RPCError) -> Step in
      guard !state.isClosed else { throw closedError }
      guard state.hasStarted else {
        state.hasStarted = true
        return .start
      }
      switch state.set.choose(avoiding: avoided) {
      case .member(let id):
        if let link = state.links[id], let handler = link.handler {
          return .lease(Lease(id: id, authority: link.connector.authority, handler: handler))
        }
        state.set.ended(id, answered: false)
      case .unavailable where !waitsForReady:
        throw state.set.lastError ?? RPCError(.unavailable, "no address of \(name) answers")
      case .wait, .unavailable: break
      }
      return .wait(version: state.version)
    }
  }

  /// - Parameter answered: whether the server answered the call, well or not.
  func end(_ lease: Lease, answered: Bool) {
    state.withLock { state in
      state.set.ended(lease.id, answered: answered)
      if answered { state.budget.answered() }
    }
  }

  func retryDelay(
    _ progress: inout RetryProgress,
    after error: RPCError,
    isIdempotent: Bool
  ) -> Duration? {
    let random = Double.random(in: 0..<1)
    return state.withLock { state in
      progress.delay(
        after: error,
        isIdempotent: isIdempotent,
        policy: configuration.retry,
        budget: &state.budget,
        random: random
      )
    }
  }

  private func waitForChange(
    since version: Int,
    deadline: ContinuousClock.Instant?
  ) async throws {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    let timer = deadline.map { deadline in
      let delay = TimeAmount(max(.zero, ContinuousClock.now.duration(to: deadline)))
      return loop.scheduleTask(in: delay) { self.fail(waiter: number, RPCError.deadlinePassed) }
    }
    defer { timer?.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (waiter: Waiter) in
        let result = state.withLock { state -> Result<Void, any Error>? in
          if Task.isCancelled { return .failure(RPCError.cancelledHere) }
          if let deadline, deadline <= .now { return .failure(RPCError.deadlinePassed) }
          if state.version != version || state.isClosed { return .success(()) }
          state.waiters[number] = waiter
          return nil
        }
        if let result { waiter.resume(with: result) }
      }
    } onCancel: {
      fail(waiter: number, RPCError.cancelledHere)
    }
  }

  private func fail(waiter number: Int, _ error: RPCError) {
    state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(throwing: error)
  }

  // MARK: Changes

  /// Changes the set, wakes whoever waits, and does what the set asks for.
  private func change(_ body: (inout State) -> [EndpointSet.Action]) {
    let (actions, waiters) = state.withLock { state -> ([EndpointSet.Action], [Waiter]) in
      guard !state.isClosed else { return ([], []) }
      state.version &+= 1
      defer { state.waiters = [:] }
      return (body(&state), Array(state.waiters.values))
    }
    for action in actions { perform(action) }
    for waiter in waiters { waiter.resume() }
  }

  private func perform(_ action: EndpointSet.Action) {
    switch action {
    case .connect(let id, let endpoint, let delay):
      guard let connector = connector(id, endpoint) else { return }
      if delay == .zero { return connector.open() }
      loop.scheduleTask(in: TimeAmount(delay)) { [weak connector] in connector?.open() }
    case .drain(let id):
      state.withLock { $0.links.removeValue(forKey: id) }?.connector.drain()
    case .resolve(let delay):
      let timer = loop.scheduleTask(in: TimeAmount(delay)) { [weak self] in self?.resolve() ?? () }
      let old = state.withLock { state in
        defer { state.resolveTimer = timer }
        return state.isClosed ? timer : state.resolveTimer
      }
      old?.cancel()
    }
  }

  private func connector(_ id: Int, _ endpoint: Endpoint) -> ClientConnector? {
    state.withLock { state in
      if let link = state.links[id] { return link.connector }
      guard !state.isClosed else { return nil }
      let connector = ClientConnector(
        host: endpoint.target.host,
        port: endpoint.target.port,
        address: endpoint.address,
        tls: tls,
        configuration: configuration.connection,
        logger: logger
      ) { [weak self] in self?.connector(id, did: $0) }
      state.links[id] = Link(connector: connector)
      return connector
    }
  }

  private func connector(_ id: Int, did event: ClientConnector.Event) {
    let now = ContinuousClock.now
    change { state in
      switch event {
      case .connected(let handler):
        state.links[id]?.handler = handler
        state.set.connected(id)
        return []
      case .failed(let error): return state.set.failed(id, error, now: now)
      case .retired:
        state.links[id]?.handler = nil
        return state.set.retired(id, now: now)
      }
    }
  }

  private func resolve() {
    state.withLock { state in
      guard !state.isClosed else { return }
      state.set.resolving()
      state.resolveTask = Task { [weak self, targets, resolver] in
        let results = await Self.resolve(targets, with: resolver)
        self?.change { $0.set.resolved(results, now: .now) }
      }
    }
  }

  private static func resolve(
    _ targets: [ServerTarget],
    with resolver: any AddressResolver
  ) async -> [ServerTarget: Result<[String], RPCError>] {
    var results: [ServerTarget: Result<[String], RPCError>] = [:]
    for target in targets {
      do {
        results[target] = .success(try await resolver.addresses(of: target))
      } catch {
        let failure =
          error as? RPCError
          ?? RPCError(.unavailable, "cannot resolve \(target.host)", cause: error)
        results[target] = .failure(failure)
      }
    }
    return results
  }

  // MARK: Closing

  /// - Returns: what ends when the connections have.
  @discardableResult
  func close() -> [Task<Void, Never>] {
    let (links, waiters) = state.withLock { state -> ([Link], [Waiter]) in
      guard !state.isClosed else { return ([], []) }
      state.isClosed = true
      state.resolveTimer?.cancel()
      state.resolveTask?.cancel()
      defer {
        state.links = [:]
        state.waiters = [:]
      }
      return (Array(state.links.values), Array(state.waiters.values))
    }
    for waiter in waiters { waiter.resume(throwing: closedError) }
    return links.compactMap { $0.connector.close() }
  }

  private var closedError: RPCError {
    RPCError(.unavailable, "the transport to \(name) was closed")
  }
}
