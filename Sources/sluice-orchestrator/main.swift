import Glibc
import HTTPFetch
import Orchestrator
import OrchestratorAPI
import SQLDatabase
import ServiceRuntime
import VaultAPI
import Warehouse
import Warehouses
import WriterAPI

let process = ServiceProcess(
  name: "sluice-orchestrator",
  service: OrchestratorMethods.service,
  summary: "keeps sources and syncs, and carries runs out",
  settings: [
    ("SLUICE_VAULT", "host:port of the vault; several with commas between"),
    ("SLUICE_WRITER", "host:port of the writer; several with commas between"),
    (
      "SLUICE_SHORTEST_INTERVAL",
      "the fewest minutes of a schedule's interval, 5 to 15 (default 15)"
    ),
    ("SLUICE_MAIL_SERVER", "host:port of the mail server that alerts go to; none: no mails"),
    ("SLUICE_MAIL_FROM", "the address that mails come from"),
    ("SLUICE_MAIL_SECURITY", "starttls (default), tls, or none to this machine"),
    ("SLUICE_MAIL_CREDENTIAL", "the vault's credential of type smtp, in workspace default"),
    ("SLUICE_MAIL_CA", "the file of the authority of the mail server, instead of the system's"),
    ("SLUICE_WEBHOOK_URL", "where alerts are POSTed to, https; none: no webhooks"),
    ("SLUICE_WEBHOOK_SECRET_FILE", "the file of the secret that signs them, 16 bytes or more"),
    (
      "SLUICE_WEBHOOK_OLD_SECRET_FILE",
      "that of the one before, while the receiver changes over; it signs too"
    ),
    ("SLUICE_WEBHOOK_CA", "the file of the authority of the receiver, instead of the system's"),
    (
      "SLUICE_EGRESS_ALLOW",
      "addresses beside public ones that warehouses and webhooks may be at: 10.1.2.3,10.0.0.0/8 (default none)"
    ),
    ("SLUICE_MAXIMUM_RUNS", "runs that go on at once, 1 to 1000 (default 32); more wait"),
  ]
)

exit(
  await process.run(Array(CommandLine.arguments.dropFirst())) { surroundings in
    let vault = try surroundings.peer("SLUICE_VAULT", "is the host:port of the vault")
    let writer = try surroundings.peer("SLUICE_WRITER", "is the host:port of the writer")
    let path = surroundings.configuration.data + "/orchestrator.db"
    let database: SQLiteDatabase
    do {
      database = try await SQLiteDatabase.open(path: path, migrations: SyncOrchestrator.migrations)
    } catch let error as SQLError {
      throw StartupError(.environment, "cannot open the store \(path): \(error.message)")
    }
    let orchestrator = try await SyncOrchestrator.open(
      database: database,
      vault: VaultClient(vault.client),
      writer: WriterClient(writer.client),
      warehouses: .all(
        WarehouseSurroundings(
          egress: try AddressPolicy(surroundings.configuration.settings),
          world: surroundings.world,
          userAgent: "sluice/\(SluiceVersion.text)"
        )
      ),
      carriers: AlertCarriers(
        mail: try MailAlertCarrier(
          surroundings.configuration.settings,
          vault: VaultClient(vault.client)
        ),
        webhook: try WebhookAlertCarrier(
          surroundings.configuration.settings,
          world: surroundings.world
        )
      ),
      world: surroundings.world,
      logger: surroundings.logger,
      configuration: try OrchestratorConfiguration(surroundings.configuration.settings)
    )
    return OpenedService(
      registrations: [OrchestratorRegistration(orchestrator)],
      background: [BackgroundWork { try await orchestrator.run() }],
      isReady: { orchestrator.isReady },
      close: {
        await vault.close()
        await writer.close()
        await database.close()
      }
    )
  }
)
