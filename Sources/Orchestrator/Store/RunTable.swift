import SQLDatabase
import SyncModel

extension SQLConnection {
  private var runColumns: String {
    """
    run_id, workspace, sync, epoch, status, started_by, phase, rows_read, bytes_read, applied,
    unchanged, already_applied, superseded, skipped, rejected, rows_reported, cursor_position,
    started_at, finished_at, error_code, error_message, warnings, scheduled_for, progress_at
    """
  }

  func insert(_ run: StoredRun) throws {
    try execute(
      """
      INSERT INTO runs (\(runColumns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
        ?20, ?21, ?22, ?23, ?24)
      """,
      [
        .text(run.id), .text(run.workspace), .text(run.sync), .integer(run.epoch),
        .text(run.status.rawValue), .text(run.trigger), .text(run.phase.rawValue),
        .integer(run.rowsRead), .integer(run.bytesRead), .integer(run.counts.applied),
        .integer(run.counts.unchanged), .integer(run.counts.alreadyApplied),
        .integer(run.counts.superseded), .integer(run.counts.skipped),
        .integer(run.counts.rejected), SQLValue(run.rowsReported),
        SQLValue(run.cursor?.nanoseconds), .integer(run.startedAt.nanoseconds),
        .integer(run.finishedAt?.nanoseconds ?? 0), .text(run.errorCode),
        .text(run.errorMessage), .text(run.warnings.joined(separator: "\n")),
        .integer(run.scheduledFor?.nanoseconds ?? 0), .integer(run.progressAt.nanoseconds),
      ]
    )
  }

  /// Writes how a run stands. What has ended is not changed again.
  /// - Returns: how many runs that changed: 1, or 0.
  @discardableResult
  func update(_ run: StoredRun) throws -> Int {
    try execute(
      """
      UPDATE runs SET status = ?2, phase = ?3, rows_read = ?4, bytes_read = ?5, applied = ?6,
        unchanged = ?7, already_applied = ?8, superseded = ?9, skipped = ?10, rejected = ?11,
        rows_reported = ?12, cursor_position = ?13, finished_at = ?14, error_code = ?15,
        error_message = ?16, warnings = ?17, progress_at = ?18
      WHERE run_id = ?1 AND status = 'running'
      """,
      [
        .text(run.id), .text(run.status.rawValue), .text(run.phase.rawValue),
        .integer(run.rowsRead), .integer(run.bytesRead), .integer(run.counts.applied),
        .integer(run.counts.unchanged), .integer(run.counts.alreadyApplied),
        .integer(run.counts.superseded), .integer(run.counts.skipped),
        .integer(run.counts.rejected), SQLValue(run.rowsReported),
        SQLValue(run.cursor?.nanoseconds), .integer(run.finishedAt?.nanoseconds ?? 0),
        .text(run.errorCode), .text(run.errorMessage),
        .text(run.warnings.joined(separator: "\n")), .integer(run.progressAt.nanoseconds),
      ]
    )
  }

  func run(workspace: String, id: String) throws -> StoredRun? {
    try first(
      "SELECT \(runColumns) FROM runs WHERE run_id = ?1 AND workspace = ?2",
      [.text(id), .text(workspace)]
    ) { try StoredRun(row: $0) }
  }

  /// Newest first; of every sync where `sync` is empty.
  func runs(workspace: String, sync: String, limit: Int) throws -> [StoredRun] {
    if sync.isEmpty {
      return try rows(
        """
        SELECT \(runColumns) FROM runs WHERE workspace = ?1
        ORDER BY started_at DESC, epoch DESC, run_id LIMIT ?2
        """,
        [.text(workspace), .integer(Int64(limit))]
      ) { try StoredRun(row: $0) }
    }
    // By epoch, not by time: the wall clock may jump.
    return try rows(
      """
      SELECT \(runColumns) FROM runs WHERE workspace = ?1 AND sync = ?2
      ORDER BY epoch DESC LIMIT ?3
      """,
      [.text(workspace), .text(sync), .integer(Int64(limit))]
    ) { try StoredRun(row: $0) }
  }

  /// Ends runs that no process works on any more, and has their contacts told; nil: of every sync.
  /// - Returns: how many there were.
  func endAbandonedRuns(
    of sync: (workspace: String, name: String)?,
    over carriers: AlertCarriers,
    at now: Timestamp,
    newID: @Sendable () -> String
  ) throws -> Int {
    var values: [SQLValue] = []
    if let sync { values = [.text(sync.workspace), .text(sync.name)] }
    let abandoned = try rows(
      """
      SELECT \(runColumns) FROM runs WHERE status = 'running'
        \(sync == nil ? "" : "AND workspace = ?1 AND sync = ?2") ORDER BY started_at, run_id
      """,
      values
    ) { try StoredRun(row: $0) }
    for var run in abandoned {
      run.end(.processDied, at: now)
      try update(run)
      try enqueueAlerts(of: run, over: carriers, at: now, newID: newID)
    }
    return abandoned.count
  }

  /// The average of the rows that the last ten successful runs read; nil when there were fewer than
  /// three.
  func usualVolume(workspace: String, sync: String) throws -> Int64? {
    let rows = try rows(
      """
      SELECT rows_read FROM runs WHERE workspace = ?1 AND sync = ?2 AND status = 'success'
      ORDER BY epoch DESC LIMIT 10
      """,
      [.text(workspace), .text(sync)]
    ) { $0.int64(0) }
    return rows.count < 3 ? nil : rows.reduce(0) { $0 &+ $1 } / Int64(rows.count)
  }

  /// Forgets runs that ended before `time` (design, decision 7).
  func forgetRuns(endedBefore time: Timestamp) throws {
    try execute(
      "DELETE FROM runs WHERE finished_at > 0 AND finished_at < ?1",
      [.integer(time.nanoseconds)]
    )
  }
}

extension StoredRun {
  fileprivate init(row: any SQLRow) throws {
    guard let status = RunStatus(rawValue: row.string(4)),
      let phase = Phase(rawValue: row.string(6))
    else {
      throw Failure(
        "state_damaged",
        "the record of run \"\(row.string(0))\" cannot be read; restore the database",
        recovery: .needsOperator
      )
    }
    self.init(
      id: row.string(0),
      workspace: row.string(1),
      sync: row.string(2),
      epoch: row.int64(3),
      startedAt: Timestamp(nanoseconds: row.int64(17))
    )
    self.status = status
    self.phase = phase
    trigger = row.string(5)
    rowsRead = row.int64(7)
    bytesRead = row.int64(8)
    counts.applied = row.int64(9)
    counts.unchanged = row.int64(10)
    counts.alreadyApplied = row.int64(11)
    counts.superseded = row.int64(12)
    counts.skipped = row.int64(13)
    counts.rejected = row.int64(14)
    rowsReported = row.optionalInt64(15)
    cursor = row.optionalInt64(16).map(Timestamp.init(nanoseconds:))
    finishedAt = status.isFinal ? Timestamp(nanoseconds: row.int64(18)) : nil
    errorCode = row.string(19)
    errorMessage = row.string(20)
    warnings = row.string(21).split(separator: "\n").map(String.init)
    scheduledFor = row.int64(22) == 0 ? nil : Timestamp(nanoseconds: row.int64(22))
    progressAt = Timestamp(nanoseconds: row.int64(23))
  }
}
