/// The addresses of a client's servers: which there are, how they are, whose turn it is.
///
/// A value that decides and does nothing: its owner carries out the actions and reports.
struct EndpointSet: Sendable {
  enum Action: Equatable, Sendable {
    case connect(Int, Endpoint, after: Duration)
    /// The address has vanished: its calls end as they like, it gets no more.
    case drain(Int)
    /// Replaces the time that was set before.
    case resolve(after: Duration)
  }

  enum Choice: Equatable {
    case member(Int)
    /// A connection or a resolution is under way.
    case wait
    case unavailable
  }

  struct Timing: Sendable {
    var resolveInterval = Duration.seconds(5)
    var backoff = Backoff()
    /// 0 to 1.
    var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
  }

  private enum Health { case connecting, ready, failing }

  private struct Member {
    let id: Int
    let endpoint: Endpoint
    var health = Health.connecting
    var inFlight = 0
    var failures = 0
  }

  private let timing: Timing
  private var members: [Member] = []
  private var lastID = 0
  private var cursor = 0
  private var resolution = Resolution()
  /// Why nothing can be reached, when nothing can.
  private(set) var lastError: RPCError?

  private struct Resolution {
    var isRunning = false
    var isWantedAgain = false
    var failures = 0
    var last: ContinuousClock.Instant?
    var next: ContinuousClock.Instant?
  }

  init(timing: Timing = Timing()) { self.timing = timing }

  var endpoints: [Endpoint] { members.map(\.endpoint) }

  // MARK: Calls

  /// The healthy member with the fewest calls in flight, in turn among equals.
  /// - Parameter avoided: members that a call has tried; taken only when no other is healthy.
  mutating func choose(avoiding avoided: [Int] = []) -> Choice {
    var best: Int?
    for step in 0..<members.count {
      let index = (cursor + step) % members.count
      guard members[index].health == .ready else { continue }
      guard let current = best else {
        best = index
        continue
      }
      let isTried = avoided.contains(members[index].id)
      let currentIsTried = avoided.contains(members[current].id)
      if isTried != currentIsTried {
        if currentIsTried { best = index }
      } else if members[index].inFlight < members[current].inFlight {
        best = index
      }
    }
    if let best {
      cursor = best + 1
      members[best].inFlight += 1
      return .member(members[best].id)
    }
    if members.contains(where: { $0.health == .connecting }) { return .wait }
    return members.isEmpty && resolution.failures == 0 ? .wait : .unavailable
  }

  /// A call that `choose` placed has ended.
  /// - Parameter answered: whether the server answered it, well or not.
  mutating func ended(_ id: Int, answered: Bool) {
    guard let index = index(of: id) else { return }
    members[index].inFlight -= 1
    if answered { members[index].failures = 0 }
  }

  // MARK: Connections

  mutating func connected(_ id: Int) {
    guard let index = index(of: id) else { return }
    members[index].health = .ready
  }

  mutating func failed(
    _ id: Int,
    _ error: RPCError,
    now: ContinuousClock.Instant
  ) -> [Action] {
    guard let index = index(of: id) else { return [] }
    lastError = error
    members[index].health = .failing
    return [reconnect(index)] + resolveSoon(now: now)
  }

  /// The connection was lost or takes no more calls.
  mutating func retired(_ id: Int, now: ContinuousClock.Instant) -> [Action] {
    guard let index = index(of: id) else { return [] }
    // A server that accepts only to hang up again is no better than one that does not accept.
    members[index].health = members[index].failures == 0 ? .connecting : .failing
    return [reconnect(index)] + resolveSoon(now: now)
  }

  private mutating func reconnect(_ index: Int) -> Action {
    members[index].failures += 1
    let delay = timing.backoff.delay(
      afterFailures: members[index].failures,
      random: timing.random()
    )
    return .connect(members[index].id, members[index].endpoint, after: delay)
  }

  private func index(of id: Int) -> Int? { members.firstIndex { $0.id == id } }

  // MARK: Addresses

  /// A resolution begins.
  mutating func resolving() {
    resolution.isRunning = true
    resolution.isWantedAgain = false
    resolution.next = nil
  }

  /// What a resolution gave, by target. A target that could not be resolved keeps its addresses:
  /// a name server that is down must not stop calls.
  mutating func resolved(
    _ results: [ServerTarget: Result<[String], RPCError>],
    now: ContinuousClock.Instant
  ) -> [Action] {
    resolution.isRunning = false
    resolution.last = now
    var actions: [Action] = []
    var hasFailed = false
    for (target, result) in results {
      switch result {
      case .success(let addresses) where !addresses.isEmpty:
        actions += update(target, addresses)
      case .success:
        hasFailed = true
        lastError = RPCError(.unavailable, "\(target.host) has no address")
      case .failure(let error):
        hasFailed = true
        lastError = error
      }
    }
    resolution.failures = hasFailed ? resolution.failures + 1 : 0
    var delay = timing.resolveInterval * (0.8 + 0.4 * timing.random())
    if hasFailed {
      let backoff = timing.backoff.delay(
        afterFailures: resolution.failures,
        random: timing.random()
      )
      delay = min(delay, backoff)
    }
    if resolution.isWantedAgain { delay = min(delay, minimumGap) }
    resolution.next = now.advanced(by: delay)
    return actions + [.resolve(after: delay)]
  }

  private mutating func update(_ target: ServerTarget, _ addresses: [String]) -> [Action] {
    var actions: [Action] = []
    for member in members
    where member.endpoint.target == target && !addresses.contains(member.endpoint.address) {
      actions.append(.drain(member.id))
    }
    let vanished = actions
    members.removeAll { vanished.contains(.drain($0.id)) }
    for address in addresses {
      let endpoint = Endpoint(target: target, address: address)
      guard !members.contains(where: { $0.endpoint == endpoint }) else { continue }
      lastID += 1
      members.append(Member(id: lastID, endpoint: endpoint))
      actions.append(.connect(lastID, endpoint, after: .zero))
    }
    return actions
  }

  /// Connections that come and go must not become a flood of queries.
  private var minimumGap: Duration { timing.resolveInterval / 10 }

  private mutating func resolveSoon(now: ContinuousClock.Instant) -> [Action] {
    if resolution.isRunning {
      resolution.isWantedAgain = true
      return []
    }
    let due = max(now, resolution.last?.advanced(by: minimumGap) ?? now)
    if let next = resolution.next, next <= due { return [] }
    resolution.next = due
    return [.resolve(after: now.duration(to: due))]
  }
}
