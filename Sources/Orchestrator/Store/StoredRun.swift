import SyncModel

/// A run as it is kept and shown.
struct StoredRun: Sendable, Equatable {
  enum Phase: String, Sendable {
    /// As many runs as may go on at once are going on.
    case queued
    case connecting
    /// The warehouse's compute is being started, which may take minutes.
    case startingWarehouse = "starting_warehouse"
    case querying
    case reading
    case finishing
    case finished
  }

  var id: String
  var workspace: String
  var sync: String
  var epoch: Int64
  var status = RunStatus.running
  /// `manual` or `schedule`.
  var trigger = "manual"
  /// The slot that it is for; nil for a manual one.
  var scheduledFor: Timestamp?
  var phase = Phase.queued
  var rowsRead: Int64 = 0
  var bytesRead: Int64 = 0
  var counts = RowCounts()
  /// nil where the warehouse does not say.
  var rowsReported: Int64?
  /// The last durable position that the writer told.
  var cursor: Timestamp?
  var startedAt: Timestamp
  /// When phase, rows or receipts last changed.
  var progressAt = Timestamp(nanoseconds: 0)
  /// nil while running.
  var finishedAt: Timestamp?
  var errorCode = ""
  var errorMessage = ""
  var warnings: [String] = []
  /// It changes nothing and is never stored.
  var isDryRun = false

  /// R142: what the sync was tested with is not there any more.
  var pausesSync: Bool { status == .configError && errorCode == "column_missing" }

  /// Ends the run.
  mutating func end(_ verdict: RunVerdict, at now: Timestamp) {
    status = verdict.status
    errorCode = verdict.code
    errorMessage = verdict.message
    warnings = verdict.warnings
    phase = .finished
    finishedAt = now
  }
}

/// How a run ended, in a form to be kept.
struct RunVerdict: Sendable, Equatable {
  var status: RunStatus
  /// Empty for `success` and `partial`.
  var code = ""
  var message = ""
  var warnings: [String] = []

  /// What an operator asked for.
  static let cancelled = RunVerdict(
    status: .cancelled,
    code: "cancelled",
    message: "the run was cancelled; what was receipted stays, and the next run continues there"
  )

  /// How a dry run ended that did not get to its end; nil for endings that say the same of both.
  static func dryRun(_ ending: RunEnding, rowLimit: Int64) -> RunVerdict? {
    switch ending {
    case .completed, .failed: nil
    case .limitExceeded:
      RunVerdict(
        status: .limitExceeded,
        code: "row_limit_exceeded",
        message:
          "the result has more than \(rowLimit) rows, the sync's row limit, where a run would end: raise the limit, or narrow the table or query"
      )
    case .stopped:
      RunVerdict(
        status: .cancelled,
        code: "interrupted",
        message: "the orchestrator was stopped during this dry run, which changed nothing"
      )
    case .cancelled:
      RunVerdict(
        status: .cancelled,
        code: "cancelled",
        message: "the dry run was cancelled; it changed nothing"
      )
    }
  }

  /// A run whose process ended under it.
  static let processDied = RunVerdict(
    status: .error,
    code: "interrupted",
    message:
      "the orchestrator stopped during this run; the next run continues at the writer's position"
  )
}
