public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel

extension SyncOrchestrator {
  static let defaultRunListing = 50
  static let longestRunListing = 1000

  /// Records a run and hands it to `run()`; the call does not wait for it.
  public func runSync(_ request: RunSyncRequest, context: ServerContext) async throws -> Run {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      return try await startRun(of: request.name, in: workspace, slot: nil).snapshot.message
    }
  }

  /// - Parameter slot: the schedule's, in seconds since 1970 UTC; nil for a run by hand, which moves no
  ///   slot.
  func startRun(of name: String, in workspace: String, slot: Int64?) async throws -> LiveRun {
    try board.claim(workspace: workspace, sync: name)
    do {
      let job = try await recordedRun(of: name, in: workspace, slot: slot)
      if !board.launch(job) { await finish(job.live, .stopped) }
      return job.live
    } catch {
      board.release(workspace: workspace, sync: name)
      throw error
    }
  }

  public func cancelRun(_ request: CancelRunRequest, context: ServerContext) async throws -> Run {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      guard let live = board.live(workspace: workspace, id: request.runId) else {
        let run = try await recorded(request.runId, in: workspace)
        throw RPCError(
          .failedPrecondition,
          "run \"\(run.id)\" has ended already, as \(run.status.rawValue)",
          reason: "run_has_ended"
        )
      }
      live.askToEnd(.cancelled)
      // While it waits for its turn nobody else ends it.
      if live.take() { await finish(live, .cancelled) }
      for await run in live.watch() where run.status.isFinal { return run.message }
      return live.snapshot.message
    }
  }

  /// Run and epoch are durable before anybody acts on them (design, decision 3).
  private func recordedRun(
    of name: String,
    in workspace: String,
    slot: Int64?
  ) async throws -> RunJob {
    let now = world.now()
    let id = world.newID()
    let keptSince = now.advanced(byNanoseconds: -Self.runRetention)
    // Shielded: a caller who goes away must not leave a record of a run that nobody begins.
    return try await shielded { [database, carriers, world] in
      try await database.transaction { connection in
        let sync = try connection.existingSync(workspace: workspace, name: name)
        try sync.requireRunnable()
        let source = try connection.existingSource(workspace: workspace, name: sync.source)
        // The claim says that none is under way: what the records still call running is not.
        _ = try connection.endAbandonedRuns(
          of: (workspace, name),
          over: carriers,
          at: now,
          newID: world.newID
        )
        try connection.forgetRuns(endedBefore: keptSince)
        try connection.raiseEpoch(workspace: workspace, sync: name)
        guard let epoch = try connection.sync(workspace: workspace, name: name)?.epoch,
          let token = UInt64(exactly: epoch)
        else {
          throw Failure(
            "state_damaged",
            "sync \"\(name)\" has no valid epoch; restore the database",
            recovery: .needsOperator
          )
        }
        var run = StoredRun(
          id: id,
          workspace: workspace,
          sync: name,
          epoch: epoch,
          startedAt: now
        )
        run.cursor = sync.cursor
        run.progressAt = now
        if let slot {
          run.trigger = "schedule"
          run.scheduledFor = Timestamp(nanoseconds: slot * 1_000_000_000)
          try connection.setLastSlot(slot, workspace: workspace, sync: name)
        }
        try connection.insert(run)
        let limits = RunLimits(
          rowLimit: sync.effectiveRowLimit,
          data: sync.data,
          breakers: sync.breakers,
          usualVolume: try connection.usualVolume(workspace: workspace, sync: name)
        )
        return RunJob(
          live: LiveRun(run, limits: limits),
          source: source,
          sync: sync,
          epoch: token
        )
      }
    }
  }

  public func getRun(_ request: GetRunRequest, context: ServerContext) async throws -> Run {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      if let live = board.live(workspace: workspace, id: request.runId) {
        return live.snapshot.message
      }
      return try await recorded(request.runId, in: workspace).message
    }
  }

  public func listRuns(
    _ request: ListRunsRequest,
    responses: RPCWriter<Run>,
    context: ServerContext
  ) async throws {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      let asked = Int(exactly: request.limit) ?? Self.longestRunListing
      let limit = asked == 0 ? Self.defaultRunListing : min(asked, Self.longestRunListing)
      let runs = try await database.read { connection in
        if !request.sync.isEmpty {
          _ = try connection.existingSync(workspace: workspace, name: request.sync)
        }
        return try connection.runs(workspace: workspace, sync: request.sync, limit: limit)
      }
      for run in runs {
        let live = run.status.isFinal ? nil : board.live(workspace: workspace, id: run.id)
        try await responses.write((live?.snapshot ?? run).message)
      }
    }
  }

  public func watchRun(
    _ request: WatchRunRequest,
    responses: RPCWriter<Run>,
    context: ServerContext
  ) async throws {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      if let live = board.live(workspace: workspace, id: request.runId) {
        for await run in live.watch() { try await responses.write(run.message) }
        return
      }
      try await responses.write(try await recorded(request.runId, in: workspace).message)
    }
  }

  /// - Throws: `Failure` `run_not_found`.
  private func recorded(_ id: String, in workspace: String) async throws -> StoredRun {
    try await database.read { connection in
      guard let run = try connection.run(workspace: workspace, id: id) else {
        throw Failure(
          "run_not_found",
          "there is no run \(quoted(id)) in workspace \"\(workspace)\"; `sluice run list` shows those there are",
          recovery: .needsOperator
        )
      }
      return run
    }
  }
}

extension StoredSync {
  /// Only an active sync runs, neither by schedule nor by hand otherwise (R141).
  fileprivate func requireRunnable() throws {
    switch state {
    case .active: return
    case .draft:
      throw Failure(
        "sync_is_draft",
        "sync \"\(name)\" is a draft: `sluice sync test \(name)`, then `sluice sync activate \(name)`, then run it",
        recovery: .needsOperator
      )
    case .paused:
      throw Failure(
        "sync_is_paused",
        "sync \"\(name)\" is paused: `sluice sync activate \(name)` first; it keeps its cursor",
        recovery: .needsOperator
      )
    }
  }
}
