import Logging
import RPC
import Testing

/// What a test body runs over.
enum Carrier: String, CaseIterable, CustomTestStringConvertible {
  case inProcess, plaintext, mutualTLS

  /// Those with HTTP/2.
  static let wires: [Carrier] = [.plaintext, .mutualTLS]

  var testDescription: String { rawValue }

  /// Whom a handler sees.
  var expectedPeer: String {
    self == .plaintext ? "nobody" : "urn:sluice:role:orchestrator:test"
  }
}

let quietLogger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Serves `services` over `carrier` and lends a client of them.
func withClient<Result: Sendable>(
  over carrier: Carrier,
  _ services: [any RPCService],
  configuration: HTTP2Server.Configuration = .init(),
  _ body: (RPCClient) async throws -> Result
) async throws -> Result {
  switch carrier {
  case .inProcess:
    let peer = PeerIdentity(role: "orchestrator", instance: "test")
    return try await body(
      RPCClient(transport: InProcessTransport(router: RPCRouter(services), peer: peer))
    )
  case .plaintext:
    return try await withServer(services, tls: nil, configuration: configuration) { port in
      try await withTransport(port: port, tls: nil) { try await body(RPCClient(transport: $0)) }
    }
  case .mutualTLS:
    let certificates = try TestCertificates()
    let (server, client) = try certificates.pair()
    return try await withServer(services, tls: server, configuration: configuration) { port in
      try await withTransport(port: port, tls: client) { try await body(RPCClient(transport: $0)) }
    }
  }
}

/// Runs a server on a free port for the length of `body`.
func withServer<Result: Sendable>(
  _ services: [any RPCService],
  tls: TLSConfiguration?,
  port: Int = 0,
  configuration: HTTP2Server.Configuration = .init(),
  _ body: (Int) async throws -> Result
) async throws -> Result {
  let server = HTTP2Server(
    host: "127.0.0.1",
    port: port,
    tls: tls,
    router: RPCRouter(services),
    logger: quietLogger,
    configuration: configuration
  )
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.run() }
    let port = try await server.boundPort
    let result = try await body(port)
    group.cancelAll()
    try await group.waitForAll()
    return result
  }
}

func withTransport<Result: Sendable>(
  host: String = "127.0.0.1",
  port: Int,
  tls: TLSConfiguration?,
  configuration: HTTP2ClientTransport.Configuration = .init(),
  _ body: (HTTP2ClientTransport) async throws -> Result
) async throws -> Result {
  let transport = HTTP2ClientTransport(
    host: host,
    port: port,
    tls: tls,
    configuration: configuration,
    logger: quietLogger
  )
  do {
    let result = try await body(transport)
    await transport.close()
    return result
  } catch {
    await transport.close()
    throw error
  }
}
