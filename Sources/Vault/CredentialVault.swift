import Crypto
public import Logging
public import RPC
public import SQLDatabase
public import SyncModel
public import VaultAPI

/// The vault: keeps credentials encrypted in a database, and gives a password to the role that
/// holds a run. Who may call what is in `VaultMethods`.
public final class CredentialVault: VaultService {
  /// The schema that `open` expects.
  public static let migrations = VaultSchema.migrations

  let database: any SQLDatabase
  let store: CredentialStore
  let keyPairs: KeyPairMaker
  let world: World
  let logger: Logger

  /// Unlocks the vault in `database`, or makes one there if there is none.
  /// - Parameter database: opened with `migrations`; the vault does not close it.
  /// - Throws: `Failure` `wrong_master_key`, or `damaged_store` when the key is right and the
  ///   database is not; `SQLError`.
  public static func open(
    database: any SQLDatabase,
    masterKey: MasterKey,
    world: World,
    logger: Logger
  ) async throws -> CredentialVault {
    let store = try await VaultUnlocking.unlock(database, masterKey: masterKey, world: world)
    return try CredentialVault(database: database, store: store, world: world, logger: logger)
  }

  private init(
    database: any SQLDatabase,
    store: CredentialStore,
    world: World,
    logger: Logger
  ) throws {
    self.database = database
    self.store = store
    self.world = world
    self.logger = logger
    keyPairs = try KeyPairMaker()
  }

  public func getCredential(
    _ request: GetCredentialRequest,
    context: ServerContext
  ) async throws -> Credential {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    return try await answering(context) {
      let found = try await self.database.read { [store] connection in
        try store.find(request.workspace, request.name, in: connection)
      }
      guard let found else { throw RPCError.noCredential(request.workspace, request.name) }
      return found.credential
    }
  }

  public func listCredentials(
    _ request: ListCredentialsRequest,
    responses: RPCWriter<Credential>,
    context: ServerContext
  ) async throws {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    let limit = 100
    var last = ""
    while true {
      let after = last
      let page = try await answering(context) {
        try await self.database.read { [store] connection in
          try store.page(of: request.workspace, after: after, limit: limit, in: connection)
        }
      }
      for stored in page { try await responses.write(stored.credential) }
      guard page.count == limit, let end = page.last else { return }
      last = end.name
    }
  }

  /// Runs `body`, and turns what it throws into what the caller may know; the log gets the rest.
  func answering<Result: Sendable>(
    _ context: ServerContext,
    _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch {
      let answer = RPCError(vault: error)
      switch answer.code {
      case .dataLoss, .internalError, .resourceExhausted:
        logger.error(
          "a call failed",
          metadata: [
            "rpc.path": "\(context.path)", "rpc.code": "\(answer.code.name)",
            "error": "\(answer.cause.map { String(describing: $0) } ?? answer.message)",
          ]
        )
      default: break
      }
      throw answer
    }
  }
}
