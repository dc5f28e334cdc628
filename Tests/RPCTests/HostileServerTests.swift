import RPC
import Testing

@Suite("Nothing that a server does stops or confuses a client", .timeLimit(.minutes(5)))
struct HostileServerTests {
  /// How a server misbehaves once it has a request, and the codes that may come of it.
  struct Misdeed: Sendable, CustomTestStringConvertible {
    var name: String
    var codes: Set<RPCCode>
    var answer: @Sendable (_ stream: UInt32) -> RawServer.Answer

    init(
      _ name: String,
      _ codes: RPCCode...,
      answer: @escaping @Sendable (_ stream: UInt32) -> RawServer.Answer
    ) {
      self.name = name
      self.codes = Set(codes)
      self.answer = answer
    }

    var testDescription: String { name }
  }

  static let misdeeds: [Misdeed] = [
    Misdeed("reset, INTERNAL_ERROR", .internalError) { .send(RawServer.reset($0, 2)) },
    Misdeed("reset, NO_ERROR", .internalError) { .send(RawServer.reset($0, 0)) },
    Misdeed("reset, REFUSED_STREAM, always", .unavailable) { .send(RawServer.reset($0, 7)) },
    Misdeed("reset, CANCEL", .cancelled) { .send(RawServer.reset($0, 8)) },
    Misdeed("reset, ENHANCE_YOUR_CALM", .resourceExhausted) { .send(RawServer.reset($0, 11)) },
    Misdeed("reset, INADEQUATE_SECURITY", .permissionDenied) { .send(RawServer.reset($0, 12)) },
    Misdeed("goodbye to every call", .unavailable) { _ in .send(RawServer.goAway(last: 0)) },
    Misdeed("goodbye with an error", .unavailable) { _ in
      .sendAndClose(RawServer.goAway(last: 0, 2))
    },
    Misdeed("hang up", .unavailable) { _ in .sendAndClose([]) },
    Misdeed("garbage", .unavailable, .internalError) { _ in
      .send([UInt8](repeating: 0xFF, count: 1000))
    },
    Misdeed("HTTP/1", .unavailable, .internalError) { _ in
      .send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
    },
    Misdeed("broken HPACK", .unavailable, .internalError) {
      .send(RawConnection.frame(1, 4, $0, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
    },
    Misdeed("stall", .deadlineExceeded) { _ in .send([]) },
    Misdeed("stall after headers", .deadlineExceeded) {
      .send(RawServer.headers($0, end: false, RawServer.head))
    },
    Misdeed("reset after headers", .internalError) {
      .send(RawServer.headers($0, end: false, RawServer.head) + RawServer.reset($0, 2))
    },
    Misdeed("data without headers", .unavailable, .internalError) {
      .send(RawServer.data($0, [0, 0, 0, 0, 0], end: true))
    },
    Misdeed("headers on a stream that nobody opened", .unavailable, .internalError) {
      .send(RawServer.headers($0 + 2, end: true, RawServer.head))
    },
    Misdeed("no status", .internalError) {
      .send(
        RawServer.headers($0, end: false, RawServer.head)
          + RawServer.data($0, [0, 0, 0, 0, 0], end: true)
      )
    },
    Misdeed("status OK without a message", .internalError) {
      .send(RawServer.status($0, [("grpc-status", "0")]))
    },
    Misdeed("two messages", .internalError) {
      .send(
        RawServer.headers($0, end: false, RawServer.head)
          + RawServer.data($0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
          + RawServer.headers($0, end: true, [("grpc-status", "0")])
      )
    },
    Misdeed("a message cut short", .internalError) {
      .send(
        RawServer.headers($0, end: false, RawServer.head) + RawServer.data($0, [0, 0, 0, 0, 9, 1])
          + RawServer.headers($0, end: true, [("grpc-status", "0")])
      )
    },
    Misdeed("a message of 2 GiB", .resourceExhausted) {
      .send(
        RawServer.headers($0, end: false, RawServer.head)
          + RawServer.data($0, [0, 0x7F, 0xFF, 0xFF, 0xFF, 1])
      )
    },
    Misdeed("a compressed message without an encoding", .internalError) {
      .send(
        RawServer.headers($0, end: false, RawServer.head) + RawServer.data($0, [1, 0, 0, 0, 1, 1])
      )
    },
    Misdeed("a status that does not exist", .unknown) {
      .send(RawServer.status($0, [("grpc-status", "99")]))
    },
    Misdeed("a status that is no number", .unknown) {
      .send(RawServer.status($0, [("grpc-status", "fine")]))
    },
    Misdeed("a web page", .unknown) {
      .send(RawServer.headers($0, end: true, [(":status", "200"), ("content-type", "text/html")]))
    },
    Misdeed("a proxy without a server", .unavailable) {
      .send(RawServer.headers($0, end: true, [(":status", "503")]))
    },
  ]

  private func withClient<Result: Sendable>(
    port: Int,
    keepalive: HTTP2ClientTransport.Keepalive? = nil,
    retry: RetryPolicy = RetryPolicy(),
    _ body: (RPCClient) async throws -> Result
  ) async throws -> Result {
    var configuration = BalancedTransport.Configuration()
    configuration.connection.keepalive = keepalive
    configuration.reconnectBackoff.initial = .milliseconds(1)
    configuration.retry = retry
    configuration.retry.backoff.initial = .milliseconds(1)
    let transport = BalancedTransport(
      targets: [ServerTarget(host: "127.0.0.1", port: port)],
      tls: nil,
      configuration: configuration,
      logger: quietLogger
    )
    do {
      let result = try await body(RPCClient(transport: transport))
      await transport.close()
      return result
    } catch {
      await transport.close()
      throw error
    }
  }

  @Test("each misdeed ends its call with its code", arguments: misdeeds)
  func misdeed(_ misdeed: Misdeed) async throws {
    try await RawServer.with { frame in
      frame.type == RawServer.headers ? misdeed.answer(frame.stream) : .send([])
    } _: { port, _ in
      try await withClient(port: port) { client in
        let isStall = misdeed.codes == [.deadlineExceeded]
        let error = await #expect(throws: RPCError.self) {
          try await client.unary(
            EchoService.fail,
            Note(),
            options: CallOptions(timeout: isStall ? .milliseconds(50) : nil)
          )
        }
        #expect(
          error.map { misdeed.codes.contains($0.code) } ?? false,
          "\(String(describing: error))"
        )
      }
    }
  }

  @Test("one stream at a time is enough")
  func fewStreams() async throws {
    // SETTINGS_MAX_CONCURRENT_STREAMS (3): 1.
    try await RawServer.with(settings: [0, 3, 0, 0, 0, 1]) { frame in
      frame.flags & 1 == 1 && frame.stream > 0
        ? .send(RawServer.response(frame.stream, [("grpc-status", "0")])) : .send([])
    } _: { port, _ in
      try await withClient(port: port) { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<20 { group.addTask { _ = try await client.unary(EchoService.fail, Note()) } }
          try await group.waitForAll()
        }
      }
    }
  }

