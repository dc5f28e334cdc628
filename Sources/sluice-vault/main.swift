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
    let database = try await SQLiteDatabase.open(
      path: surroundings.configuration.data + "/vault.db",
      migrations: CredentialVault.migrations
    )
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
