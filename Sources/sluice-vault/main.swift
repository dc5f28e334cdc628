import Crypto
import Glibc
import SQLDatabase
import ServiceRuntime
import Vault
import VaultAPI

let process = ServiceProcess(
  name: "sluice-vault",
  service: VaultMethods.service,
  summary: "keeps credentials, sealed",
  settings: ServiceProcess.storeSettings + [
    (
      "SLUICE_MASTER_KEY_FILE",
      "the file of the master key: 32 bytes or 64 hex digits, for its owner only"
    ),
    ("SLUICE_MASTER_KEY", "the master key itself, 64 hex digits; a file is better"),
    (
      "SLUICE_MASTER_KEY_COMMAND",
      "a program that prints the master key, and its arguments, with spaces between; no shell"
    ),
    (
      "SLUICE_TOKEN_HOSTS",
      "hosts besides Google's that a service account's token_uri may name, with commas between"
    ),
  ],
  holdsSecrets: true
)

SecretProcess.harden()

exit(
  await process.run(Array(CommandLine.arguments.dropFirst())) { surroundings in
    let settings = surroundings.configuration.settings
    let masterKey = try MasterKeySource.configured(settings)
    let database = try await surroundings.openStore(
      name: "vault",
      migrations: CredentialVault.migrations
    )
    let hosts = try settings.text("SLUICE_TOKEN_HOSTS") ?? ""
    let vault = try await CredentialVault.open(
      database: database,
      masterKey: masterKey,
      settings: CredentialVault.Settings(
        tokenHosts: hosts.split(separator: ",").map { $0.filter { $0 != " " } },
        store: try settings.text("SLUICE_STORE") == nil ? "sqlite" : "postgresql"
      ),
      world: surroundings.world,
      logger: surroundings.logger
    )
    return OpenedService(
      registrations: [VaultRegistration(vault), VaultOperationsRegistration(vault)],
      background: [BackgroundWork { await vault.destroyKeysWhenDue() }],
      readiness: vault.readiness,
      close: { await database.close() }
    )
  }
)
