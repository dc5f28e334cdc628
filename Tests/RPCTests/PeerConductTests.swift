import Testing

@testable import RPC

@Suite("A peer may do much, and not too much")
struct PeerConductTests {
  private static let start = ContinuousClock.now

  /// A macro's expression cannot change a value, so a class holds it.
  private final class Peer {
    var conduct = PeerConduct()

    func does(_ act: PeerConduct.Act, after time: Duration = .zero) -> String? {
      conduct.charge(act, now: start.advanced(by: time))
    }

    func pings(after time: Duration = .zero) -> String? {
      conduct.pinged(now: start.advanced(by: time))
    }

    func opens(_ stream: Int32) -> Bool { conduct.mayHaveOpened(stream) }
  }

  /// How many of an act pass, one each `gap`, before the peer is told off; at most `limit`.
  private func passed(
    _ act: PeerConduct.Act,
    every gap: Duration = .zero,
    upTo limit: Int = 20_000
  ) -> Int {
    let peer = Peer()
    for count in 0..<limit where peer.does(act, after: gap * count) != nil {
      return count
    }
    return limit
  }

  @Test("bursts end where the attack table wants them to")
  func bursts() {
    #expect(passed(.reset) == 199)
    #expect(passed(.forcedReset) == 199)
    #expect(passed(.refusedStream) == 999)
    #expect(passed(.settings) == 166)
    #expect(passed(.emptyData) == 9999)
    #expect(passed(.oversizedHeaders) == 19)
    #expect(passed(.ignoredHeaders(16_384)) == 2)
  }

  @Test("what comes slowly never ends a connection")
  func slowly() {
    #expect(passed(.reset, every: .milliseconds(50)) == 20_000)
    #expect(passed(.settings, every: .milliseconds(60)) == 20_000)
    #expect(passed(.ignoredHeaders(2048)) == 20_000)
    // Faster than that ends it, if late.
    #expect(passed(.reset, every: .milliseconds(25)) == 398)
  }

  @Test("who calls much may cancel much")
  func earned() {
    let peer = Peer()
    for _ in 0..<10_000 {
      peer.conduct.callEndedWell()
      peer.conduct.callEndedWell()
      #expect(peer.does(.reset) == nil)
    }
    // And gathers no store beyond the burst.
    for _ in 0..<100_000 { peer.conduct.callEndedWell() }
    var count = 0
    while peer.does(.reset) == nil { count += 1 }
    #expect(count == 199)
  }

  @Test("pings without a reason are strikes, and gRPC's clients know the answer")
  func pings() {
    let peer = Peer()
    var answers: [String?] = []
    for second in 0..<4 {
      answers.append(peer.pings(after: .seconds(second)))
    }
    #expect(answers == [nil, nil, nil, "too_many_pings"])
  }

  @Test("pings that are far apart, or that measure an answer's path, are none")
  func goodPings() {
    let peer = Peer()
    for index in 0..<100 {
      #expect(peer.pings(after: .seconds(10 * index)) == nil)
    }
    for _ in 0..<10_000 {
      peer.conduct.sentSomething()
      #expect(peer.pings() == nil)
    }
  }

  @Test("a stream that was passed over cannot be opened; one that was opened may end late")
  func streams() {
    let peer = Peer()
    for stream in [1, 3, 9, 3, 11] as [Int32] { #expect(peer.opens(stream)) }
    #expect(!peer.opens(5))
    #expect(!peer.opens(7))
    #expect(peer.opens(9))
    // RFC 9113, 5.1.1: even ones are a server's, and nghttp2's to refuse.
    #expect(peer.opens(2))
  }

  @Test("the list of what was passed over is bounded")
  func manyGaps() {
    let peer = Peer()
    for index in 1...10_000 as ClosedRange<Int32> { #expect(peer.opens(index * 4 + 1)) }
    #expect(!peer.opens(40_001 - 2))
    // Long ago: it is taken for one that was opened, which costs nothing.
    #expect(peer.opens(7))
  }
}
