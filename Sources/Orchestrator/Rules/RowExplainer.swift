import OrchestratorAPI
import SyncModel
import WriterAPI

/// Why a row was or was not applied, from what the source, the writer and the row log say of it.
/// Decides; asks nobody.
struct RowExplainer {
  /// Of the sync.
  var sync: StoredSync
  /// The writer's durable position, and where the next run reads from; nil: from the beginning.
  var position: Timestamp?
  var readFrom: Timestamp?
  var warehouseTime: Timestamp
  /// The schedule's next slot; nil without one.
  var nextRun: Timestamp?
  var isRunning = false
  /// So far back the records of the sync's runs go, if it was there then.
  var recordsSince = Timestamp.earliest

  enum Reason: String {
    /// A run took it, and the profile has what it says.
    case applied
    /// A run took it; the profile does not show it any more.
    case alreadyApplied = "already_applied"
    /// A run took it, and it said what the profile had.
    case unchanged
    case superseded
    case rejected
    case skipped
    /// The next run reads it.
    case waiting
    /// No run will read it, and none has.
    case beforeCursor = "before_cursor"
    case noUpdatedAt = "no_updated_at"
    case notInSource = "not_in_source"
  }

  struct Explanation: Equatable {
    var reason: Reason
    var message: String
    var code = ""
    var runID = ""
  }

  /// - Parameters:
  ///   - row: what the writer says of it, as if its ledger did not have it.
  ///   - logged: the same row's entry in the row log, where it was rejected.
  ///   - setBy: the run that put down what the row says, where it is recorded.
  func explain(
    _ row: RowEvaluation,
    logged: RejectedRow?,
    setBy: StoredRun?
  ) -> Explanation {
    let stamp = Timestamp(nanoseconds: row.updatedAt)
    let isAhead = readFrom.map { stamp >= $0 } ?? true
    if let logged, row.known || !isAhead || row.outcome == "rejected" {
      return rejected(row, logged)
    }
    // Not taken, and inside what the next run reads.
    if isAhead, !row.known { return waiting(row, stamp) }
    switch row.outcome {
    case "superseded": return superseded(row)
    case "skipped":
      return Explanation(
        reason: .skipped,
        message: "it is skipped: \(Self.clause(row.message))",
        code: row.code
      )
    case "rejected":
      return Explanation(
        reason: .rejected,
        message:
          "it is rejected: \(Self.clause(row.message)); the row log has no entry of it any more",
        code: row.code
      )
    default: break
    }
    if !row.setByRun.isEmpty {
      return isFormer(row, setBy) ? former(row) : applied(row, setBy)
    }
    if row.known { return taken(row) }
    return beforeCursor(row, stamp)
  }

  /// Of rows without UPDATED_AT.
  static func unstamped(_ count: Int64) -> Explanation {
    Explanation(
      reason: .noUpdatedAt,
      message:
        "\(count == 1 ? "1 row has" : "\(count) rows have") no UPDATED_AT, and a run never reads such a row: set it"
    )
  }

  // MARK: Parts

  private func rejected(_ row: RowEvaluation, _ logged: RejectedRow) -> Explanation {
    var message = "run \(logged.runId) rejected it: \(Self.clause(logged.message))"
    if row.outcome != "rejected" {
      message += "; now it would be \(Self.words(row.outcome)), but no run reads it again by itself"
    }
    message += "; correct the row and set its UPDATED_AT to now"
    return Explanation(
      reason: .rejected,
      message: message,
      code: logged.code,
      runID: logged.runId
    )
  }

  private func superseded(_ row: RowEvaluation) -> Explanation {
    var message = "newer values are there already"
    if let newer = row.attributes.first(where: { $0.setAt ?? .min > row.updatedAt }),
      let setAt = newer.setAt
    {
      message +=
        ": attribute \(newer.name) was set by a row with UPDATED_AT \(Self.text(setAt))"
        + (newer.setByRun.isEmpty ? "" : " (run \(newer.setByRun) of sync \"\(newer.setBySync)\")")
    }
    return Explanation(reason: .superseded, message: message)
  }

