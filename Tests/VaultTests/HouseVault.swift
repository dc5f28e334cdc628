import RPC
import TestSupport
import Vault
import VaultAPI

extension VaultHouse {
  /// As `run`, with the vault itself beside its callers: for what its process does without a call.
  @discardableResult
  func withVault<Result: Sendable>(
    masterKey: MasterKeySource? = nil,
    settings: CredentialVault.Settings = CredentialVault.Settings(),
    _ body: (CredentialVault, VaultCaller) async throws -> Result
  ) async throws -> Result {
    try await withDatabase { database in
      let vault = try await CredentialVault.open(
        database: database,
        masterKey: masterKey ?? .file(directory.file("master.key")),
        settings: settings,
        world: simulated.world,
        logger: log.logger
      )
      let router = RPCRouter([VaultRegistration(vault), VaultOperationsRegistration(vault)])
      return try await body(vault, VaultCaller(router: router))
    }
  }
}
