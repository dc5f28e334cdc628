import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Vault
import VaultAPI

extension VaultHouse {
  /// As `run`, with the vault itself and its database beside its callers: for what its process does
  /// without a call, and for who edits the database meanwhile.
  @discardableResult
  func withVault<Result: Sendable>(
    settings: CredentialVault.Settings = CredentialVault.Settings(),
    _ body: (CredentialVault, VaultCaller, any SQLDatabase) async throws -> Result
  ) async throws -> Result {
    try await withDatabase { database in
      let (vault, caller) = try await open(database, settings: settings)
      return try await body(vault, caller, database)
    }
  }

  /// The vault of a database that is open already, as a restart finds it.
  func open(
    _ database: any SQLDatabase,
    settings: CredentialVault.Settings = CredentialVault.Settings()
  ) async throws -> (CredentialVault, VaultCaller) {
    let vault = try await CredentialVault.open(
      database: database,
      masterKey: .file(directory.file("master.key")),
      settings: settings,
      world: simulated.world,
      logger: log.logger
    )
    let router = RPCRouter([VaultRegistration(vault), VaultOperationsRegistration(vault)])
    return (vault, VaultCaller(router: router))
  }
}
