public import RPC

/// What a vault does: the service itself, or a fake of it. `VaultClient` reaches one over RPC.
public protocol VaultService: Sendable {
  /// Creates a credential, or replaces its secret; the same secret again changes nothing.
  func putCredential(
    _ request: PutCredentialRequest,
    context: ServerContext
  ) async throws -> PutCredentialResponse

  /// Shows a credential, never its secret. NOT_FOUND when there is none of that name.
  func getCredential(
    _ request: GetCredentialRequest,
    context: ServerContext
  ) async throws -> Credential

  /// Every credential of a workspace, by name.
  func listCredentials(
    _ request: ListCredentialsRequest,
    responses: RPCWriter<Credential>,
    context: ServerContext
  ) async throws

  /// Hands a password out, to the role that holds a run. FAILED_PRECONDITION for a key pair: it
  /// never leaves (design, decision 15).
  func releaseSecret(
    _ request: ReleaseSecretRequest,
    context: ServerContext
  ) async throws -> ReleasedSecret
}

/// Offers a vault to a server.
public struct VaultRegistration: RPCService {
  private let service: any VaultService

  public init(_ service: any VaultService) { self.service = service }

  public var protoFiles: [ProtoFile] { [VaultProto.file] }

  public func register(with router: inout RPCRouter) {
    let service = service
    router.unary(VaultMethods.putCredential) {
      try await service.putCredential($0, context: $1)
    }
    router.unary(VaultMethods.getCredential) {
      try await service.getCredential($0, context: $1)
    }
    router.serverStreaming(VaultMethods.listCredentials) {
      try await service.listCredentials($0, responses: $1, context: $2)
    }
    router.unary(VaultMethods.releaseSecret) {
      try await service.releaseSecret($0, context: $1)
    }
  }
}
