import Testing

@testable import RPC

@Suite("The set of a name's addresses")
struct EndpointSetTests {
  private let target = ServerTarget(host: "writer", port: 1)
  private let start = ContinuousClock.now

  private func makeSet() -> EndpointSet {
    var timing = EndpointSet.Timing()
    timing.backoff = Backoff(initial: .milliseconds(100), multiplier: 2, maximum: .seconds(1))
    timing.random = { 0.5 }
    return EndpointSet(timing: timing)
  }

  private func endpoint(_ address: String) -> Endpoint {
    Endpoint(target: target, address: address)
  }

  /// A set of connected addresses with the ids 1, 2, ...
  private func connectedSet(_ addresses: String...) -> EndpointSet {
    var set = makeSet()
    _ = set.resolved([target: .success(addresses)], now: start)
    for id in 1...addresses.count { set.connected(id) }
    return set
  }

  private let refused = RPCError(.unavailable, "refused")

  @Test("each address gets a connection, and the name is asked again after the interval")
  func connects() {
    var set = makeSet()
    #expect(set.choose() == .wait)
    let actions = set.resolved([target: .success(["a", "b"])], now: start)
    #expect(
      actions == [
        .connect(1, endpoint("a"), after: .zero), .connect(2, endpoint("b"), after: .zero),
        .resolve(after: .seconds(5)),
      ]
    )
    #expect(set.choose() == .wait)
    set.connected(2)
    #expect(set.choose() == .member(2))
  }

  @Test("the fewest calls in flight wins, in turn among equals")
  func leastInFlight() {
    var set = connectedSet("a", "b", "c")
    var taken: [Int: Int] = [:]
    for _ in 0..<300 {
      guard case .member(let id) = set.choose() else { break }
      taken[id, default: 0] += 1
    }
    #expect(taken == [1: 100, 2: 100, 3: 100])
    for _ in 0..<50 { set.ended(2, answered: true) }
    for _ in 0..<50 { #expect(set.choose() == .member(2)) }
    // Alone and quick: every call takes its turn.
    var idle = connectedSet("a", "b")
    var turns: [Int] = []
    for _ in 0..<4 {
      guard case .member(let id) = idle.choose() else { break }
      turns.append(id)
      idle.ended(id, answered: true)
    }
    #expect(turns == [1, 2, 1, 2])
  }

  @Test("a call that is made again goes to another address, if there is one")
  func avoidsTried() {
    var set = connectedSet("a", "b")
    for _ in 0..<3 { #expect(set.choose(avoiding: [1]) == .member(2)) }
    _ = set.retired(2, now: start)
    #expect(set.choose(avoiding: [1]) == .member(1))
  }

  @Test("a lost connection is made again with growing delays, and the name is asked again")
  func reconnects() {
    var set = connectedSet("a")
    let lost = set.retired(1, now: start)
    #expect(
      lost == [
        .connect(1, endpoint("a"), after: .milliseconds(100)), .resolve(after: .milliseconds(500)),
      ]
    )
    #expect(set.choose() == .wait, "a server that restarts is waited for")
    // Sooner than the resolution that is due comes no other.
    #expect(
      set.failed(1, refused, now: start) == [.connect(1, endpoint("a"), after: .milliseconds(200))]
    )
    #expect(set.choose() == .unavailable)
    #expect(set.lastError?.message == "refused")
    for _ in 0..<9 { _ = set.failed(1, refused, now: start) }
    #expect(
      set.failed(1, refused, now: start) == [.connect(1, endpoint("a"), after: .seconds(1))]
    )
  }

  @Test("a server that only accepts and hangs up is not asked without pause")
  func hangsUp() {
    var set = connectedSet("a")
    _ = set.retired(1, now: start)
    set.connected(1)
    let second = set.retired(1, now: start)
    #expect(second.contains(.connect(1, endpoint("a"), after: .milliseconds(200))))
    set.connected(1)
    set.ended(1, answered: true)
    let third = set.retired(1, now: start)
    #expect(third.contains(.connect(1, endpoint("a"), after: .milliseconds(100))))
  }

  @Test("an address that vanished is drained, one that appeared is connected")
  func changes() {
    var set = connectedSet("a", "b")
    let actions = set.resolved([target: .success(["b", "c"])], now: start)
    #expect(
      actions == [
        .drain(1), .connect(3, endpoint("c"), after: .zero), .resolve(after: .seconds(5)),
      ]
    )
    #expect(set.choose() == .member(2))
    // Late news of what is gone.
    set.ended(1, answered: true)
    #expect(set.failed(1, refused, now: start).isEmpty)
    #expect(set.retired(1, now: start).isEmpty)
    #expect(set.endpoints.map(\.address) == ["b", "c"])
  }

  @Test("a name server that fails takes no address away")
  func failingResolver() {
    var set = connectedSet("a")
    #expect(set.resolved([target: .failure(refused)], now: start).count == 1)
    #expect(set.resolved([target: .success([])], now: start).count == 1)
    #expect(set.choose() == .member(1))
    var empty = makeSet()
    let actions = empty.resolved([target: .failure(refused)], now: start)
    #expect(actions == [.resolve(after: .milliseconds(100))])
    #expect(empty.choose() == .unavailable)
  }

  @Test("a resolution that is wanted while one runs follows it")
  func wantedAgain() {
    var set = connectedSet("a")
    set.resolving()
    #expect(set.retired(1, now: start).count == 1)
    let actions = set.resolved([target: .success(["a"])], now: start)
    #expect(actions == [.resolve(after: .milliseconds(500))])
  }

  @Test("delays grow, stay bounded, and vary by the jitter")
  func backoff() {
    let backoff = Backoff(
      initial: .milliseconds(100),
      multiplier: 2,
      maximum: .seconds(1),
      jitter: 0.2
    )
    #expect(backoff.delay(afterFailures: 1, random: 0) == .milliseconds(80))
    #expect(backoff.delay(afterFailures: 1, random: 1) == .milliseconds(120))
    #expect(backoff.delay(afterFailures: 3, random: 0.5) == .milliseconds(400))
    #expect(backoff.delay(afterFailures: .max, random: 1) == .milliseconds(1200))
  }
}
