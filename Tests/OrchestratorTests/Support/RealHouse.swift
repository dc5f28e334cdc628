import Destination
import Destinations
import Logging
import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import VaultAPI
import Warehouse
import Warehouses
import Writer
import WriterAPI

@testable import Orchestrator

/// An orchestrator between a real table and the real profile store, all in this process.
struct RealHouse: Operated {
  let directory: TemporaryDirectory
  let world: SimulatedWorld
  /// The source's own database, which is read through the warehouse.
  let table: SQLiteDatabase
  let writer: WriterClient
  let line: FlakyTransport
  let database: SeverableDatabase
  let orchestrator: SyncOrchestrator
  let client: OrchestratorClient

  static let columns = "UPDATED_AT INTEGER, EXTERNAL_ID TEXT, PAYLOAD TEXT"

  /// Lends a house whose source `shop` has an empty table `changes`, stamped in nanoseconds.
  static func with(
    schema: String = "CREATE TABLE changes (\(columns))",
    _ body: (RealHouse) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory()
    let table = try await SQLiteDatabase.open(
      path: directory.file("source.sqlite"),
      migrations: SQLMigrations([schema])
    )
    let state = try await SQLiteDatabase.open(
      path: directory.file("orchestrator.sqlite"),
      migrations: SyncOrchestrator.migrations
    )
    let store = try await ProfileStore.open(
      path: directory.file("profiles.sqlite"),
      world: SimulatedWorld().world
    )
    let router = RPCRouter([
      WriterRegistration(
        ProfileWriter(
          destinations: DestinationRegistry(profiles: store),
          profiles: store,
          logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
      )
    ])
    let house = try await RealHouse(directory, SimulatedWorld(), table, router, state)
    _ = try await house.client.putSource(
      PutSourceRequest(
        source: Source(
          name: "shop",
          type: "sqlite",
          settings: ["file": directory.file("source.sqlite"), "timestamps": "unix_ns"]
        )
      )
    )
    try await house.working(body)
    await table.close()
    await state.close()
    await store.close()
  }

  private init(
    _ directory: TemporaryDirectory,
    _ world: SimulatedWorld,
    _ table: SQLiteDatabase,
    _ writerRouter: RPCRouter,
    _ state: any SQLDatabase
  ) async throws {
    self.directory = directory
    self.world = world
    self.table = table
    database = SeverableDatabase(state)
    let identity = PeerIdentity(role: "orchestrator", instance: "1")
    line = FlakyTransport(InProcessTransport(router: writerRouter, peer: identity))
    writer = WriterClient(RPCClient(transport: line))
    orchestrator = try await SyncOrchestrator.open(
      database: database,
      vault: VaultClient(
        RPCClient(
          transport: InProcessTransport(
            router: RPCRouter([VaultRegistration(FakeVault())]),
            peer: identity
          )
        )
      ),
      writer: writer,
      warehouses: .all(WarehouseSurroundings(world: world.world, userAgent: "sluice-tests/1")),
      world: world.world,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      configuration: House.configuration
    )
    client = House.client(of: orchestrator, role: "operator")
  }

  private init(_ other: RealHouse) async throws {
    directory = other.directory
    world = other.world
    table = other.table
    line = other.line
    writer = other.writer
    database = SeverableDatabase(other.database.inner)
    orchestrator = try await SyncOrchestrator.open(
      database: database,
      vault: VaultClient(RPCClient(transport: other.line)),
      writer: writer,
      warehouses: .all(WarehouseSurroundings(world: world.world, userAgent: "sluice-tests/1")),
      world: world.world,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      configuration: House.configuration
    )
    client = House.client(of: orchestrator, role: "operator")
  }

  /// The same state and surroundings under a new process of the orchestrator.
  func restarted(_ body: (RealHouse) async throws -> Void) async throws {
    try await RealHouse(self).working(body)
  }
}

extension RealHouse {
  /// A sync `changes` of the table of that name that may run.
  func activeSync(
    _ data: OrchestratorAPI.DataType = .purchases,
    overlap: Int64? = 0,
    _ change: (inout Sync) -> Void = { _ in }
  ) async throws {
    var sync = Sync(
      name: "changes",
      source: "shop",
      table: "changes",
      data: data,
      contacts: ["ops@example.com"],
      options: SyncOptions(overlapNs: overlap)
    )
    change(&sync)
    _ = try await client.putSync(PutSyncRequest(sync: sync))
    let report = try await testSync(sync.name)
    #expect(report.ok, "\(report.errorMessage)")
    _ = try await client.activateSync(ActivateSyncRequest(name: sync.name))
  }

  /// Runs SQL in the source.
  func source(_ sql: String, _ values: [SQLValue] = []) async throws {
    _ = try await table.transaction { try $0.execute(sql, values) }
  }

  /// Adds rows to the table: second (as of the world's start), user, payload.
  func add(_ rows: [(second: Int64, user: String, payload: String)]) async throws {
    _ = try await table.transaction { connection in
      for row in rows {
        try connection.execute(
          "INSERT INTO changes (UPDATED_AT, EXTERNAL_ID, PAYLOAD) VALUES (?1, ?2, ?3)",
          [.integer(stamp(row.second)), .text(row.user), .text(row.payload)]
        )
      }
    }
  }

  /// Adds `count` purchases of one currency unit at one instant, of as many users.
  func addPurchases(_ count: Int, at second: Int64, user prefix: String = "u") async throws {
    try await source(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
      INSERT INTO changes (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT ?2, ?3 || i, ?4 FROM n
      """,
      [.integer(Int64(count)), .integer(stamp(second)), .text(prefix), .text(purchase)]
    )
  }

  func counts() async throws -> WriterAPI.ProfileCounts {
    try await writer.countProfiles(CountProfilesRequest(workspace: "default"))
  }

  func profile(_ user: String) async throws -> String {
    let profile = try await writer.getProfile(
      GetProfileRequest(workspace: "default", externalId: user)
    )
    return String(decoding: profile.json, as: UTF8.self)
  }
}

/// A purchase of one currency unit.
let purchase = #"{"product_id":"cds","currency":"USD","price":1}"#
