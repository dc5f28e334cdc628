public import RPC

/// What a vault does: the service itself, or a fake of it. `VaultClient` reaches one over RPC.
public protocol VaultService: Sendable {
  /// Creates a credential, or replaces its secret; the same secret again changes nothing.
  func putCredential(_ request: PutCredentialRequest, context: ServerContext) async throws
    -> PutCredentialResponse

  /// Shows a credential, never its secret. NOT_FOUND when there is none of that name.
  func getCredential(_ request: GetCredentialRequest, context: ServerContext) async throws
    -> Credential

  /// Every credential of a workspace, by name.
  func listCredentials(
    _ request: ListCredentialsRequest,
    responses: RPCWriter<Credential>,
    context: ServerContext
  ) async throws

  /// Removes a credential and its secrets. FAILED_PRECONDITION `credential_in_use` names the syncs
  /// that hold it (R144).
  func deleteCredential(_ request: DeleteCredentialRequest, context: ServerContext) async throws
    -> DeleteCredentialResponse

  /// Notes that a sync uses a credential, which then cannot be deleted.
  func holdCredential(_ request: HoldCredentialRequest, context: ServerContext) async throws
    -> Credential

  /// Forgets that a sync uses a credential.
  func dropCredential(_ request: DropCredentialRequest, context: ServerContext) async throws
    -> Credential

  /// Makes (or takes) the next key of a pair, beside the one that signs; a repeated call shows the
  /// same one again.
  func rotateKey(_ request: RotateKeyRequest, context: ServerContext) async throws -> Credential

  /// Notes that a login with a key has worked.
  func proveKey(_ request: ProveKeyRequest, context: ServerContext) async throws -> Credential

  /// Lets the next key sign. FAILED_PRECONDITION `key_not_proven` while nothing shows that its
  /// public key is in place.
  func promoteKey(_ request: PromoteKeyRequest, context: ServerContext) async throws -> Credential

  /// Destroys a key that does not sign at present.
  func destroyKey(_ request: DestroyKeyRequest, context: ServerContext) async throws -> Credential

  /// Hands a password or token out, to the role that holds a run. FAILED_PRECONDITION for what
  /// never leaves (design, decision 15).
  func releaseSecret(_ request: ReleaseSecretRequest, context: ServerContext) async throws
    -> ReleasedSecret

  /// Signs a token for Snowflake's SQL API. FAILED_PRECONDITION `snowflake_user_taken` when the
  /// user belongs to another workspace (R146).
  func signSnowflakeToken(_ request: SignSnowflakeTokenRequest, context: ServerContext) async throws
    -> SignedToken

  /// Signs an assertion that Google exchanges for an access token, or takes in its place.
  func signGoogleAssertion(_ request: SignGoogleAssertionRequest, context: ServerContext)
    async throws -> SignedToken

  /// Signs an SSH client's request to sign in, and nothing else.
  func signSSHUserAuth(_ request: SignSSHUserAuthRequest, context: ServerContext) async throws
    -> SSHSignature
}

/// Offers a vault to a server.
public struct VaultRegistration: RPCService {
  private let service: any VaultService

  public init(_ service: any VaultService) { self.service = service }

  public var protoFiles: [ProtoFile] { [VaultProto.file] }

  public func register(with router: inout RPCRouter) {
    let service = service
    router.restrict(to: VaultMethods.roles)
    router.unary(VaultMethods.putCredential) {
      try await service.putCredential($0, context: $1)
    }
    router.unary(VaultMethods.getCredential) {
      try await service.getCredential($0, context: $1)
    }
    router.serverStreaming(VaultMethods.listCredentials) {
      try await service.listCredentials($0, responses: $1, context: $2)
    }
    router.unary(VaultMethods.deleteCredential) {
      try await service.deleteCredential($0, context: $1)
    }
    router.unary(VaultMethods.holdCredential) {
      try await service.holdCredential($0, context: $1)
    }
    router.unary(VaultMethods.dropCredential) {
      try await service.dropCredential($0, context: $1)
    }
    router.unary(VaultMethods.rotateKey) {
      try await service.rotateKey($0, context: $1)
    }
    router.unary(VaultMethods.proveKey) {
      try await service.proveKey($0, context: $1)
    }
    router.unary(VaultMethods.promoteKey) {
      try await service.promoteKey($0, context: $1)
    }
    router.unary(VaultMethods.destroyKey) {
      try await service.destroyKey($0, context: $1)
    }
    router.unary(VaultMethods.releaseSecret) {
      try await service.releaseSecret($0, context: $1)
    }
    router.unary(VaultMethods.signSnowflakeToken) {
      try await service.signSnowflakeToken($0, context: $1)
    }
    router.unary(VaultMethods.signGoogleAssertion) {
      try await service.signGoogleAssertion($0, context: $1)
    }
    router.unary(VaultMethods.signSSHUserAuth) {
      try await service.signSSHUserAuth($0, context: $1)
    }
  }
}
