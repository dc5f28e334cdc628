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

/// A vault over a file of the test's own, called as the other services call it: through its API,
/// with the role of a certificate.
final class VaultHouse: Sendable {
  let directory: TemporaryDirectory
  let simulated = SimulatedWorld()
  let log = LogRecorder()

  init() throws {
    directory = try TemporaryDirectory()
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
    try await withDatabase { database in
      let vault = try await CredentialVault.open(
        database: database,
        masterKey: .file(directory.file(masterKeyFile)),
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
    _ body: (SQLiteDatabase) async throws -> Result
  ) async throws -> Result {
    let database = try await SQLiteDatabase.open(
      path: databasePath,
      migrations: CredentialVault.migrations
    )
    do {
      let result = try await body(database)
      await database.close()
      return result
    } catch {
      await database.close()
      throw error
    }
  }

  /// Runs statements on the vault's database, foreign keys checked at the end only.
  func edit(_ statements: String..., values: [SQLValue] = []) async throws {
    try await withDatabase { database in
      try await database.transaction { connection in
        try connection.execute("PRAGMA defer_foreign_keys = ON")
        for statement in statements {
          let changed = try connection.execute(statement, values)
          #expect(changed > 0 || statement.hasPrefix("CREATE"), "nothing to edit: \(statement)")
        }
      }
    }
  }

  /// The rows of a query, each column as text.
  func select(_ sql: String, columns: Int) async throws -> [[String]] {
    try await withDatabase { database in
      try await database.read { connection in
        try connection.rows(sql) { row in (0..<Int32(columns)).map { row.string(Int($0)) } }
      }
    }
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
