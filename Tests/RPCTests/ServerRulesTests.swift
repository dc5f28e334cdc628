import Testing
import Wire

@testable import RPC

/// The rules of gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
@Suite("A server keeps gRPC's rules")
struct ServerRulesTests {
  private func headers(_ changes: [String: String?]) -> [(String, String)] {
    var headers = InMemoryServer.plain.compactMap { entry -> (String, String)? in
      guard let change = changes[entry.0] else { return entry }
      return change.map { (entry.0, $0) }
    }
    for (name, value) in changes where !headers.contains(where: { $0.0 == name }) {
      if let value { headers.append((name, value)) }
    }
    return headers
  }

  @Test("a plain call is answered")
  func plain() async {
    let server = InMemoryServer([EchoService()])
    let note = Note("hi").wireBytes()
    let exchange = server.send(body: [note])
    await server.finish(exchange)
    #expect(exchange.headers[":status"] == "200")
    #expect(exchange.headers["content-type"] == "application/grpc")
    #expect(exchange.status == .ok)
    #expect(exchange.body == note)
  }

  @Test(
    "what is not gRPC gets an HTTP status",
    arguments: [
      ([":method": "GET"], "405"), ([":method": "PUT"], "405"), (["content-type": nil], "415"),
      (["content-type": "application/json"], "415"), (["content-type": "application/grpcx"], "415"),
    ] as [([String: String?], String)]
  )
  func notGRPC(_ changes: [String: String?], _ status: String) async {
    let server = InMemoryServer([EchoService()])
    let exchange = server.send(headers(changes))
    await server.finish(exchange)
    #expect(exchange.headers[":status"] == status)
    #expect(exchange.status == nil)
  }

  @Test(
    "a request that cannot be a call is refused in trailers alone",
    arguments: [
      (["te": nil], .internalError), (["grpc-timeout": "1 s"], .internalError),
      (["blob-bin": "A"], .internalError), ([":path": "/test.Echo/Nope"], .unimplemented),
      (["big": String(repeating: "x", count: 20_000)], .resourceExhausted),
    ] as [([String: String?], RPCCode)]
  )
  func refused(_ changes: [String: String?], _ code: RPCCode) async {
    let service = EchoService()
    let server = InMemoryServer([service])
    // Half open: the answer does not wait for the end of the request.
    let exchange = server.send(headers(changes), ends: false)
    await server.finish(exchange)
    #expect(exchange.headers[":status"] == "200")
    #expect(exchange.status == code)
    #expect(exchange.resetCode == 0)
    #expect(!exchange.message.isEmpty)
  }

  @Test(
    "content types of gRPC are taken",
    arguments: ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"]
  )
  func contentTypes(_ type: String) async {
    let server = InMemoryServer([EchoService()])
    let exchange = server.send(headers(["content-type": type]), body: [[]])
    await server.finish(exchange)
    #expect(exchange.status == .ok)
  }

  @Test("padded and joined -bin values are read")
  func binaryMetadata() async throws {
    let server = InMemoryServer([EchoService()])
    let exchange = server.send(
      headers([":path": "/test.Echo/WhoAmI", "a-bin": "AP8=,Bw, AA"]),
      body: [[]]
    )
    await server.finish(exchange)
    let text = try Note(wireBytes: exchange.body).text
    #expect(text.hasSuffix("a-bin=[0, 255]\na-bin=[7]\na-bin=[0]"))
  }

  @Test("a call without a message is an error, not a trap")
  func noMessage() async {
    let server = InMemoryServer([EchoService()])
    let exchange = server.send()
    await server.finish(exchange)
    #expect(exchange.status == .internalError)
  }

  @Test("a message that is not protobuf is INVALID_ARGUMENT")
  func undecodable() async {
    let server = InMemoryServer([EchoService()])
    let exchange = server.send(body: [[0xFF, 0xFF]])
    await server.finish(exchange)
    #expect(exchange.status == .invalidArgument)
  }

  @Test("the deadline answers for a handler that hangs")
  func deadline() async throws {
    let service = EchoService()
    let server = InMemoryServer([service])
    let exchange = server.send(
      headers([":path": "/test.Echo/Hang", "grpc-timeout": "4S"]),
      body: [[]]
    )
    server.pump()
    try await service.running.reach(1)
    #expect(server.connection.nextDeadline == server.now.advanced(by: .seconds(4)))
    server.now = server.now.advanced(by: .seconds(3))
    server.connection.timeReached(now: server.now)
    #expect(server.connection.nextDeadline == server.now.advanced(by: .seconds(1)))
    server.now = server.now.advanced(by: .seconds(1))
    server.connection.timeReached(now: server.now)
    await server.finish(exchange)
    #expect(exchange.status == .deadlineExceeded)
    try await service.cancelled.reach(1)
  }

  @Test("SETTINGS name the limits")
  func settings() async throws {
    let service = EchoService()
    var limits = H2Limits()
    limits.concurrentStreams = 3
    let server = InMemoryServer([service], limits: limits)
    let hang = headers([":path": "/test.Echo/Hang"])
    let exchanges = (0..<5).map { _ in server.send(hang, body: [[]]) }
    server.pump()
    try await service.running.reach(3)
    #expect(service.running.value == 3)
    service.release.add()
    for exchange in exchanges { await server.finish(exchange) }
    #expect(exchanges.allSatisfy { $0.status == .ok })
  }

  @Test("a lost connection cancels every handler")
  func lost() async throws {
    let service = EchoService()
    let server = InMemoryServer([service])
    for _ in 0..<10 { _ = server.send(headers([":path": "/test.Echo/Hang"]), body: [[]]) }
    server.pump()
    try await service.running.reach(10)
    server.connection.lost(RPCError(.cancelled, "gone"))
    try await service.cancelled.reach(10)
  }

  @Test("a peer that falls silent while a call is open is asked, and then given up")
  func keepalive() async throws {
    let service = EchoService()
    let server = InMemoryServer([service])
    _ = server.send(headers([":path": "/test.Echo/Hang"]), body: [[]])
    server.pump()
    try await service.running.reach(1)
    for _ in 0..<3 {
      server.now = server.now.advanced(by: .seconds(30))
      server.connection.timeReached(now: server.now)
      // The client answers the PING.
      server.pump()
    }
    #expect(server.connection.deadReason == nil)
    server.now = server.now.advanced(by: .seconds(30))
    server.connection.timeReached(now: server.now)
    server.now = server.now.advanced(by: .seconds(20))
    server.connection.timeReached(now: server.now)
    #expect(server.connection.deadReason?.contains("ping") == true)
    server.connection.lost(RPCError(.cancelled, "gone"))
  }

  @Test("a connection that never speaks HTTP/2 is given up after ten seconds")
  func silentConnection() {
    let running = RunningCalls(limit: 1, all: CallCounter())
    let connection = ServerConnection(
      methods: MethodTable(RPCRouter()),
      limits: H2Limits(),
      running: running,
      start: HandlerTask.starter(running: running, executor: nil, logger: quietLogger)
    )
    let now = ContinuousClock.now
    connection.start(now: now)
    #expect(connection.nextDeadline == now.advanced(by: .seconds(10)))
    connection.timeReached(now: now.advanced(by: .seconds(10)))
    #expect(connection.deadReason != nil)
  }

  @Test("an idle connection may stay")
  func idle() {
    let server = InMemoryServer([EchoService()])
    server.now = server.now.advanced(by: .seconds(1000))
    server.connection.timeReached(now: server.now)
    #expect(server.connection.deadReason == nil)
    #expect(server.connection.nextDeadline == nil)
  }
}
