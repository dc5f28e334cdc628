/// Asks a server's `grpc.health.v1.Health`.
public struct HealthClient: Sendable {
  private let client: RPCClient

  public init(_ client: RPCClient) { self.client = client }

  /// - Parameter service: empty for the server as a whole.
  /// - Throws: `RPCError`; NOT_FOUND for a service that the server does not know.
  public func check(
    service: String = "",
    options: CallOptions = CallOptions()
  ) async throws -> ServingStatus {
    try await client.unary(
      HealthMethods.check,
      HealthCheckRequest(service: service),
      options: options
    ).status
  }

  /// Lends the statuses of one service, the current one first, to `body`.
  public func watch<Result: Sendable>(
    service: String = "",
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<HealthCheckResponse>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      HealthMethods.watch,
      HealthCheckRequest(service: service),
      options: options,
      body
    )
  }
}
