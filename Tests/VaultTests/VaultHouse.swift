import Crypto
import Glibc
import Logging
import RPC
import SQLDatabase
import SyncModel
import Synchronization
import TestSupport
import Testing
import Vault
import VaultAPI

/// A vault over a store of the test's own, called as the other services call it: through its API,
/// with the role of a certificate.
///
/// The store is a SQLite file, or with `SLUICE_TEST_STORE=postgresql` a schema of the tests' server:
/// the same tests run on both.
final class VaultHouse: Sendable {
  let directory: TemporaryDirectory
  let simulated = SimulatedWorld()
  let log = LogRecorder()
  /// Nil for SQLite.
  private let postgreSQL: PostgreSQLDatabase.Configuration?

  static let isOnPostgreSQL =
    getenv("SLUICE_TEST_STORE").map { String(cString: $0) } == "postgresql"

  init() throws {
    directory = try TemporaryDirectory()
    postgreSQL = Self.isOnPostgreSQL ? try PostgreSQLCluster.shared().vaultStore() : nil
    _ = try MasterKey.generate(file: directory.file("master.key"))
  }

  var databasePath: String { directory.file("vault.db") }

  /// Opens database and vault, lends a client per role, and closes the database: what a process
  /// does between two restarts.
  @discardableResult
  func run<Result: Sendable>(
    masterKeyFile: String = "master.key",
    _ body: (VaultCaller) async throws -> Result
  ) async throws -> Result {
    try await run(masterKey: .file(directory.file(masterKeyFile)), body)
  }

  /// - Parameter masterKey: nil for a vault that waits for a passphrase.
  @discardableResult
  func run<Result: Sendable>(
    masterKey: MasterKeySource?,
    _ body: (VaultCaller) async throws -> Result
  ) async throws -> Result {
    try await withDatabase { database in
      let vault = try await CredentialVault.open(
        database: database,
        masterKey: masterKey,
        world: simulated.world,
        logger: log.logger
      )
      return try await body(
        VaultCaller(
          router: RPCRouter([VaultRegistration(vault), VaultOperationsRegistration(vault)])
        )
      )
    }
  }

  /// The vault's database without the vault, for who edits it behind its back.
  @discardableResult
  func withDatabase<Result: Sendable>(
    _ body: (any SQLDatabase) async throws -> Result
  ) async throws -> Result {
    let database = try await openDatabase()
    do {
      let result = try await body(database)
      await database.close()
      return result
    } catch {
      await database.close()
      throw error
    }
  }

  private func openDatabase() async throws -> any SQLDatabase {
    if let postgreSQL {
      return try await PostgreSQLDatabase.open(postgreSQL, migrations: CredentialVault.migrations)
    }
    return try await SQLiteDatabase.open(path: databasePath, migrations: CredentialVault.migrations)
  }

  /// Runs statements on the vault's database, without regard to foreign keys between them.
  func edit(_ statements: String..., values: [SQLValue] = []) async throws {
    try await withDatabase { database in
      try await database.transaction { connection in
        try connection.execute(
          Self.isOnPostgreSQL
            ? "SET LOCAL session_replication_role = replica" : "PRAGMA defer_foreign_keys = ON"
        )
        for statement in statements {
          let changed = try connection.execute(Self.translated(statement), values)
          #expect(changed > 0 || statement.hasPrefix("CREATE"), "nothing to edit: \(statement)")
        }
      }
    }
  }

  /// The rows of a query, each column as text.
  func select(_ sql: String, columns: Int) async throws -> [[String]] {
    try await withDatabase { database in
      try await database.read { connection in
        try connection.rows(Self.translated(sql)) { row in
          (0..<Int32(columns)).map { row.string(Int($0)) }
        }
      }
    }
  }
}

