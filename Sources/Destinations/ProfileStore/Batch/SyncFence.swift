import Destination
import SQLDatabase
import SyncModel

/// Who may write to a sync: the highest epoch that was opened, of its newest incarnation (design,
/// decision 3).
///
/// Raising the fence and reading the position are one step. With a fence alone, the holder of an
/// older epoch could apply one more batch after a new one had read the position; a model checker
/// found it.
enum SyncFence {
  static func open(
    _ opening: SyncOpening,
    now: Timestamp,
    _ connection: any SQLConnection
  ) throws -> SyncPosition {
    guard opening.overlap >= 0 else {
      throw Failure(
        "overlap_not_valid",
        "The overlap of sync \(opening.sync) is negative: it must be 0 or more",
        recovery: .needsOperator
      )
    }
    let workspace = try Workspace.findOrCreate(opening.workspace, connection).id
    guard
      let sync = try SyncRecord.find(workspace: workspace, name: opening.sync, connection)
    else {
      return try create(opening, workspace: workspace, now: now, connection)
    }
    try check(opening, isNotOlderThan: sync)
    if opening.incarnation > sync.incarnation {
      return try renew(sync, opening, now: now, connection)
    }
    guard opening.epoch >= sync.epoch else {
      throw staleEpoch(opening.sync, epoch: opening.epoch, current: sync)
    }
    if opening.epoch == sync.epoch {
      guard sync.runID.utf8.elementsEqual(opening.runID.utf8) else {
        throw staleEpoch(opening.sync, epoch: opening.epoch, current: sync)
      }
      // The answer got lost. Not what is true by now: a run that began to read again after it had
      // sent batches would count its own rows twice.
      return sync.opened
    }
    guard opening.data == sync.data else {
      throw Failure(
        "data_type_changed",
        "Sync \(opening.sync) holds \(sync.data.rawValue), and a sync's data type cannot change "
          + "to \(opening.data.rawValue): make a new sync",
        recovery: .needsOperator
      )
    }
    return try raise(opening, sync, now: now, connection)
  }

  /// Lets only the run pass that opened the sync last.
  static func check(_ batch: BatchToApply, _ sync: SyncRecord) throws {
    guard batch.incarnation >= sync.incarnation else { throw madeAnew(batch.sync) }
    guard batch.incarnation == sync.incarnation else { throw notOpen(batch) }
    guard batch.epoch >= sync.epoch else {
      throw staleEpoch(batch.sync, epoch: batch.epoch, current: sync)
    }
    guard batch.epoch == sync.epoch, sync.runID.utf8.elementsEqual(batch.runID.utf8) else {
      throw notOpen(batch)
    }
  }

  static func check(_ opening: SyncOpening, isNotOlderThan sync: SyncRecord) throws {
    guard opening.incarnation >= sync.incarnation else { throw madeAnew(opening.sync) }
  }

  static func notOpen(_ batch: BatchToApply) -> Failure {
    Failure(
      "sync_not_open",
      "Sync \(batch.sync) was not opened for run \(batch.runID) with epoch \(batch.epoch): a run "
        + "begins with OpenSync",
      recovery: .failRun
    )
  }

  private static func madeAnew(_ name: String) -> Failure {
    Failure(
      "stale_epoch",
      "Sync \(name) was deleted and made again; a run of the deleted one must not write to it any "
        + "more",
      recovery: .failRun
    )
  }

  private static func staleEpoch(
    _ name: String,
    epoch: UInt64,
    current: SyncRecord
  ) -> Failure {
    Failure(
      "stale_epoch",
      "Sync \(name) belongs to run \(current.runID) with epoch \(current.epoch); a run with epoch "
        + "\(epoch) must not write to it any more",
      recovery: .failRun
    )
  }

