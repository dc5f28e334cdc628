import Glibc
import NIOCore
import TestSupport
import Testing
import Wire

@testable import RPC

@Suite("A connection's limits")
struct ConnectionLimitTests {
  /// Nobody is woken here: tests look by themselves.
  private final class Waker: CallWaker {
    func wake(_ pipe: CallPipe) {}
  }

  private static let waker = Waker()

  /// What was read; handlers that still wait are told, at its end, that nobody answers any more.
  private final class Answer {
    let bytes: [UInt8]
    let connection: ServerConnection

    init(_ bytes: [UInt8], _ connection: ServerConnection) {
      self.bytes = bytes
      self.connection = connection
    }

    deinit { connection.lost(RPCError(.cancelled, "the test is over")) }
  }

  /// What a raw client reads when it has sent `bytes` and time has passed.
  private func answer(
    to bytes: [UInt8],
    after time: Duration = .zero,
    limits: H2Limits = H2Limits()
  ) -> Answer {
    let running = RunningCalls(limit: 200, all: CallCounter())
    let connection = ServerConnection(
      methods: MethodTable(RPCRouter([EchoService()])),
      limits: limits,
      running: running,
      start: HandlerTask.starter(running: running, executor: nil, logger: quietLogger)
    )
    connection.waker = Self.waker
    let start = ContinuousClock.now
    connection.start(now: start)
    bytes.withUnsafeBytes { connection.receive($0, now: start) }
    var output = ByteBuffer()
    connection.gather(into: &output, limit: .max, now: start)
    if time > .zero {
      connection.timeReached(now: start.advanced(by: time))
      connection.gather(into: &output, limit: .max, now: start.advanced(by: time))
    }
    return Answer(Array(output.readableBytesView), connection)
  }

  private func goAway(_ code: UInt8, in bytes: [UInt8]) -> Bool {
    // Length 8 or more, type 7, stream 0, a last stream, then the code.
    (0..<max(0, bytes.count - 16)).contains { at in
      bytes[at] == 0 && bytes[at + 3] == 7
        && bytes[at + 13..<at + 17].elementsEqual([0, 0, 0, code])
    }
  }

