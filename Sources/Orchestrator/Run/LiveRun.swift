import OrchestratorAPI
import SyncModel
import Synchronization

/// A run that is under way in this process: what it has done so far, and who watches.
final class LiveRun: Sendable {
  let id: String
  let workspace: String
  let sync: String

  private struct State {
    var machine: RunMachine
    /// As it was last told to those who watch, and last written down.
    var told: StoredRun
    var recorded: RunMachine
    var watchers: [Int: AsyncStream<StoredRun>.Continuation] = [:]
    var nextWatcher = 0
    /// How it is to end, when somebody asked for it.
    var wantedEnding: RunEnding?
    /// Of a dry run: the first ones.
    var differences: [RowDifference] = []
    /// Somebody carries it out, or nobody will any more.
    var isTaken = false
  }

  let isDryRun: Bool
  private let differenceLimit: Int
  private let state: Mutex<State>
  private let endWanted = Wakeup()

  init(_ run: StoredRun, limits: RunLimits, differenceLimit: Int = 0) {
    isDryRun = run.isDryRun
    self.differenceLimit = differenceLimit
    id = run.id
    workspace = run.workspace
    sync = run.sync
    let machine = RunMachine(run, limits: limits)
    state = Mutex(State(machine: machine, told: run, recorded: machine))
  }

  var snapshot: StoredRun { state.withLock { $0.machine.run } }

  func change<T: Sendable>(_ body: (inout RunMachine) -> T) -> T {
    state.withLock { body(&$0.machine) }
  }

  var differences: [RowDifference] { state.withLock { $0.differences } }

  /// How many differences more are wanted.
  var missingDifferences: Int { max(0, differenceLimit - differences.count) }

  func add(_ differences: [RowDifference]) {
    state.withLock { state in
      let room = max(0, differenceLimit - state.differences.count)
      state.differences += differences.prefix(room)
    }
  }

  /// Takes the run, to carry it out or to end it before.
  /// - Returns: false when it was taken already.
  func take() -> Bool {
    state.withLock { state in
      defer { state.isTaken = true }
      return !state.isTaken
    }
  }

  /// Asks for an end; the first who asks says how.
  func askToEnd(_ ending: RunEnding) {
    state.withLock { $0.wantedEnding = $0.wantedEnding ?? ending }
    endWanted.signal()
  }

  /// How the run is to end, once somebody asks; nil when the task is cancelled before. For one task.
  func askedEnding() async -> RunEnding? {
    while !Task.isCancelled {
      if let ending = state.withLock({ $0.wantedEnding }) { return ending }
      await endWanted.wait()
    }
    return nil
  }

  /// What is to be written down; nil when nothing changed since `recorded` was last called.
  func unrecorded() -> RunMachine? {
    state.withLock { $0.machine == $0.recorded ? nil : $0.machine }
  }

  func recorded(_ machine: RunMachine) { state.withLock { $0.recorded = machine } }

  /// Tells those who watch how the run stands, if that changed. A slow one misses what is between.
  func tell() {
    state.withLock { state in
      let run = state.machine.run
      guard run != state.told else { return }
      state.told = run
      for watcher in state.watchers.values { watcher.yield(run) }
    }
  }

  /// Ends the run for those who watch; to be called when the end is recorded.
  func close(_ final: StoredRun) {
    // Outside the lock: the end of a watch comes back here, to be forgotten.
    let watchers = state.withLock { state in
      state.told = final
      defer { state.watchers = [:] }
      return state.watchers.values.map { $0 }
    }
    for watcher in watchers {
      watcher.yield(final)
      watcher.finish()
    }
  }

  /// The run as it is now, then after changes, until it has ended.
  func watch() -> AsyncStream<StoredRun> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { watcher in
      state.withLock { state in
        watcher.yield(state.told.status.isFinal ? state.told : state.machine.run)
        guard !state.told.status.isFinal else { return watcher.finish() }
        let number = state.nextWatcher
        state.nextWatcher += 1
        state.watchers[number] = watcher
        watcher.onTermination = { [weak self] _ in self?.forget(number) }
      }
    }
  }

  private func forget(_ watcher: Int) {
    state.withLock { _ = $0.watchers.removeValue(forKey: watcher) }
  }
}
