public import RPC

/// Calls a vault over RPC. Every method throws `RPCError`.
public struct VaultClient: Sendable {
  private let client: RPCClient

  public init(_ client: RPCClient) { self.client = client }

  public func putCredential(
    _ request: PutCredentialRequest,
    options: CallOptions = CallOptions()
  ) async throws -> PutCredentialResponse {
    try await client.unary(VaultMethods.putCredential, request, options: options)
  }

  public func getCredential(
    _ request: GetCredentialRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Credential {
    try await client.unary(VaultMethods.getCredential, request, options: options)
  }

  /// Lends the credentials, by name; the call ends with `body`.
  public func listCredentials<Result: Sendable>(
    _ request: ListCredentialsRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Credential>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(VaultMethods.listCredentials, request, options: options, body)
  }

  public func releaseSecret(
    _ request: ReleaseSecretRequest,
    options: CallOptions = CallOptions()
  ) async throws -> ReleasedSecret {
    try await client.unary(VaultMethods.releaseSecret, request, options: options)
  }
}
