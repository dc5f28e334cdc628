import Loopback
import RPC
import TestSupport
import Testing

@Suite("A client connects, and connects again")
struct ConnectionTests {
  /// Lends a port that is taken, so that nobody else gets it, but on which nobody listens.
  private func withDeafPort(_ body: (Int) async throws -> Void) async throws {
    guard let socket = LoopbackSocket() else { throw SystemError("bind") }
    try await body(socket.port)
  }

  @Test("a refused connection is UNAVAILABLE and names the server")
  func refused() async throws {
    try await withDeafPort { port in
      try await withTransport(port: port, tls: nil) { transport in
        let error = await #expect(throws: RPCError.self) {
          try await RPCClient(transport: transport).unary(EchoService.echo, Note())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "cannot connect to 127.0.0.1:\(port): Connection refused")
      }
    }
  }

  @Test("a name that cannot be resolved is UNAVAILABLE")
  func unknownName() async throws {
    try await withTransport(host: "no-such-host.invalid", port: 1, tls: nil) { transport in
      let error = await #expect(throws: RPCError.self) {
        try await RPCClient(transport: transport).unary(EchoService.echo, Note())
      }
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains("no-such-host.invalid:1") == true)
    }
  }

  @Test("a name is resolved")
  func name() async throws {
    try await withServer([EchoService()], tls: nil) { port in
      try await withTransport(host: "localhost", port: port, tls: nil) { transport in
        let answer = try await RPCClient(transport: transport).unary(EchoService.echo, Note("a"))
        #expect(answer.text == "a")
      }
    }
  }

  @Test("a server that comes back is found again")
  func restart() async throws {
    // Below the ports that the system gives out, so that no other test gets it meanwhile.
    let port = Int.random(in: 15_000..<30_000)
    try await withTransport(port: port, tls: nil) { transport in
      let client = RPCClient(transport: transport)
      for round in 0..<3 as Range<Int64> {
        try await withServer([EchoService()], tls: nil, port: port) { _ in
          // The lost connection may be noticed by the first call only.
          var answer: Note?
          while answer == nil {
            answer = try? await client.unary(EchoService.echo, Note(number: round))
          }
          #expect(answer?.number == round)
        }
        let error = await #expect(throws: RPCError.self) {
          while true { _ = try await client.unary(EchoService.echo, Note()) }
        }
        #expect(error?.code == .unavailable)
      }
    }
  }

  @Test("a peer that never answers is given up")
  func silentPeer() async throws {
    try await withSilentListener { port in
      let certificates = try TestCertificates()
      var configuration = HTTP2ClientTransport.Configuration()
      configuration.connectTimeout = .milliseconds(100)
      let tls = try certificates.pair().client
      try await withTransport(port: port, tls: tls, configuration: configuration) { transport in
        let error = await #expect(throws: RPCError.self) {
          try await RPCClient(transport: transport).unary(EchoService.echo, Note())
        }
        #expect(error?.code == .unavailable)
      }
    }
  }

  @Test("the deadline and cancellation count while connecting")
  func deadlineWhileConnecting() async throws {
    try await withSilentListener { port in
      let certificates = try TestCertificates()
      let tls = try certificates.pair().client
      try await withTransport(port: port, tls: tls) { transport in
        let client = RPCClient(transport: transport)
        let late = await #expect(throws: RPCError.self) {
          try await client.unary(
            EchoService.echo,
            Note(),
            options: CallOptions(timeout: .milliseconds(20))
          )
        }
        #expect(late?.code == .deadlineExceeded)
        let call = Task { try await client.unary(EchoService.echo, Note()) }
        call.cancel()
        let cancelled = await #expect(throws: RPCError.self) { try await call.value }
        #expect(cancelled?.code == .cancelled)
      }
    }
  }

  @Test("a closed transport says so")
  func closed() async throws {
    try await withServer([EchoService()], tls: nil) { port in
      let transport = HTTP2ClientTransport(
        host: "127.0.0.1",
        port: port,
        tls: nil,
        logger: quietLogger
      )
      let client = RPCClient(transport: transport)
      _ = try await client.unary(EchoService.echo, Note())
      await transport.close()
      let error = await #expect(throws: RPCError.self) {
        try await client.unary(EchoService.echo, Note())
      }
      #expect(error?.code == .unavailable)
    }
  }
}
