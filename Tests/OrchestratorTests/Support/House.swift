import Logging
import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import Synchronization
import TestSupport
import Testing
import VaultAPI
import Warehouse
import WriterAPI

@testable import Orchestrator

/// An orchestrator at work, with everything around it in this process.
struct House: Operated {
  let world: SimulatedWorld
  let vault: FakeVault
  let writer: FakeWriter
  /// Between the orchestrator and the writer.
  let line: FlakyTransport
  let warehouse: ScriptedWarehouse
  let database: SeverableDatabase
  let orchestrator: SyncOrchestrator
  let client: OrchestratorClient

  static let password = "correct horse"

  /// Quick enough for tests, otherwise like the real one.
  static var configuration: OrchestratorConfiguration {
    var configuration = OrchestratorConfiguration()
    configuration.progressInterval = .milliseconds(5)
    configuration.recordInterval = .milliseconds(5)
    configuration.peerRetry = RetryPolicy(
      limit: .seconds(30),
      firstDelay: .milliseconds(1),
      longestDelay: .milliseconds(5),
      attempts: 5
    )
    configuration.warehouseRetry = RetryPolicy(
      limit: .seconds(30),
      firstDelay: .milliseconds(1),
      longestDelay: .milliseconds(5),
      attempts: 2
    )
    return configuration
  }

  /// Lends a house with a credential `shop-db` in its vault; runs are taken.
  static func with(
    configuration: OrchestratorConfiguration = House.configuration,
    warehouse: ScriptedWarehouse = ScriptedWarehouse(),
    _ body: (House) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory()
    let database = try await SQLiteDatabase.open(
      path: directory.file("orchestrator.sqlite"),
      migrations: SyncOrchestrator.migrations
    )
    let house = try await House(
      database: database,
      warehouse: warehouse,
      configuration: configuration
    )
    house.vault.add(password: password, name: "shop-db", username: "sluice")
    try await house.working(body)
    await database.close()
  }

  init(
    database: any SQLDatabase,
    world: SimulatedWorld = SimulatedWorld(),
    vault: FakeVault = FakeVault(),
    writer: FakeWriter = FakeWriter(),
    warehouse: ScriptedWarehouse = ScriptedWarehouse(),
    transport: (any RPCTransport)? = nil,
    carriers: AlertCarriers = AlertCarriers(),
    configuration: OrchestratorConfiguration = House.configuration
  ) async throws {
    self.world = world
    self.vault = vault
    self.writer = writer
    self.warehouse = warehouse
    self.database = SeverableDatabase(database)
    let identity = PeerIdentity(role: "orchestrator", instance: "1")
    line = FlakyTransport(
      transport
        ?? InProcessTransport(router: RPCRouter([WriterRegistration(writer)]), peer: identity)
    )
    let orchestrator = try await SyncOrchestrator.open(
      database: self.database,
      vault: VaultClient(
        RPCClient(
          transport: InProcessTransport(
            router: RPCRouter([VaultRegistration(vault)]),
            peer: identity
          )
        )
      ),
      writer: WriterClient(RPCClient(transport: line)),
      warehouses: WarehouseRegistry([
        warehouse, ScriptedWarehouse(type: "open", credentialTypes: []),
      ]),
      carriers: carriers,
      world: world.world,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      configuration: configuration
    )
    self.orchestrator = orchestrator
    client = Self.client(of: orchestrator, role: "operator")
  }

  static func client(of orchestrator: SyncOrchestrator, role: String?) -> OrchestratorClient {
    OrchestratorClient(
      RPCClient(
        transport: InProcessTransport(
          router: RPCRouter([OrchestratorRegistration(orchestrator)]),
          peer: role.map { PeerIdentity(role: $0, instance: "test") }
        )
      )
    )
  }

  /// The same state and surroundings under a new process.
  func restarted(
    over carriers: AlertCarriers = AlertCarriers(),
    configuration: OrchestratorConfiguration = House.configuration,
    _ body: (House) async throws -> Void
  ) async throws {
    let house = try await House(
      database: database.inner,
      world: world,
      vault: vault,
      writer: writer,
      warehouse: warehouse,
      carriers: carriers,
      configuration: configuration
    )
    try await house.working(body)
  }
}

// MARK: What tests say often

extension House {
  static let source = Source(
    name: "shop",
    type: "scripted",
    settings: ["host": "db.example"],
    credential: "shop-db"
  )

  static let sync = Sync(
    name: "purchases",
    source: "shop",
    table: "public.purchases",
    data: .purchases,
    destination: "profiles",
    schedule: "manual",
    contacts: ["ops@example.com"],
    options: SyncOptions(overlapNs: 0)
  )

  /// A sync that may run.
  func activeSync(_ change: (inout Sync) -> Void = { _ in }) async throws {
    var sync = Self.sync
    change(&sync)
    _ = try await client.putSource(PutSourceRequest(source: Self.source))
    _ = try await client.putSync(PutSyncRequest(sync: sync))
    let report = try await testSync(sync.name)
    #expect(report.ok)
    _ = try await client.activateSync(ActivateSyncRequest(name: sync.name))
  }
}

/// A row at a whole second after the world's start.
func row(_ second: Int64, _ id: String = "a", _ payload: String = "{}") -> OwnedRow {
  OwnedRow(updatedAt: stamp(second), externalID: id, payload: payload)
}

/// Seconds before the world's start are negative: there the rows lie.
func stamp(_ second: Int64) -> Int64 {
  SimulatedWorld.start.nanoseconds + second * 1_000_000_000
}

/// What a call was refused with.
func refusal<T>(_ body: () async throws -> T) async -> RPCError? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error as? RPCError
  }
}