  private func applied(_ row: RowEvaluation, _ run: StoredRun?) -> Explanation {
    // A run's own counts tell the two apart where it had rows of one kind only.
    let isUnchanged = run.map { $0.counts.applied == 0 && $0.counts.unchanged > 0 } ?? false
    let who =
      "run \(row.setByRun)" + (row.setBySync == sync.name ? "" : " of sync \"\(row.setBySync)\"")
    guard !isUnchanged else {
      return Explanation(
        reason: .unchanged,
        message: "\(who) read it, and the profile said the same already",
        runID: row.setByRun
      )
    }
    let mixed = run.map { $0.counts.unchanged > 0 } ?? false
    return Explanation(
      reason: .applied,
      message: row.activity.isEmpty
        ? "\(who) took it\(mixed ? ", or confirmed what was there" : ""), and the profile has what it says"
        : "\(who) put it down: \(row.activity)",
      runID: row.setByRun
    )
  }

  /// Whether a deleted sync of this name set it: of this one every run would be on record.
  private func isFormer(_ row: RowEvaluation, _ run: StoredRun?) -> Bool {
    run == nil && row.setBySync.utf8.elementsEqual(sync.name.utf8)
      && sync.createdAt > recordsSince
  }

  private func former(_ row: RowEvaluation) -> Explanation {
    let run = "run \(row.setByRun) of the deleted sync of this name"
    guard !row.activity.isEmpty else {
      return Explanation(
        reason: .unchanged,
        message: "the profile says the same already: \(run) set it"
      )
    }
    if row.known { return taken(row) }
    return Explanation(
      reason: .beforeCursor,
      message:
        "\(run) put it down: \(row.activity); this sync has not, as its runs read from \(Self.text(readFrom?.nanoseconds ?? 0)) on, and it is older"
    )
  }

  /// The ledger has it, the profile does not show it.
  private func taken(_ row: RowEvaluation) -> Explanation {
    row.outcome == "unchanged"
      ? Explanation(reason: .unchanged, message: "a run took it, and the profile has what it says")
      : Explanation(
        reason: .alreadyApplied,
        message:
          "a run took it, and it counts once only; the profile does not show it now: its user was unknown then, or was changed or deleted since"
      )
  }

  private func beforeCursor(_ row: RowEvaluation, _ stamp: Timestamp) -> Explanation {
    var message =
      "runs read from \(Self.text(readFrom?.nanoseconds ?? 0)) on, and it is older (\(Self.text(stamp.nanoseconds))): "
      + "it was committed late with an old UPDATED_AT, or what it said is gone from the profile since"
    message +=
      row.outcome == "unchanged"
      ? "; the profile says the same anyway"
      : "; set its UPDATED_AT to now, or rewind the cursor of sync \"\(sync.name)\""
    return Explanation(reason: .beforeCursor, message: message)
  }

  private func waiting(_ row: RowEvaluation, _ stamp: Timestamp) -> Explanation {
    var message: String
    if isRunning {
      message = "a run of the sync is going on and may take it"
    } else {
      switch sync.state {
      case .draft: message = "the sync is a draft: activate it, and its first run takes it"
      case .paused: message = "the sync is paused: activate it, and its next run takes it"
      case .active:
        message =
          nextRun.map { "the next run, at \(Self.text($0.nanoseconds)), takes it" }
          ?? "no run is scheduled: `sluice sync run \(sync.name)` takes it"
      }
    }
    if let position, stamp <= position {
      message += "; it was committed after the last run, within the overlap"
    }
    if stamp > warehouseTime {
      message += "; its UPDATED_AT is later than the warehouse's own clock"
    }
    message += "; it would be \(Self.words(row.outcome))"
    if !row.message.isEmpty { message += ": \(Self.clause(row.message))" }
    return Explanation(reason: .waiting, message: message, code: row.code)
  }

  private static func words(_ outcome: String) -> String {
    outcome == "already_applied" ? "already applied" : outcome
  }

  /// A sentence of its own, inside another one.
  private static func clause(_ sentence: String) -> String {
    sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
  }

  private static func text(_ nanoseconds: Int64) -> String {
    var sink = ByteSink(capacity: 40)
    Timestamp(nanoseconds: nanoseconds).appendRFC3339(into: &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }
}
