public import Logging
public import OrchestratorAPI
internal import RPC
public import SQLDatabase
public import ServiceLifecycle
public import SyncModel
public import VaultAPI
public import Warehouse
public import WriterAPI

/// The orchestrator: it keeps sources and syncs, and carries runs out (design, section 4).
///
/// Its calls may come at any time; runs are taken while `run()` is under way.
public final class SyncOrchestrator: OrchestratorService, Service {
  /// Run metadata is kept 13 months (design, decision 7), here 400 days, in nanoseconds.
  static let runRetention: Int64 = 400 * 86_400_000_000_000
  /// Sources or syncs that are read at once for a listing.
  static let pageSize = 100

  let database: any SQLDatabase
  let writer: WriterClient
  let warehouses: WarehouseRegistry
  let world: World
  let logger: Logger
  let configuration: OrchestratorConfiguration
  let credentials: CredentialDesk
  let holds: CredentialHolds
  let scheduler: SyncScheduler
  let carriers: AlertCarriers
  let board: RunBoard

  private init(
    database: any SQLDatabase,
    vault: VaultClient,
    watch: VaultWatch,
    writer: WriterClient,
    warehouses: WarehouseRegistry,
    carriers: AlertCarriers,
    world: World,
    logger: Logger,
    configuration: OrchestratorConfiguration
  ) {
    self.carriers = carriers
    self.database = database
    self.writer = writer
    self.warehouses = warehouses
    self.world = world
    self.logger = logger
    self.configuration = configuration
    credentials = CredentialDesk(
      vault: vault,
      watch: watch,
      timeout: configuration.callTimeout
    )
    scheduler = SyncScheduler(interval: configuration.scheduleInterval)
    holds = CredentialHolds(
      desk: credentials,
      warehouses: warehouses,
      database: database,
      logger: logger
    )
    board = RunBoard(maximumRuns: configuration.maximumWaitingRuns)
  }

  /// Opens the orchestrator over its state, and ends the runs that an earlier process left behind
  /// as `error`, code `interrupted`; their contacts are told as of any run that failed.
  ///
  /// - Parameter database: migrated with `migrations`; this process must be its only orchestrator.
  public static func open(
    database: any SQLDatabase,
    vault: VaultClient,
    writer: WriterClient,
    warehouses: WarehouseRegistry,
    carriers: AlertCarriers = AlertCarriers(),
    world: World,
    logger: Logger,
    configuration: OrchestratorConfiguration = OrchestratorConfiguration()
  ) async throws -> SyncOrchestrator {
    let now = world.now()
    let interrupted = try await database.transaction { connection in
      try connection.endAbandonedRuns(of: nil, over: carriers, at: now, newID: world.newID)
    }
    if interrupted > 0 {
      logger.warning(
        "runs were interrupted by the last stop",
        metadata: ["run.count": "\(interrupted)"]
      )
    }
    return SyncOrchestrator(
      database: database,
      vault: vault,
      watch: try await VaultWatch.open(database, logger: logger),
      writer: writer,
      warehouses: warehouses,
      carriers: carriers,
      world: world,
      logger: logger,
      configuration: configuration
    )
  }

  /// Whether runs are taken now.
  public var isReady: Bool { board.isOpen }

