import Crypto
public import Logging
public import RPC
public import SQLDatabase
public import SyncModel
import Synchronization
public import VaultAPI

/// The vault: keeps credentials encrypted in a database, signs with the keys among them, and gives a
/// password to the role that holds a run. Who may call what is in `VaultMethods.roles`.
///
/// It is sealed until it has its master key: then it knows its data only as anybody does who stole it.
public final class CredentialVault: VaultService, VaultOperationsService {
  /// The schema that `open` expects.
  public static let migrations = VaultSchema.migrations

  /// What an operator may set.
  public struct Settings: Sendable {
    /// `host` or `host:port` of token endpoints besides Google's.
    public var tokenHosts: [String]
    /// For the status: `sqlite` or `postgresql`.
    public var store: String

    public init(tokenHosts: [String] = [], store: String = "sqlite") {
      self.tokenHosts = tokenHosts
      self.store = store
    }
  }

  let database: any SQLDatabase
  let masterKeySource: MasterKeySource?
  let settings: Settings
  let makers: KeyPairMaker
  let world: World
  let logger: Logger
  private let unsealed = Mutex<VaultKeys?>(nil)
  /// Tells whoever watches that the vault was sealed or unsealed.
  private let changes: AsyncStream<Bool>.Continuation

  /// True whenever the vault has become unsealed, false whenever it was sealed. For one reader.
  public let readiness: AsyncStream<Bool>

  /// Unlocks the vault in `database`, or makes one there if there is none.
  /// - Parameters:
  ///   - database: opened with `migrations`; the vault does not close it.
  ///   - masterKey: nil for a vault that waits for a passphrase, sealed.
  /// - Throws: `Failure` of the source, `wrong_master_key`, or `damaged_store` when the key is right
  ///   and the database is not; `SQLError`.
  public static func open(
    database: any SQLDatabase,
    masterKey source: MasterKeySource?,
    settings: Settings = Settings(),
    world: World,
    logger: Logger
  ) async throws -> CredentialVault {
    let vault = try CredentialVault(database, source, settings, world, logger)
    if let source {
      try await vault.unseal(with: .key(source.load()), mayCreate: true)
    }
    return vault
  }

  private init(
    _ database: any SQLDatabase,
    _ source: MasterKeySource?,
    _ settings: Settings,
    _ world: World,
    _ logger: Logger
  ) throws {
    self.database = database
    masterKeySource = source
    self.settings = settings
    self.world = world
    self.logger = logger
    makers = try KeyPairMaker()
    (readiness, changes) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4))
  }

  deinit { changes.finish() }

  /// The keys, or nil while sealed.
  var keys: VaultKeys? { unsealed.withLock { $0 } }

  func become(_ keys: VaultKeys?) {
    let changed = unsealed.withLock { held in
      defer { held = keys }
      return (held == nil) != (keys == nil)
    }
    if changed { changes.yield(keys != nil) }
  }

  public func getCredential(
    _ request: GetCredentialRequest,
    context: ServerContext
  ) async throws -> Credential {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    return try await reading(context) {
      try $0.get(request.workspace, request.name).credential
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
      let page = try await reading(context) {
        try $0.store.page(of: request.workspace, after: after, limit: limit, in: $0.connection)
      }
      for stored in page { try await responses.write(stored.credential) }
      guard page.count == limit, let end = page.last else { return }
      last = end.name
    }
  }
}
