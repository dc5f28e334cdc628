public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel

extension SyncOrchestrator {
  static let defaultDifferences = 10
  static let mostDifferences: UInt32 = 50

  /// A run that changes nothing and is not recorded, as long as its caller waits for it.
  ///
  /// It has the sync's one place for a job (R139), its turn among the runs, and its limits.
  public func dryRunSync(
    _ request: DryRunSyncRequest,
    responses: RPCWriter<DryRunEvent>,
    context: ServerContext
  ) async throws {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      guard request.differenceLimit <= Self.mostDifferences else {
        throw invalid(
          "invalid_difference_limit",
          "difference_limit must be from 0 to \(Self.mostDifferences)"
        )
      }
      let limit =
        request.differenceLimit == 0 ? Self.defaultDifferences : Int(request.differenceLimit)
      let live = try await startDryRun(of: request.name, in: workspace, differences: limit)
      do {
        for await run in live.watch() {
          var event = DryRunEvent(run: run.message)
          if run.status.isFinal { event.differences = live.differences }
          try await responses.write(event)
        }
        try Task.checkCancellation()
      } catch {
        // Nobody is there any more to read what it finds.
        live.askToEnd(.cancelled)
        if live.take() { await finish(live, .cancelled) }
        throw error
      }
    }
  }

  private func startDryRun(
    of name: String,
    in workspace: String,
    differences: Int
  ) async throws -> LiveRun {
    try board.claim(workspace: workspace, sync: name)
    do {
      let job = try await unrecordedRun(of: name, in: workspace, differences: differences)
      if !board.launch(job) { await finish(job.live, .stopped) }
      return job.live
    } catch {
      board.release(workspace: workspace, sync: name)
      throw error
    }
  }

  /// Reads what a run needs; writes nothing.
  private func unrecordedRun(
    of name: String,
    in workspace: String,
    differences: Int
  ) async throws -> RunJob {
    let (sync, source) = try await stored(workspace, name)
    if sync.state != .active {
      guard await isTested(sync, from: source) else {
        throw RPCError(
          .failedPrecondition,
          "sync \"\(sync.name)\" has no successful test of its present settings: `sluice sync test \(sync.name)` first",
          reason: "not_tested"
        )
      }
    }
    let usual = try await database.read { connection in
      try connection.usualVolume(workspace: workspace, sync: sync.name)
    }
    let now = world.now()
    var run = StoredRun(
      id: world.newID(),
      workspace: workspace,
      sync: sync.name,
      epoch: 0,
      startedAt: now
    )
    run.isDryRun = true
    run.cursor = sync.cursor
    run.progressAt = now
    let limits = RunLimits(
      rowLimit: sync.effectiveRowLimit,
      data: sync.data,
      breakers: sync.breakers,
      usualVolume: usual
    )
    return RunJob(
      live: LiveRun(run, limits: limits, differenceLimit: differences),
      source: source,
      sync: sync,
      epoch: 0
    )
  }
}