  @Test(
    "what a server never looked at is made again, whatever the method",
    arguments: [[UInt8(7)], []]
  )
  func transparent(_ refusal: [UInt8]) async throws {
    try await RawServer.with { frame in
      guard frame.type == RawServer.headers else { return .send([]) }
      if frame.request > 1 {
        return .send(RawServer.response(frame.stream, [("grpc-status", "0")]))
      }
      // REFUSED_STREAM, or a goodbye that names no stream.
      return .send(
        refusal.first.map { RawServer.reset(frame.stream, $0) } ?? RawServer.goAway(last: 0)
      )
    } _: { port, server in
      try await withClient(port: port) { client in
        _ = try await client.unary(EchoService.fail, Note())
        #expect(server.requests.value == 2)
      }
    }
  }

  @Test("a server that asks for time gets it; a call that was answered is not made again")
  func pushback() async throws {
    try await RawServer.with { frame in
      guard frame.type == RawServer.headers else { return .send([]) }
      switch frame.request {
      case 1:
        return .send(
          RawServer.status(
            frame.stream,
            [("grpc-status", "8"), ("grpc-retry-pushback-ms", "1")]
          )
        )
      case 2: return .send(RawServer.status(frame.stream, [("grpc-status", "14")]))
      case 3: return .send(RawServer.response(frame.stream, [("grpc-status", "0")]))
      default: return .send(RawServer.response(frame.stream, [("grpc-status", "14")]))
      }
    } _: { port, server in
      try await withClient(port: port) { client in
        _ = try await client.unary(EchoService.echo, Note())
        #expect(server.requests.value == 3)
        let error = await #expect(throws: RPCError.self) {
          try await client.unary(EchoService.echo, Note())
        }
        #expect(error?.code == .unavailable)
        #expect(server.requests.value == 4)
      }
    }
  }

  @Test("a server that answers no ping is given up")
  func keepalive() async throws {
    try await RawServer.with { _ in
      .send([])
    } _: { port, _ in
      let keepalive = HTTP2ClientTransport.Keepalive(
        interval: .milliseconds(10),
        timeout: .milliseconds(10)
      )
      try await withClient(port: port, keepalive: keepalive, retry: .none) { client in
        let error = await #expect(throws: RPCError.self) {
          try await client.unary(EchoService.echo, Note())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("ping") == true)
      }
    }
  }
}
