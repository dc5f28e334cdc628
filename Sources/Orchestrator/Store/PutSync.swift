import OrchestratorAPI
import SQLDatabase
import SyncModel

/// What putting a sync did.
struct PutOutcome: Sendable {
  var sync: StoredSync
  var source: StoredSource
  var change: Change
  /// What it read before, when that changed.
  var movedFrom: StoredSync?
  var wentToDraft = false
}

extension SQLConnection {
  /// Creates a sync or changes it, with the rules that need the other records.
  /// - Throws: `Failure` `source_not_found`, `data_type_immutable` (R136), `table_in_use` (R137).
  func put(_ wanted: StoredSync) throws -> PutOutcome {
    let source = try existingSource(workspace: wanted.workspace, name: wanted.source)
    let stored = try sync(workspace: wanted.workspace, name: wanted.name)
    if let stored, stored.data != wanted.data {
      throw Failure(
        "data_type_immutable",
        "sync \"\(stored.name)\" syncs \(stored.data.rawValue), and a sync's data type cannot change; create another sync for \(wanted.data.rawValue)",
        recovery: .needsOperator
      )
    }
    if !wanted.table.isEmpty,
      let other = try otherSync(
        workspace: wanted.workspace,
        source: wanted.source,
        table: wanted.table,
        than: wanted.name
      )
    {
      throw Failure(
        "table_in_use",
        "sync \"\(other)\" reads table \"\(wanted.table)\" of source \"\(wanted.source)\" already, and only one sync may; change that sync, or use a view of another name",
        recovery: .needsOperator
      )
    }
    guard let stored else {
      var created = wanted
      created.incarnation = try newIncarnation(at: wanted.createdAt)
      try insert(created)
      return PutOutcome(sync: created, source: source, change: .created)
    }
    if stored.saysTheSame(as: wanted) {
      return PutOutcome(sync: stored, source: source, change: .unchanged)
    }
    var changed = wanted
    changed.state = stored.state
    changed.tested = stored.tested
    changed.mappedColumns = stored.mappedColumns
    changed.incarnation = stored.incarnation
    changed.epoch = stored.epoch
    changed.cursor = stored.cursor
    changed.cursorAt = stored.cursorAt
    changed.createdAt = stored.createdAt
    // A changed schedule counts from now: its slots of the past are nobody's.
    changed.lastSlot =
      stored.schedule == wanted.schedule && stored.timeZone == wanted.timeZone
      ? stored.lastSlot : wanted.updatedAt.nanoseconds / 1_000_000_000
    let isMoved =
      stored.source != wanted.source || stored.table != wanted.table || stored.query != wanted.query
    var outcome = PutOutcome(sync: changed, source: source, change: .updated)
    if isMoved {
      outcome.movedFrom = stored
      outcome.wentToDraft = stored.state != .draft
      outcome.sync.state = .draft
    }
    try update(outcome.sync)
    return outcome
  }
}
