import RPC
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

@Suite("A server starts and stops")
struct ServerLifecycleTests {
  /// Runs `body` beside a server whose graceful shutdown it can trigger.
  private func withStoppableServer(
    _ services: [any RPCService],
    grace: Duration = .seconds(60),
    _ body:
      @Sendable (_ port: Int, _ stop: @Sendable () -> Void, _ stopped: Gauge) async throws -> Void
  ) async throws {
    var configuration = HTTP2Server.Configuration()
    configuration.gracePeriod = grace
    let server = HTTP2Server(
      host: "127.0.0.1",
      port: 0,
      tls: nil,
      router: RPCRouter(services),
      logger: quietLogger,
      configuration: configuration
    )
    let stopped = Gauge()
    try await testGracefulShutdown { trigger in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await server.run()
          stopped.add()
        }
        try await body(try await server.boundPort, { trigger.triggerGracefulShutdown() }, stopped)
        group.cancelAll()
        try await group.waitForAll()
      }
    }
  }

  @Test("a graceful stop lets calls in flight end, and takes no new ones")
  func graceful() async throws {
    let service = EchoService()
    try await withStoppableServer([service]) { port, stop, stopped in
      try await withTransport(port: port, tls: nil) { transport in
        let client = RPCClient(transport: transport)
        async let answer = client.unary(EchoService.hang, Note("in flight"))
        try await service.running.reach(1)
        stop()
        // The listener is closed soon; then a new connection is refused.
        var refusal: RPCError?
        while refusal == nil {
          try await withTransport(port: port, tls: nil) { late in
            do {
              _ = try await RPCClient(transport: late).unary(EchoService.echo, Note())
            } catch let error as RPCError {
              refusal = error
            }
          }
        }
        #expect(refusal?.code == .unavailable)
        #expect(stopped.value == 0)
        service.release.add()
        let text = try await answer.text
        #expect(text == "in flight")
        try await stopped.reach(1)
      }
    }
  }

  @Test("the grace period ends calls that do not end themselves")
  func graceIsOver() async throws {
    let service = EchoService()
    try await withStoppableServer([service], grace: .milliseconds(50)) { port, stop, stopped in
      try await withTransport(port: port, tls: nil) { transport in
        let call = Task {
          try await RPCClient(transport: transport).unary(EchoService.hang, Note())
        }
        try await service.running.reach(1)
        stop()
        try await stopped.reach(1)
        #expect(service.cancelled.value == 1)
        await #expect(throws: RPCError.self) { try await call.value }
      }
    }
  }

  @Test("health watches end when the server stops")
  func healthWatch() async throws {
    let health = HealthService()
    health.set(.serving, service: "a")
    try await withStoppableServer([health]) { port, stop, stopped in
      try await withTransport(port: port, tls: nil) { transport in
        let client = HealthClient(RPCClient(transport: transport))
        let statuses = Gauge()
        try await client.watch(service: "a") { reader in
          let first = try await reader.next()?.status
          #expect(first == .serving)
          health.set(.notServing, service: "a")
          let second = try await reader.next()?.status
          #expect(second == .notServing)
          stop()
          let error = await #expect(throws: RPCError.self) {
            while try await reader.next() != nil { statuses.add() }
          }
          #expect(error?.code == .unavailable)
        }
        try await stopped.reach(1)
      }
    }
  }

  @Test("cancelling run() ends every call at once")
  func cancelled() async throws {
    let service = EchoService()
    let transportGone = await #expect(throws: RPCError.self) {
      try await withServer([service], tls: nil) { port in
        let transport = HTTP2ClientTransport(
          host: "127.0.0.1",
          port: port,
          tls: nil,
          logger: quietLogger
        )
        let call = Task {
          try await RPCClient(transport: transport).unary(EchoService.hang, Note())
        }
        try await service.running.reach(1)
        return call
      }.value
    }
    #expect(transportGone?.code == .unavailable)
    try await service.cancelled.reach(1)
  }

  @Test("an address in use is named")
  func addressInUse() async throws {
    try await withServer([], tls: nil) { port in
      let second = HTTP2Server(
        host: "127.0.0.1",
        port: port,
        tls: nil,
        router: RPCRouter(),
        logger: quietLogger
      )
      let error = await #expect(throws: RPCError.self) { try await second.run() }
      #expect(error?.message.contains("127.0.0.1:\(port)") == true)
      await #expect(throws: RPCError.self) { try await second.boundPort }
    }
  }

  @Test("health answers what was set", arguments: Carrier.allCases)
  func health(_ carrier: Carrier) async throws {
    let health = HealthService(.notServing)
    try await withClient(over: carrier, [health]) { client in
      let client = HealthClient(client)
      var status = try await client.check()
      #expect(status == .notServing)
      health.set(.serving, service: "")
      status = try await client.check()
      #expect(status == .serving)
      let error = await #expect(throws: RPCError.self) { try await client.check(service: "x") }
      #expect(error?.code == .notFound)
    }
  }
}
