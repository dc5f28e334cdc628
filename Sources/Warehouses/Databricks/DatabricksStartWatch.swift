import SyncModel
import Warehouse

/// Follows a warehouse's start: a value that is told the time and what was seen.
struct DatabricksStartWatch {
  enum Verdict {
    case wait
    case tell(String)
    case fail((_ id: String) -> Failure)
  }

  private let timing: DatabricksTiming
  private let begin: ContinuousClock.Instant
  private var nextLook: ContinuousClock.Instant
  private var wasTold = false
  private(set) var isFirst = true
  private(set) var runningSince: ContinuousClock.Instant?

  init(_ timing: DatabricksTiming, now: ContinuousClock.Instant) {
    self.timing = timing
    begin = now
    nextLook = now + timing.firstLook
  }

  /// The first words, when the warehouse was known not to run.
  mutating func begins(_ state: DatabricksWarehouseState, _ id: String) -> String {
    isFirst = false
    wasTold = true
    return Self.starting(state.name.isEmpty ? id : state.name, state.isServerless, seconds: nil)
  }

  mutating func wantsLook(at now: ContinuousClock.Instant) -> Bool {
    isFirst = false
    guard now >= nextLook else { return false }
    nextLook = now + timing.nextLooks
    return true
  }

  /// - Parameter state: nil where we may not look: then only time counts.
  mutating func saw(
    _ state: DatabricksWarehouseState?,
    at now: ContinuousClock.Instant
  ) -> Verdict {
    let waited = begin.duration(to: now)
    guard let state else {
      if waited > timing.start { return .fail { [timing] in timedOut($0, timing) } }
      wasTold = true
      return .tell(
        "the statement waits for its SQL warehouse, \(waited.components.seconds) s so far"
      )
    }
    if state.isGone { return .fail(DatabricksFailure.warehouseGone) }
    if state.isRunning {
      // It waits for a slot, which is not the start's matter; still it may not wait for ever.
      return waited > timing.start * 2 ? .fail { [timing] in timedOut($0, timing) } : .wait
    }
    if state.failure != nil, state.state != "STARTING" {
      return .fail { DatabricksFailure.startFailed(state, $0) }
    }
    // Right after a request to start, the state may still read STOPPED (B.6).
    if state.state == "STOPPED", waited > timing.grace {
      return .fail { DatabricksFailure.startFailed(state, $0) }
    }
    if waited > timing.start { return .fail { [timing] in timedOut($0, timing) } }
    wasTold = true
    return .tell(Self.starting(state.name, state.isServerless, seconds: waited.components.seconds))
  }

  /// The statement runs.
  /// - Returns: what to say, if the start was spoken of.
  mutating func runs(at now: ContinuousClock.Instant) -> String? {
    if runningSince == nil { runningSince = now }
    guard wasTold else { return nil }
    wasTold = false
    return "the SQL warehouse runs, after \(begin.duration(to: now).components.seconds) s"
  }

  private static func starting(_ name: String, _ isServerless: Bool, seconds: Int64?) -> String {
    let usual =
      isServerless
      ? "a serverless one takes seconds" : "a classic or pro one takes two to five minutes"
    return
      "the SQL warehouse \(name) is starting\(seconds.map { ", \($0) s so far" } ?? ""); \(usual)"
  }
}

private func timedOut(_ id: String, _ timing: DatabricksTiming) -> Failure {
  DatabricksFailure.startTimedOut(id, after: timing.start)
}
