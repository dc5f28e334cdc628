public import RPC
public import SyncModel
import Synchronization
public import VaultAPI

/// A vault in memory, as honest as a test needs: same names, same refusals, same versions; no
/// encryption, no file.
///
/// It checks roles only where a call comes with an identity, so that a test may also call it
/// directly, or over an in-process transport without one.
public final class FakeVault: VaultService {
  /// One call of `releaseSecret` that was answered.
  public struct Release: Sendable, Equatable {
    public var name: String
    public var purpose: String
    public var runId: String

    public init(name: String, purpose: String = "", runId: String = "") {
      self.name = name
      self.purpose = purpose
      self.runId = runId
    }
  }

  private struct Key: Hashable {
    var workspace: String
    var name: String
  }

  struct Stored {
    var credential: Credential
    var secret: [UInt8]
  }

  private struct State {
    var credentials: [Key: Stored] = [:]
    var releases: [Release] = []
    var generation: Int64 = 0
  }

  /// Goes out with each release, and counts up by itself; a test may set it back, as a roll-back does.
  public var generation: Int64 {
    get { state.withLock { $0.generation } }
    set { state.withLock { $0.generation = newValue } }
  }

  private let world: World
  private let state = Mutex(State())

  public init(world: World = .simulated()) { self.world = world }

  /// What was released so far, in order.
  public var releases: [Release] { state.withLock { $0.releases } }

  /// Puts a password in place without a call.
  public func add(
    password: String,
    name: String,
    username: String = "",
    workspace: String = "default"
  ) {
    _ = state.withLock { state in
      put(
        PutCredentialRequest(
          workspace: workspace,
          name: name,
          type: .password,
          username: username,
          secret: Array(password.utf8)
        ),
        into: &state
      )
    }
  }

  public func putCredential(
    _ request: PutCredentialRequest,
    context: ServerContext
  ) async throws -> PutCredentialResponse {
    guard !request.workspace.isEmpty, !request.name.isEmpty else {
      throw RPCError(.invalidArgument, "workspace and name are needed", reason: "invalid_name")
    }
    switch request.type {
    case .unspecified:
      throw RPCError(.invalidArgument, "type is needed", reason: "invalid_type")
    case .keyPair, .sshKeyPair:
      guard request.secret.isEmpty else {
        throw RPCError(.invalidArgument, "this vault makes pairs itself", reason: "invalid_secret")
      }
    default:
      guard (1...65_536).contains(request.secret.count) else {
        throw RPCError(
          .invalidArgument,
          "a secret has 1 to 65536 bytes",
          reason: "invalid_secret"
        )
      }
    }
    return state.withLock { put(request, into: &$0) }
  }

  public func getCredential(
    _ request: GetCredentialRequest,
    context: ServerContext
  ) async throws -> Credential {
    try stored(request.workspace, request.name).credential
  }

  public func listCredentials(
    _ request: ListCredentialsRequest,
    responses: RPCWriter<Credential>,
    context: ServerContext
  ) async throws {
    let credentials = state.withLock { state in
      state.credentials.values.map(\.credential).filter { $0.workspace == request.workspace }
    }
    for credential in credentials.sorted(by: { $0.name < $1.name }) {
      try await responses.write(credential)
    }
  }

  public func releaseSecret(
    _ request: ReleaseSecretRequest,
    context: ServerContext
  ) async throws -> ReleasedSecret {
    let found = try stored(request.workspace, request.name)
    guard !found.credential.type.neverLeaves else {
      throw RPCError(
        .failedPrecondition,
        "\(request.name) has a private key, which never leaves the vault",
        reason: "key_never_leaves"
      )
    }
    let generation = state.withLock { state in
      state.releases.append(
        Release(name: request.name, purpose: request.purpose, runId: request.runId)
      )
      state.generation += 1
      return state.generation
    }
    var metadata = Metadata()
    metadata.append("sluice-vault-id", "fake")
    metadata.append("sluice-vault-generation", "\(generation)")
    try context.addTrailingMetadata(metadata)
    return ReleasedSecret(
      type: found.credential.type,
      username: found.credential.username,
      secret: found.secret,
      version: found.credential.version
    )
  }

  public func remove(_ workspace: String, _ name: String) {
    _ = state.withLock { $0.credentials.removeValue(forKey: Key(workspace: workspace, name: name)) }
  }

  /// Changes what is shown of a credential.
  public func change(
    _ workspace: String,
    _ name: String,
    _ body: (inout Credential) -> Void
  ) throws -> Credential {
    var found = try stored(workspace, name)
    body(&found.credential)
    state.withLock { $0.credentials[Key(workspace: workspace, name: name)] = found }
    return found.credential
  }

  func stored(_ workspace: String, _ name: String) throws -> Stored {
    let found = state.withLock { $0.credentials[Key(workspace: workspace, name: name)] }
    guard let found else {
      throw RPCError(
        .notFound,
        "there is no credential \(name) in workspace \(workspace)",
        reason: "credential_not_found"
      )
    }
    return found
  }

  private func put(
    _ request: PutCredentialRequest,
    into state: inout State
  ) -> PutCredentialResponse {
    let key = Key(workspace: request.workspace, name: request.name)
    let now = world.now().nanoseconds
    if let old = state.credentials[key], old.credential.type == request.type,
      old.credential.username == request.username, old.secret == request.secret
    {
      return PutCredentialResponse(credential: old.credential, change: .unchanged)
    }
    let old = state.credentials[key]?.credential
    let version = (old?.version ?? 0) + 1
    let isKeyPair = request.type.isPair
    let credential = Credential(
      workspace: request.workspace,
      name: request.name,
      type: request.type,
      username: request.username,
      version: version,
      publicKey: isKeyPair ? "public key of \(request.name), version \(version)" : "",
      fingerprint: isKeyPair ? "SHA256:\(request.name)-\(version)" : "",
      createdAt: old?.createdAt ?? now,
      updatedAt: now
    )
    state.credentials[key] = Stored(credential: credential, secret: request.secret)
    return PutCredentialResponse(
      credential: credential,
      change: old == nil ? .created : .updated
    )
  }
}
