import RPC
import SyncModel
import Synchronization

/// The runs of this process, and the way in for new ones. One run a sync (design, decision 8).
final class RunBoard: Sendable {
  private struct SyncKey: Hashable {
    var workspace: String
    var sync: String
  }

  private struct State {
    var isOpen = false
    var hasStarted = false
    /// The run of each sync that has one; nil while it is being recorded.
    var runs: [SyncKey: LiveRun?] = [:]
  }

  /// What is to be run, in the order in which it was asked for. At most `maximumRuns` wait in it,
  /// because a claim comes first.
  let jobs: AsyncStream<RunJob>
  private let intake: AsyncStream<RunJob>.Continuation
  private let maximumRuns: Int
  private let state = Mutex(State())

  init(maximumRuns: Int) {
    self.maximumRuns = maximumRuns
    (jobs, intake) = AsyncStream.makeStream(of: RunJob.self)
  }

  /// Whether runs are taken.
  var isOpen: Bool { state.withLock { $0.isOpen } }

  /// - Returns: false when it was opened before: the jobs can be taken once only.
  func open() -> Bool {
    state.withLock { state in
      guard !state.hasStarted else { return false }
      state.hasStarted = true
      state.isOpen = true
      return true
    }
  }

  /// Takes no more runs.
  func close() {
    state.withLock { $0.isOpen = false }
    intake.finish()
  }

  /// Reserves a sync for a run.
  /// - Throws: FAILED_PRECONDITION while the sync has one (R139).
  func claim(workspace: String, sync: String) throws(RPCError) {
    let refusal: RPCError? = state.withLock { state in
      let key = SyncKey(workspace: workspace, sync: sync)
      if state.runs[key] != nil {
        return RPCError(
          .failedPrecondition,
          "Another job is in progress: sync \"\(sync)\" is being run; wait for its end with `sluice run watch`",
          reason: "already_running"
        )
      }
      guard state.isOpen else {
        return RPCError(
          .unavailable,
          "the orchestrator is starting or stopping; try again in a moment",
          reason: "not_ready"
        )
      }
      guard state.runs.count < maximumRuns else {
        return RPCError(
          .resourceExhausted,
          "\(maximumRuns) runs are in progress or waiting, as many as this orchestrator takes; try again when one has ended",
          reason: "too_many_runs"
        )
      }
      state.runs[key] = .some(nil)
      return nil
    }
    if let refusal { throw refusal }
  }

  /// Hands a claimed and recorded run in.
  /// - Returns: false when nobody will carry it out: the orchestrator stopped meanwhile.
  func launch(_ job: RunJob) -> Bool {
    state.withLock { state in
      state.runs[SyncKey(workspace: job.live.workspace, sync: job.live.sync)] = .some(job.live)
    }
    if case .enqueued = intake.yield(job) { return true }
    return false
  }

  /// The sync may run again.
  func release(workspace: String, sync: String) {
    state.withLock { state in
      _ = state.runs.removeValue(forKey: SyncKey(workspace: workspace, sync: sync))
    }
  }

  func live(workspace: String, id: String) -> LiveRun? {
    liveRuns.first { $0.id == id && $0.workspace == workspace }
  }

  func live(workspace: String, sync: String) -> LiveRun? {
    state.withLock { $0.runs[SyncKey(workspace: workspace, sync: sync)] ?? nil }
  }

  var liveRuns: [LiveRun] { state.withLock { $0.runs.values.compactMap { $0 } } }
}

/// A recorded run with everything that it needs, as it was when it began.
struct RunJob: Sendable {
  var live: LiveRun
  var source: StoredSource
  var sync: StoredSync
  /// The run's fencing token.
  var epoch: UInt64
}
