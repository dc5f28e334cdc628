import RPC
import Testing

/// What a test body runs over.
enum Carrier: String, CaseIterable, CustomTestStringConvertible {
  case inProcess

  var testDescription: String { rawValue }

  /// Whom a handler sees.
  var expectedPeer: String { "urn:sluice:role:orchestrator:test" }
}

/// Serves `services` over `carrier` and lends a client of them.
func withClient<Result: Sendable>(
  over carrier: Carrier,
  _ services: [any RPCService],
  _ body: (RPCClient) async throws -> Result
) async throws -> Result {
  switch carrier {
  case .inProcess:
    let peer = PeerIdentity(role: "orchestrator", instance: "test")
    return try await body(
      RPCClient(transport: InProcessTransport(router: RPCRouter(services), peer: peer))
    )
  }
}