  /// Carries runs out until the task is cancelled or the service group shuts down; then it takes
  /// no more, stops those under way, and returns when the end of each is recorded. To be called
  /// once.
  public func run() async throws {
    guard board.open() else {
      throw Failure(
        "already_run",
        "the orchestrator's run loop can be started once only",
        recovery: .failRun
      )
    }
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.keepHolds() }
        group.addTask { await self.scheduler.run(of: self) }
        if !self.carriers.isEmpty {
          let sender = AlertSender(
            database: self.database,
            carriers: self.carriers,
            world: self.world,
            interval: self.configuration.scheduleInterval,
            logger: self.logger
          )
          group.addTask { await sender.run() }
        }
        // In the order in which they were asked for.
        let turns = RunTurns(self.configuration.maximumRuns)
        for await job in self.board.jobs {
          await turns.take()
          group.addTask {
            if job.live.take() { await self.carryOut(job) }
            turns.giveBack()
          }
        }
        // The jobs end when this task is cancelled.
        self.board.close()
      }
    }
    // Claimed in time, but not begun any more.
    for live in board.liveRuns where live.take() { await finish(live, .stopped) }
  }

  /// Tells the vault every minute what is in use, if that has changed.
  private func keepHolds() async {
    while !Task.isCancelled {
      await holds.reconcile()
      try? await Task.sleep(for: .seconds(60))
    }
  }

  /// Runs a job to its end, and records the end whatever happens.
  private func carryOut(_ job: RunJob) async {
    var logger = logger
    logger[metadataKey: "run.id"] = "\(job.live.id)"
    logger[metadataKey: "sync.name"] = "\(job.sync.name)"
    logger.info("run started")
    let executor = RunExecutor(
      job: job,
      credentials: credentials,
      writer: writer,
      warehouses: warehouses,
      world: world,
      configuration: configuration,
      logger: logger
    )
    let ending = await withTaskGroup(of: RunEnding?.self) { group in
      group.addTask { await executor.execute() }
      group.addTask { await self.reportProgress(of: job.live) }
      group.addTask { await job.live.askedEnding() }
      defer { group.cancelAll() }
      for await ending in group {
        if let ending { return ending }
      }
      return RunEnding.stopped
    }
    await finish(job.live, ending)
  }

  /// Tells and records how a run stands, until cancelled.
  /// - Returns: how the run must end, when nothing in it has moved for too long.
  private func reportProgress(of live: LiveRun) async -> RunEnding? {
    var lastRecord = ContinuousClock.now
    var (lastMove, seen) = (ContinuousClock.now, live.change { $0 })
    while true {
      do { try await Task.sleep(for: configuration.progressInterval) } catch { return nil }
      let now = world.now()
      let current = live.change { machine in
        if machine.isFurther(than: seen) { machine.moved(at: now) }
        return machine
      }
      if current.isFurther(than: seen) {
        (lastMove, seen) = (ContinuousClock.now, current)
      } else if lastMove.duration(to: ContinuousClock.now) > configuration.runStallLimit {
        return .failed(stalled(current.run))
      }
      live.tell()
      guard !live.isDryRun,
        lastRecord.duration(to: ContinuousClock.now) >= configuration.recordInterval,
        let machine = live.unrecorded()
      else { continue }
      lastRecord = ContinuousClock.now
      do {
        try await record(machine.run, knowsPosition: machine.knowsPosition, at: world.now())
        live.recorded(machine)
      } catch {
        // Losing one costs nothing: the next one, or the end, says more.
        logger.debug("progress was not recorded", metadata: ["run.id": "\(live.id)"])
      }
    }
  }

  private func stalled(_ run: StoredRun) -> Failure {
    let whom =
      switch run.phase {
      case .reading, .querying, .startingWarehouse: "the warehouse"
      case .finishing: "the writer"
      default: "vault, warehouse or writer"
      }
    return Failure(
      "stalled",
      "nothing moved for \(configuration.runStallLimit.components.seconds) s while \(run.phase.rawValue), waiting for \(whom); \(run.rowsRead) rows were read by then, and \(run.counts.total) receipted",
      recovery: .failRun
    )
  }

  /// - Parameter knowsPosition: before the writer was asked, a run knows nothing of the position.
  private func record(_ run: StoredRun, knowsPosition: Bool, at now: Timestamp) async throws {
    try await database.transaction { [world, carriers] connection in
      // 0: it has ended already, or its sync was deleted; one of its name now has a cursor of its own.
      guard try connection.update(run) > 0 else { return }
      if run.status.isFinal {
        try connection.enqueueAlerts(of: run, over: carriers, at: now, newID: world.newID)
        if run.pausesSync {
          _ = try connection.pauseUntilTested(workspace: run.workspace, sync: run.sync, at: now)
        }
      }
      guard knowsPosition else { return }
      try connection.setCursor(run.cursor, workspace: run.workspace, sync: run.sync, at: now)
    }
  }

  /// Records how a run ended, tells those who watch, and lets the sync run again.
  ///
  /// Nobody is told of an end that is not in the history. While it cannot be written down the run goes
  /// on, and its sync has no other; only a process that stops gives up.
  func finish(_ live: LiveRun, _ ending: RunEnding) async {
    let now = world.now()
    var machine = live.change { $0 }
    machine.end(ending, at: now)
    // Of a dry run nothing is kept.
    if !live.isDryRun, !(await recordEnd(of: machine, isStopping: ending == .stopped, at: now)) {
      // As the next run of the sync, or the next start, will record it.
      machine.interrupt(at: now)
    }
    let ended = machine
    live.change { $0 = ended }
    let run = ended.run
    logger.info(
      "run ended",
      metadata: [
        "run.id": "\(run.id)", "sync.name": "\(run.sync)", "run.status": "\(run.status.rawValue)",
        "run.code": "\(run.errorCode)", "run.rows": "\(run.rowsRead)",
        "run.dry": "\(run.isDryRun)",
      ]
    )
    board.release(workspace: run.workspace, sync: run.sync)
    live.close(run)
    // The vault need not keep its credential any more.
    if run.pausesSync { await holds.reconcile() }
  }

  /// - Returns: false when the end will not be recorded by this process.
  private func recordEnd(of machine: RunMachine, isStopping: Bool, at now: Timestamp) async -> Bool
  {
    var isKnown = false
    while true {
      do {
        try await shielded {
          // A database that is busy or full for a moment must not leave the run open.
          try await retrying(.record, while: { $0 is SQLError }) {
            try await self.record(machine.run, knowsPosition: machine.knowsPosition, at: now)
          }
        }
        return true
      } catch {
        if !isKnown {
          logger.error(
            "the end of a run cannot be recorded",
            metadata: ["run.id": "\(machine.run.id)", "error.cause": "\(error)"]
          )
        }
        isKnown = true
        guard error is SQLError, !isStopping, !Task.isCancelled else { return false }
      }
    }
  }

  /// Does a call's work, and puts what goes wrong in words for the caller.
  func answering<T>(_ context: ServerContext, _ body: () async throws -> T) async throws -> T {
    do {
      return try await body()
    } catch {
      throw answer(error, path: context.path, logger: logger)
    }
  }
}
