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

  /// Lends the answers in their order; the call ends with `body`.
  public func listCredentials<Result: Sendable>(
    _ request: ListCredentialsRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Credential>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(VaultMethods.listCredentials, request, options: options, body)
  }

  public func deleteCredential(
    _ request: DeleteCredentialRequest,
    options: CallOptions = CallOptions()
  ) async throws -> DeleteCredentialResponse {
    try await client.unary(VaultMethods.deleteCredential, request, options: options)
  }

  public func holdCredential(
    _ request: HoldCredentialRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Credential {
    try await client.unary(VaultMethods.holdCredential, request, options: options)
  }

  public func dropCredential(
    _ request: DropCredentialRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Credential {
    try await client.unary(VaultMethods.dropCredential, request, options: options)
  }

  public func rotateKey(
    _ request: RotateKeyRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Credential {
    try await client.unary(VaultMethods.rotateKey, request, options: options)
  }

  public func proveKey(
    _ request: ProveKeyRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Credential {
    try await client.unary(VaultMethods.proveKey, request, options: options)
  }

  public func promoteKey(
    _ request: PromoteKeyRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Credential {
    try await client.unary(VaultMethods.promoteKey, request, options: options)
  }

  public func destroyKey(
    _ request: DestroyKeyRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Credential {
    try await client.unary(VaultMethods.destroyKey, request, options: options)
  }

  public func releaseSecret(
    _ request: ReleaseSecretRequest,
    options: CallOptions = CallOptions()
  ) async throws -> ReleasedSecret {
    try await client.unary(VaultMethods.releaseSecret, request, options: options)
  }

  public func signSnowflakeToken(
    _ request: SignSnowflakeTokenRequest,
    options: CallOptions = CallOptions()
  ) async throws -> SignedToken {
    try await client.unary(VaultMethods.signSnowflakeToken, request, options: options)
  }

  public func signGoogleAssertion(
    _ request: SignGoogleAssertionRequest,
    options: CallOptions = CallOptions()
  ) async throws -> SignedToken {
    try await client.unary(VaultMethods.signGoogleAssertion, request, options: options)
  }

  public func signSSHUserAuth(
    _ request: SignSSHUserAuthRequest,
    options: CallOptions = CallOptions()
  ) async throws -> SSHSignature {
    try await client.unary(VaultMethods.signSSHUserAuth, request, options: options)
  }
}
