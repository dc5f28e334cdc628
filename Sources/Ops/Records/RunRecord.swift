import OrchestratorAPI
import SyncModel

extension Record {
  init(_ run: Run) {
    self.init(
      name: run.runId,
      fields: [
        "run_id": .text(run.runId),
        "workspace": .text(run.workspace),
        "sync": .text(run.sync),
        "status": .text(run.statusName),
        "trigger": .text(run.trigger),
        "phase": .text(run.phase),
        "rows_read": .integer(run.rowsRead),
        "applied": .integer(run.applied),
        "unchanged": .integer(run.unchanged),
        "already_applied": .integer(run.alreadyApplied),
        "superseded": .integer(run.superseded),
        "skipped": .integer(run.skipped),
        "rejected": .integer(run.rejected),
        "rows_reported": .integer(orNull: run.rowsReported),
        "cursor": .time(run.cursor),
        "started_at": .time(run.startedAt),
        "finished_at": .time(orNullIfZero: run.finishedAt),
        "error_code": .text(orNull: run.errorCode),
        "error_message": .text(orNull: run.errorMessage),
        "warnings": .texts(run.warnings),
        "bytes_read": .integer(run.bytesRead),
        "scheduled_for": .time(orNullIfZero: run.scheduledFor),
        "progress_at": .time(orNullIfZero: run.progressAt),
        "dry_run": .bool(run.dryRun),
      ]
    )
  }

  static let runColumns = [
    Column("RUN", "run_id"), Column("SYNC", "sync"), Column("STATUS", "status"),
    Column("READ", "rows_read", .right), Column("APPLIED", "applied", .right),
    Column("REJECTED", "rejected", .right), Column("STARTED", "started_at", .time),
    Column("FINISHED", "finished_at", .time),
  ]
}

extension Run {
  var statusName: String { status.model?.rawValue ?? "unknown" }

  var hasEnded: Bool { status != .running && status != .unspecified }

  /// How a command that waited for the run ends.
  var exitStatus: ExitStatus {
    switch status {
    case .success: .ok
    case .partial: .rejectedRows
    // It read to the end, and every single row was rejected.
    case .error where rejected > 0 && rejected == rowsRead: .rejectedRows
    default: .failure
    }
  }

  /// "1,000 rows read: 990 applied, 10 rejected"; outcomes that no row met are left out.
  var summary: String {
    let outcomes = [
      (applied, "applied"), (unchanged, "unchanged"), (alreadyApplied, "already applied"),
      (superseded, "superseded"), (skipped, "skipped"), (rejected, "rejected"),
    ].filter { $0.0 != 0 }.map { "\(grouped($0.0)) \($0.1)" }
    let rows = rowsRead == 1 ? "1 row read" : "\(grouped(rowsRead)) rows read"
    return outcomes.isEmpty ? rows : rows + ": " + outcomes.joined(separator: ", ")
  }
}

/// Thousands apart, for people: 1,234,567.
func grouped(_ number: Int64) -> String {
  let digits = String(number.magnitude)
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return number < 0 ? "-" + text : text
}
