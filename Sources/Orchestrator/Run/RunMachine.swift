import SyncModel

/// How the work of a run ended, before anything is proved.
enum RunEnding: Sendable, Equatable {
  /// The whole result was read and every batch was receipted.
  case completed
  /// More rows than the sync's limit (R20).
  case limitExceeded
  case failed(Failure)
  /// The orchestrator was asked to stop.
  case stopped
  /// An operator asked for it.
  case cancelled
}

/// What a run has done so far, and what that makes of it in the end. Decides; does nothing itself.
struct RunMachine: Sendable, Equatable {
  private(set) var run: StoredRun
  /// Whether the writer said where the sync stands; before, `run.cursor` is only the last known.
  private(set) var knowsPosition = false
  private(set) var futureRows: Int64 = 0
  private(set) var rowsWithWarnings: Int64 = 0
  private(set) var batches: Int64 = 0
  private let limits: RunLimits

  init(_ run: StoredRun, limits: RunLimits) {
    self.run = run
    self.limits = limits
  }

  private var rowLimit: Int64 { limits.rowLimit }

  /// Whether anything moved since `other`.
  func isFurther(than other: RunMachine) -> Bool {
    run.phase != other.run.phase || run.rowsRead != other.run.rowsRead
      || run.counts != other.run.counts
  }

  mutating func moved(at now: Timestamp) { run.progressAt = now }

  mutating func enter(_ phase: StoredRun.Phase) { run.phase = phase }

  /// The writer's durable position at the run's start (design, decision 3).
  mutating func opened(at position: Timestamp?) {
    run.cursor = position
    knowsPosition = true
  }

  /// Rows came from the warehouse.
  /// - Returns: how the run must end when they pass a limit: they are not counted and must not be sent
  ///   (R20); nil when it may go on.
  mutating func read(rows: Int, bytes: Int) -> RunEnding? {
    let (total, overflow) = run.rowsRead.addingReportingOverflow(Int64(rows))
    guard !overflow, total <= rowLimit else { return .limitExceeded }
    if let problem = limits.breakers.problem(
      reading: total,
      of: limits.data,
      usual: limits.usualVolume
    ) {
      return .failed(problem)
    }
    run.rowsRead = total
    run.bytesRead &+= Int64(bytes)
    return nil
  }

  /// What the warehouse says of its result's length, where it says so.
  mutating func reported(rows: Int64?) { run.rowsReported = rows }

  /// A batch became durable: the cursor follows (design, decision 3).
  /// - Returns: why the run must end, when too many rows are rejected.
  mutating func receipted(_ receipt: BatchTally) -> Failure? {
    run.counts += receipt.counts
    run.cursor = receipt.position
    futureRows &+= receipt.futureRows
    rowsWithWarnings &+= receipt.warnings
    batches &+= 1
    return limits.breakers.problem(rejected: run.counts.rejected, of: run.counts.total)
  }

  mutating func end(_ ending: RunEnding, at now: Timestamp) {
    run.end(verdict(ending), at: now)
  }

  /// Ends the run as one whose process went away: how it really ended is not known to its records.
  mutating func interrupt(at now: Timestamp) { run.end(.processDied, at: now) }

  func verdict(_ ending: RunEnding) -> RunVerdict {
    if run.isDryRun, var verdict = RunVerdict.dryRun(ending, rowLimit: rowLimit) {
      verdict.warnings = warnings
      return verdict
    }
    var verdict =
      switch ending {
      case .completed: proved()
      case .limitExceeded:
        RunVerdict(
          status: .limitExceeded,
          code: "row_limit_exceeded",
          message:
            "the result has more than \(rowLimit) rows, the sync's row limit: raise the limit, or narrow the table or query; \(run.counts.total) rows before it are done"
        )
      case .failed(let failure):
        RunVerdict(
          status: failure.recovery == .needsOperator ? .configError : .error,
          code: failure.code,
          message: failure.code == "column_missing" ? failure.message + pausedText : failure.message
        )
      case .cancelled: RunVerdict.cancelled
      case .stopped:
        RunVerdict(
          status: .cancelled,
          code: "interrupted",
          message:
            "the orchestrator was stopped during this run; the next run continues at the writer's position"
        )
      }
    verdict.warnings = warnings
    return verdict
  }

  /// R142.
  private var pausedText: String {
    "; the sync is paused: put the column back, or change the sync, then `sluice sync test \(run.sync)` and `sluice sync activate \(run.sync)`"
  }

  /// Design, decision 6: a run succeeds only if every row that was read is accounted for, and the
  /// warehouse agrees on how many there were.
  private func proved() -> RunVerdict {
    let counts = run.counts
    guard counts.total == run.rowsRead else {
      return RunVerdict(
        status: .error,
        code: "proof_failed",
        message:
          "\(run.rowsRead) rows were read but the writer accounts for \(counts.total): do not trust this run, and run the sync again"
      )
    }
    if let reported = run.rowsReported, reported != run.rowsRead {
      return RunVerdict(
        status: .error,
        code: "proof_failed",
        message:
          "the warehouse reports \(reported) rows but \(run.rowsRead) were read: do not trust this run, and run the sync again"
      )
    }
    if counts.rejected == 0 { return RunVerdict(status: .success) }
    // R126: nothing was synced, which is no partial success.
    if counts.rejected == run.rowsRead {
      return RunVerdict(
        status: .error,
        code: "all_rows_rejected",
        message:
          run.isDryRun
          ? "every row that was read (\(run.rowsRead)) would be rejected; the differences say why"
          : "every row that was read (\(run.rowsRead)) was rejected, so nothing was synced; the run's rejected rows say why"
      )
    }
    return RunVerdict(status: .partial)
  }

  private var warnings: [String] {
    var warnings: [String] = []
    if run.isDryRun, batches > 1 {
      warnings.append(
        "the rows were looked at in \(batches) batches, each against the profiles as they are now: users with rows in more than one batch may be counted otherwise in a run"
      )
    }
    if futureRows > 0 {
      // Design, decision 4.
      warnings.append(
        "rows stamped later than the warehouse's own clock: \(futureRows); they \(run.isDryRun ? "would be" : "are") applied, but the cursor stays before them until their time has come"
      )
    }
    if rowsWithWarnings > 0 {
      warnings.append("rows applied with a warning: \(rowsWithWarnings)")
    }
    return warnings
  }
}

/// A receipt, checked.
struct BatchTally: Sendable, Equatable {
  var counts = RowCounts()
  var position: Timestamp?
  var futureRows: Int64 = 0
  var warnings: Int64 = 0
}

/// What a run must stay inside.
struct RunLimits: Sendable, Equatable {
  /// R20.
  var rowLimit: Int64
  var data = DataType.attributes
  var breakers = CircuitBreakers()
  /// The average of the runs before; nil when there were too few.
  var usualVolume: Int64?
}
