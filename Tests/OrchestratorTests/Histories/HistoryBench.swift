import Destination
import Destinations
import Logging
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import VaultAPI
import Warehouse
import Writer
import WriterAPI

@testable import Orchestrator

/// A profile store on which histories are played one after the other, each in a workspace of its own.
final class HistoryBench {
  let database: MortalDatabase
  let store: ProfileStore
  let desk: CredentialDesk
  private let directory: TemporaryDirectory
  private let state: SQLiteDatabase

  static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init() async throws {
    // In memory: what a killed process leaves behind is the same there, and no power is cut.
    directory = try TemporaryDirectory(in: "/dev/shm")
    database = MortalDatabase(
      try await SQLiteDatabase.open(
        path: directory.file("profiles.db"),
        migrations: ProfileStore.migrations
      )
    )
    store = ProfileStore(database: database, world: SimulatedWorld().world)
    state = try await SQLiteDatabase.open(
      path: directory.file("orchestrator.db"),
      migrations: SyncOrchestrator.migrations
    )
    // The source needs no credential: the vault is never asked.
    let nobody = InProcessTransport(router: RPCRouter([VaultRegistration(FakeVault())]))
    desk = CredentialDesk(
      vault: VaultClient(RPCClient(transport: nobody)),
      watch: try await VaultWatch.open(state, logger: Self.logger),
      timeout: .seconds(15)
    )
  }

  func close() async {
    await store.close()
    await state.close()
  }

  /// The writer as its callers reach it.
  func writer(_ destination: WatchedDestination) -> InProcessTransport {
    var destinations = DestinationRegistry()
    destinations.add("profiles", destination)
    let writer = ProfileWriter(destinations: destinations, profiles: store, logger: Self.logger)
    return InProcessTransport(
      router: RPCRouter([WriterRegistration(writer)]),
      peer: PeerIdentity(role: "orchestrator", instance: "1")
    )
  }

  /// How often each event is in a workspace, by user and name: counted in the tables, past the store.
  func effects(in workspace: String) async throws -> [String: Int] {
    try await database.read { connection in
      var effects: [String: Int] = [:]
      try connection.query(
        """
        SELECT p.external_id, e.name, count(*) FROM workspaces w
        JOIN profiles p ON p.workspace = w.id JOIN events e ON e.profile = p.id
        WHERE w.name = ?1 GROUP BY p.external_id, e.name
        """,
        [.blob(Array(workspace.utf8))]
      ) { row in
        let name = [row.blob(0), row.blob(1)].map { String(decoding: $0, as: UTF8.self) }
        effects[name.joined(separator: " ")] = Int(row.int64(2))
      }
      return effects
    }
  }
}

/// One run, by one process of the orchestrator.
final class HistoryRun {
  enum Event: Sendable { case parked, ended }

  let line: HistoryLine
  let warehouse: HistoryWarehouse
  let live: LiveRun
  private let task: Task<RunEnding, Never>
  private let events: AsyncStream<Event>

  init(
    _ bench: HistoryBench,
    workspace: String,
    incarnation: UInt64,
    epoch: UInt64,
    overlap: Int64,
    inFlight: Int,
    warehouse: HistoryWarehouse,
    writer: any RPCTransport,
    plan: [Int: LineEvent]
  ) {
    let (events, sink) = AsyncStream.makeStream(of: Event.self)
    let line = HistoryLine(writer, plan: plan) { sink.yield(.parked) }
    (self.events, self.line, self.warehouse) = (events, line, warehouse)
    let run = StoredRun(
      id: "run-\(incarnation)-\(epoch)",
      workspace: workspace,
      sync: "events",
      epoch: Int64(epoch),
      startedAt: SimulatedWorld.start
    )
    live = LiveRun(run, limits: RunLimits(rowLimit: 1_000_000, data: .events))
    var sync = StoredSync(
      workspace: workspace,
      name: "events",
      source: "shop",
      table: "events",
      query: "",
      data: .events,
      destination: "profiles",
      schedule: "manual",
      timeZone: "UTC",
      contacts: [],
      overlap: overlap,
      updateExistingOnly: false,
      rowLimit: 0
    )
    sync.incarnation = Int64(incarnation)
    let executor = RunExecutor(
      job: RunJob(
        live: live,
        source: StoredSource(
          workspace: workspace,
          name: "shop",
          type: warehouse.type,
          settings: [:],
          credential: ""
        ),
        sync: sync,
        epoch: epoch
      ),
      credentials: bench.desk,
      writer: WriterClient(RPCClient(transport: line)),
      warehouses: WarehouseRegistry([warehouse]),
      world: World(now: { SimulatedWorld.start }, newID: Self.newID(run.id)),
      configuration: Self.configuration(inFlight: inFlight),
      logger: HistoryBench.logger
    )
    task = Task {
      let ending = await executor.execute()
      sink.yield(.ended)
      return ending
    }
  }

  /// What comes of the run next.
  func next() async -> Event {
    for await event in events { return event }
    return .ended
  }

  var ending: RunEnding { get async { await task.value } }

  private static func newID(_ run: String) -> @Sendable () -> String {
    let ids = SimulatedWorld()
    return { "\(run)-\(ids.newID())" }
  }

  /// As the real one, but nothing waits for a peer to come back: here it is back at once.
  private static func configuration(inFlight: Int) -> OrchestratorConfiguration {
    var configuration = OrchestratorConfiguration()
    configuration.batchesInFlight = inFlight
    let atOnce = RetryPolicy(
      limit: .seconds(30),
      firstDelay: .zero,
      longestDelay: .zero,
      attempts: 4
    )
    configuration.peerRetry = atOnce
    configuration.warehouseRetry = atOnce
    return configuration
  }
}