extension VaultHouse {
  /// What the tests' own statements have of SQLite alone: byte literals, `zeroblob` and `hex`.
  private static func translated(_ sql: String) -> String {
    guard isOnPostgreSQL else { return sql }
    return sql.replacing(#/\bx'([0-9a-f]*)'/#) { #"'\x\#($0.1)'::bytea"# }
      .replacing(#/zeroblob\(([0-9]+)\)/#) { "decode(repeat('00', \($0.1)), 'hex')" }
      .replacing(#/\bhex\((\w+)\)/#) { "upper(encode(\($0.1), 'hex'))" }
  }
}

extension PostgreSQLCluster {
  /// Once: two grants of the same at once are an error.
  private static let grant = Result {
    _ = try shared().sql("GRANT SET ON PARAMETER session_replication_role TO \(user)")
  }

  /// An empty schema, in which the tests may edit behind a foreign key's back.
  fileprivate func vaultStore() throws -> PostgreSQLDatabase.Configuration {
    try Self.grant.get()
    var store = PostgreSQLDatabase.Configuration(
      server: configuration,
      schema: "vault_" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    )
    // The tests' server is for what is fast.
    store.acceptsUnsafeStorage = true
    return store
  }
}

/// Calls the vault in one role or another.
struct VaultCaller: Sendable {
  let router: RPCRouter

  func client(as role: String?) -> VaultClient {
    let peer = role.map { PeerIdentity(role: $0, instance: "test-1") }
    return VaultClient(RPCClient(transport: InProcessTransport(router: router, peer: peer)))
  }

  var asOperator: VaultClient { client(as: "operator") }
  /// The vault as a whole, for its operator.
  var operations: VaultOperationsClient {
    let peer = PeerIdentity(role: "operator", instance: "test-1")
    return VaultOperationsClient(
      RPCClient(transport: InProcessTransport(router: router, peer: peer))
    )
  }
  var asOrchestrator: VaultClient { client(as: "orchestrator") }

  @discardableResult
  func put(
    password: String,
    _ name: String = "shop-db",
    username: String = "sluice",
    workspace: String = "default"
  ) async throws -> PutCredentialResponse {
    try await asOperator.putCredential(
      PutCredentialRequest(
        workspace: workspace,
        name: name,
        type: .password,
        username: username,
        secret: Array(password.utf8)
      )
    )
  }

  @discardableResult
  func putKeyPair(
    _ name: String = "snow",
    bits: UInt32 = 0,
    username: String = "LOADER"
  ) async throws -> PutCredentialResponse {
    try await asOperator.putCredential(
      PutCredentialRequest(
        workspace: "default",
        name: name,
        type: .keyPair,
        username: username,
        keyBits: bits
      )
    )
  }

  func get(_ name: String = "shop-db", workspace: String = "default") async throws -> Credential {
    try await asOperator.getCredential(GetCredentialRequest(workspace: workspace, name: name))
  }

  func list(workspace: String = "default") async throws -> [Credential] {
    try await asOperator.listCredentials(ListCredentialsRequest(workspace: workspace)) { reader in
      var all: [Credential] = []
      while let next = try await reader.next() { all.append(next) }
      return all
    }
  }

  func release(
    _ name: String = "shop-db",
    workspace: String = "default",
    purpose: String = "read shop",
    runId: String = "run-7"
  ) async throws -> ReleasedSecret {
    try await asOrchestrator.releaseSecret(
      ReleaseSecretRequest(workspace: workspace, name: name, purpose: purpose, runId: runId)
    )
  }
}

/// The error of a call that must fail.
func refusal<Result>(_ call: () async throws -> Result) async throws -> RPCError {
  do {
    _ = try await call()
  } catch let error as RPCError {
    return error
  }
  throw Unrefused()
}

struct Unrefused: Error {}

/// Keeps what a logger was told, as text.
final class LogRecorder: Sendable {
  private let recorded = Mutex<[String]>([])

  var lines: [String] { recorded.withLock { $0 } }

  var logger: Logger {
    Logger(label: "vault") { _ in Handler(recorder: self) }
  }

  private struct Handler: LogHandler {
    let recorder: LogRecorder
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }
      let text = fields.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      recorder.recorded.withLock { $0.append("\(event.level) \(event.message) \(text)") }
    }
  }
}