  private static let acknowledgement = RawConnection.frame(4, 1, 0, [])
  private static let ping = RawConnection.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8])

  private func answersPing(_ bytes: [UInt8]) -> Bool {
    let pong = RawConnection.frame(6, 1, 0, [1, 2, 3, 4, 5, 6, 7, 8])
    return bytes.indices.contains { bytes[$0...].starts(with: pong) }
  }

  /// A request with an entry for HPACK's table of 133 bytes, and so many references to it.
  private func references(
    _ count: Int,
    before: [UInt8] = [],
    value: UInt8 = UInt8(ascii: "v")
  ) -> [UInt8] {
    let entry = [0x40, 1, UInt8(ascii: "x"), 100] + [UInt8](repeating: value, count: 100)
    let list = before + RawConnection.request() + entry + [UInt8](repeating: 0xBE, count: count)
    return RawConnection.frame(1, 5, 1, list)
  }

  @Test("a header list above the limit is answered, and the connection goes on")
  func longHeaders() {
    let server = InMemoryServer([EchoService()])
    // 60 KiB, as RFC 9113 counts.
    let long = InMemoryServer.plain + [("x", String(repeating: "v", count: 60 * 1024))]
    let exchange = server.send(long, body: [Note("a").wireBytes()])
    server.pump()
    #expect(exchange.status == .resourceExhausted)
    #expect(exchange.message.contains("16384 bytes"))
    #expect(!server.connection.shouldClose)
  }

  @Test(
    "a header list far above the limit ends the connection, and nothing behind it is looked at",
    arguments: [UInt8(ascii: "v"), 1]
  )
  func bomb(value: UInt8) {
    let bomb = answer(
      to: RawConnection.preface + Self.acknowledgement + references(12_000, value: value)
        + Self.ping
    )
    #expect(goAway(11, in: bomb.bytes))
    #expect(!answersPing(bomb.bytes))
    #expect(bomb.connection.shouldClose)
  }

  @Test("long header lists that are refused are unpacked a few times only")
  func ignoredHeaders() {
    let broken = references(12_000, before: RawConnection.header("A", "b"))
    func answer(to count: Int) -> [UInt8] {
      var bytes = RawConnection.preface + Self.acknowledgement
      for index in 0..<UInt8(count) { bytes += broken[..<8] + [2 * index + 1] + broken[9...] }
      return self.answer(to: bytes + Self.ping).bytes
    }
    #expect(answersPing(answer(to: 3)))
    let ended = answer(to: 5)
    #expect(goAway(11, in: ended) && !answersPing(ended))
  }

  @Test("who does not acknowledge SETTINGS within 10 s is told SETTINGS_TIMEOUT")
  func settings() {
    let silent = answer(to: RawConnection.preface, after: .seconds(10))
    #expect(goAway(4, in: silent.bytes))
    #expect(silent.connection.shouldClose)
    let good = answer(to: RawConnection.preface + Self.acknowledgement, after: .seconds(10))
    #expect(!goAway(4, in: good.bytes))
    #expect(!good.connection.shouldClose)
    let early = answer(to: RawConnection.preface, after: .seconds(9))
    #expect(!early.connection.shouldClose)
    #expect(early.connection.nextDeadline != nil)
  }

  @Test("a ping flood ends with the text that gRPC's clients know, and answers few")
  func pings() {
    let ping = RawConnection.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8])
    let flood = (0..<5000).flatMap { _ in ping }
    let answer = answer(to: RawConnection.preface + flood)
    #expect(goAway(11, in: answer.bytes))
    #expect(String(decoding: answer.bytes, as: UTF8.self).contains("too_many_pings"))
    #expect(answer.bytes.count < 500)
    #expect(answer.connection.shouldClose)
  }

  @Test("a stream below an earlier one that was never opened is a connection error")
  func streamIdentifiers() {
    let request = RawConnection.request()
    let bytes = RawConnection.preface + RawConnection.frame(1, 4, 5, request)
    #expect(!answer(to: bytes).connection.shouldClose)
    let backwards = answer(to: bytes + RawConnection.frame(1, 4, 3, request))
    #expect(goAway(1, in: backwards.bytes))
    #expect(backwards.connection.shouldClose)
  }

  @Test("streams that a client makes the server reset end the connection (CVE-2025-8671)")
  func forcedResets() {
    // A window of 2^31 overflows: nghttp2 resets the stream.
    let overflow = RawConnection.frame(8, 0, 0, [0x7F, 0xFF, 0xFF, 0xFF])
    var bytes = RawConnection.preface
    var streams: [UInt8] = []
    for index in 0..<90 as Range<UInt32> {
      let id = index * 2 + 1
      bytes += RawConnection.frame(1, 4, id, RawConnection.request(path: "/test.Echo/Hang"))
      streams += RawConnection.frame(8, 0, id, Array(overflow.suffix(4)))
    }
    let once = answer(to: bytes + streams)
    #expect(!once.connection.shouldClose)
    // Three rounds of the same on one connection.
    let connection = once.connection
    var output = ByteBuffer()
    for round in 1..<4 as Range<UInt32> {
      var more: [UInt8] = []
      for index in 0..<90 as Range<UInt32> {
        let id = (round * 90 + index) * 2 + 1
        more += RawConnection.frame(1, 4, id, RawConnection.request(path: "/test.Echo/Hang"))
        more += RawConnection.frame(8, 0, id, Array(overflow.suffix(4)))
      }
      more.withUnsafeBytes { connection.receive($0, now: .now) }
      connection.gather(into: &output, limit: .max, now: .now)
    }
    #expect(connection.session.misconduct == "too many streams that had to be reset")
    // Asked of `once`, which thus lives until here.
    #expect(once.connection.shouldClose)
  }

  @Test("a call whose first window stays shut for 30 s ends its connection")
  func shutWindow() async throws {
    var shut = H2Limits()
    shut.streamWindow = 0
    let server = InMemoryServer([EchoService()], clientLimits: shut)
    _ = server.send(body: [Note("x").wireBytes()])
    // Until the answer waits for the window.
    try await until {
      server.pump()
      return server.connection.session.streams.streams.contains { $0.outgoing.byteCount > 0 }
    }
    for (seconds, isEnded) in [(5, false), (34, false), (35, true)] {
      server.connection.timeReached(now: server.now.advanced(by: .seconds(seconds)))
      #expect((server.connection.session.misconduct != nil) == isEnded)
    }
    #expect(server.connection.session.misconduct == "a window that stays shut")
  }

  @Test("the calls of a connection hold so much of what does not leave, and no more")
  func outgoingBudget() async throws {
    var shut = H2Limits()
    shut.streamWindow = 0
    let service = EchoService()
    var limits = H2Limits()
    limits.outgoingBytes = 100_000
    let server = InMemoryServer([service], limits: limits, clientLimits: shut)
    let flood = Note(number: 1000, payload: [UInt8](repeating: 7, count: 10_000))
    let headers = InMemoryServer.plain.map { entry in
      entry.0 == ":path" ? (entry.0, "/test.Echo/Flood") : entry
    }
    for _ in 0..<20 { _ = server.send(headers, body: [flood.wireBytes()]) }
    // Each has one message at least, so that none is stopped by the others.
    var rounds = 0
    try await until {
      server.pump()
      rounds += 1
      return service.flooded.value >= 20 && rounds > 1000
    }
    // 10 fill the budget, and 19 others find it spent with nothing of their own.
    #expect(service.flooded.value <= 30)
  }

  // MARK: With sockets

  @Test("an old connection is replaced, and no call notices")
  func age() async throws {
    var configuration = HTTP2Server.Configuration()
    configuration.maximumConnectionAge = .milliseconds(200)
    try await withServer([EchoService()], tls: nil, configuration: configuration) { port in
      let transport = BalancedTransport(
        targets: [ServerTarget(host: "127.0.0.1", port: port)],
        tls: nil,
        logger: quietLogger
      )
      let client = RPCClient(transport: transport)
      // A call that is open all the time sees its connection's end through.
      // A busy machine may see a connection end before its first call: that is waited for.
      let patient = CallOptions(waitForReady: true)
      let answer = try await client.bidirectional(EchoService.chat, options: patient) {
        requests,
        finish,
        responses in
        for number in 0..<100 as Range<Int64> {
          try await requests.write(Note(number: number))
          #expect(try await responses.next()?.number == number)
          // Not idempotent: it is only made again when no server has seen it.
          let whoAmI = try await client.unary(EchoService.whoAmI, Note(), options: patient)
          #expect(whoAmI.text.hasSuffix("nobody"))
          try await Task.sleep(for: .milliseconds(10))
        }
        try await finish()
        return try await responses.next()
      }
      #expect(answer == nil)
      await transport.close()
    }
  }

  @Test("the grace of an old connection is an end for calls as well")
  func ageGrace() async throws {
    var configuration = HTTP2Server.Configuration()
    configuration.maximumConnectionAge = .milliseconds(200)
    configuration.maximumConnectionAgeGrace = .milliseconds(10)
    let service = EchoService()
    try await withServer([service], tls: nil, configuration: configuration) { port in
      // Until a call has come before its connection's end was announced.
      while service.running.value == 0 {
        try await withTransport(port: port, tls: nil) { transport in
          let error = await #expect(throws: RPCError.self) {
            try await RPCClient(transport: transport).unary(EchoService.hang, Note())
          }
          #expect(error?.code == .unavailable)
        }
      }
      try await service.cancelled.reach(service.running.value)
    }
  }

  @Test("one identity has so many connections and no more; others have theirs")
  func connectionsPerIdentity() async throws {
    let certificates = try TestCertificates()
    let (server, client) = try certificates.pair()
    let other = try certificates.configuration("other", role: "writer")
    var configuration = HTTP2Server.Configuration()
    configuration.maximumConnectionsPerIdentity = 2
    try await withServer([EchoService()], tls: server, configuration: configuration) { port in
      func call(_ transport: HTTP2ClientTransport) async throws {
        _ = try await RPCClient(transport: transport).unary(EchoService.echo, Note())
      }
      try await withTransport(port: port, tls: client) { first in
        try await call(first)
        try await withTransport(port: port, tls: client) { second in
          try await call(second)
          try await withTransport(port: port, tls: client) { third in
            let error = await #expect(throws: RPCError.self) { try await call(third) }
            #expect(error?.code == .unavailable)
            #expect(
              error?.message.contains("has 2 connections already") == true,
              "\(error?.message ?? "")"
            )
          }
          try await withTransport(port: port, tls: other) { try await call($0) }
        }
        // The second is gone; its place is free when the server has seen that.
        var isFree = false
        while !isFree {
          isFree = try await withTransport(port: port, tls: client) { again in
            (try? await call(again)) != nil
          }
        }
      }
    }
  }

  @Test("a renewed certificate is used without a restart; an unusable one is not")
  func renewal() throws {
    let certificates = try TestCertificates()
    let files = try certificates.pair().server
    let identity = try TLSServerIdentity(files, logger: quietLogger)
    let start = ContinuousClock.now
    let first = identity.current(now: start)
    #expect(identity.current(now: start.advanced(by: .seconds(2))) === first)

    _ = try certificates.configuration("server", role: "writer")
    let second = identity.current(now: start.advanced(by: .seconds(4)))
    #expect(second !== first)

    let chain = files.certificateChainFile
    #expect(truncate(chain, 10) == 0)
    #expect(identity.current(now: start.advanced(by: .seconds(6))) === second)
    #expect(unlink(chain) == 0)
    #expect(identity.current(now: start.advanced(by: .seconds(8))) === second)

    _ = try certificates.configuration("server", role: "writer")
    #expect(identity.current(now: start.advanced(by: .seconds(10))) !== second)
  }
}
