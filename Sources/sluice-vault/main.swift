import Glibc
import SQLDatabase
import ServiceRuntime
import Vault
import VaultAPI

let process = ServiceProcess(
  name: "sluice-vault",
  service: VaultMethods.service,
  summary: "keeps credentials, sealed",
  settings: [
    (
      "SLUICE_MASTER_KEY_FILE",
      "the file of the master key: 32 bytes or 64 hex digits, for its owner only"
    )
  ]
)

exit(
  await process.run(Array(CommandLine.arguments.dropFirst())) { surroundings in
    let file = try surroundings.configuration.settings.required(
      "SLUICE_MASTER_KEY_FILE",
      "names the file of the master key"
    )
    let masterKey = try MasterKey.load(file: file)
    let path = surroundings.configuration.data + "/vault.db"
    let database: SQLiteDatabase
    do {
      database = try await SQLiteDatabase.open(path: path, migrations: CredentialVault.migrations)
    } catch let error as SQLError {
      throw StartupError(.environment, "cannot open the store \(path): \(error.message)")
    }
    let vault = try await CredentialVault.open(
      database: database,
      masterKey: masterKey,
      world: surroundings.world,
      logger: surroundings.logger
    )
    return OpenedService(
      registrations: [VaultRegistration(vault)],
      close: { await database.close() }
    )
  }
)