  private static func create(
    _ opening: SyncOpening,
    workspace: Int64,
    now: Timestamp,
    _ connection: any SQLConnection
  ) throws -> SyncPosition {
    try connection.execute(
      """
      INSERT INTO syncs (workspace, name, data, epoch, run_id, origin, overlap,
        update_existing_only, next_batch, opened_next_batch, skips_unchanged, incarnation)
      VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, 1, 1, ?8, ?9)
      """,
      [
        .integer(workspace), .name(opening.sync), .text(opening.data.rawValue),
        .integer(Int64(bitPattern: opening.epoch)), .text(opening.runID),
        .integer(opening.overlap), SQLValue(opening.updateExistingOnly),
        SQLValue(opening.skipsUnchanged), .integer(Int64(bitPattern: opening.incarnation)),
      ]
    )
    guard let sync = try SyncRecord.find(workspace: workspace, name: opening.sync, connection)
    else { throw DamagedValue(what: "a sync") }
    try setOrigin(of: sync, opening, now: now, connection)
    return sync.opened
  }

  private static func raise(
    _ opening: SyncOpening,
    _ sync: SyncRecord,
    now: Timestamp,
    _ connection: any SQLConnection
  ) throws -> SyncPosition {
    var sync = sync
    sync.overlap = opening.overlap
    let answer = SyncPosition(
      nextBatchNumber: sync.nextBatch,
      position: sync.position,
      readFrom: sync.floor(at: sync.position)
    )
    try connection.execute(
      """
      UPDATE syncs SET epoch = ?2, run_id = ?3, overlap = ?4, update_existing_only = ?5,
        opened_next_batch = ?6, opened_position = ?7, opened_read_from = ?8, opened_floor = ?9,
        skips_unchanged = ?10
      WHERE id = ?1
      """,
      [
        .integer(sync.id), .integer(Int64(bitPattern: opening.epoch)), .text(opening.runID),
        .integer(opening.overlap), SQLValue(opening.updateExistingOnly),
        .integer(Int64(bitPattern: answer.nextBatchNumber)),
        SQLValue(answer.position?.nanoseconds), SQLValue(answer.readFrom?.nanoseconds),
        SQLValue(sync.ledgerFloor?.nanoseconds), SQLValue(opening.skipsUnchanged),
      ]
    )
    try setOrigin(of: sync, opening, now: now, connection)
    return answer
  }

  /// The sync was deleted and made again: it begins as one that was never opened, of the data type that
  /// it has now. Profiles, and who set what in them, stay as they are, and so does the row log.
  private static func renew(
    _ sync: SyncRecord,
    _ opening: SyncOpening,
    now: Timestamp,
    _ connection: any SQLConnection
  ) throws -> SyncPosition {
    for table in ["ledger", "receipts"] {
      try connection.execute("DELETE FROM \(table) WHERE sync = ?1", [.integer(sync.id)])
    }
    try connection.execute(
      """
      UPDATE syncs SET incarnation = ?2, data = ?3, epoch = ?4, run_id = ?5, overlap = ?6,
        update_existing_only = ?7, skips_unchanged = ?8, next_batch = 1, opened_next_batch = 1,
        position = NULL, ledger_floor = NULL, forgotten_until = NULL, opened_position = NULL,
        opened_read_from = NULL, opened_floor = NULL
      WHERE id = ?1
      """,
      [
        .integer(sync.id), .integer(Int64(bitPattern: opening.incarnation)),
        .text(opening.data.rawValue), .integer(Int64(bitPattern: opening.epoch)),
        .text(opening.runID), .integer(opening.overlap), SQLValue(opening.updateExistingOnly),
        SQLValue(opening.skipsUnchanged),
      ]
    )
    try setOrigin(of: sync, opening, now: now, connection)
    return SyncPosition(nextBatchNumber: 1, position: nil, readFrom: nil)
  }

  /// Attributes remember who set them by a number: this is what it stands for.
  private static func setOrigin(
    of sync: SyncRecord,
    _ opening: SyncOpening,
    now: Timestamp,
    _ connection: any SQLConnection
  ) throws {
    try connection.execute(
      "INSERT INTO origins (sync, run_id, opened_at) VALUES (?1, ?2, ?3)",
      [.integer(sync.id), .text(opening.runID), .integer(now.nanoseconds)]
    )
    try connection.execute(
      "UPDATE syncs SET origin = (SELECT max(id) FROM origins) WHERE id = ?1",
      [.integer(sync.id)]
    )
  }
}
