import Destination
import SQLDatabase
import SyncModel

/// An operator's change of a sync's position: the one way by which it may fall (reliability, I4).
///
/// The run after it reads from the new position itself, not from an overlap before it. What is still
/// in the ledger stays there and is recognised; what was forgotten before is not.
enum SyncMove {
  static func move(
    _ move: PositionMove,
    now: Timestamp,
    _ connection: any SQLConnection
  ) throws -> PositionMoved {
    // Of an older incarnation nothing is true of this one.
    let known = try find(move.opening, connection).flatMap {
      $0.incarnation < move.opening.incarnation ? nil : $0
    }
    if move.isDryRun {
      if let known { try SyncFence.check(move.opening, isNotOlderThan: known) }
      return PositionMoved(previous: known?.position, knownFrom: known?.knownFrom)
    }
    if let known, known.incarnation == move.opening.incarnation,
      known.epoch == move.opening.epoch,
      known.runID.utf8.elementsEqual(move.opening.runID.utf8)
    {
      // The answer got lost.
      return PositionMoved(previous: known.opened.position, knownFrom: known.openedFloor)
    }
    _ = try SyncFence.open(move.opening, now: now, connection)
    guard let sync = try find(move.opening, connection) else { throw DamagedValue(what: "a sync") }
    let moved = PositionMoved(previous: sync.position, knownFrom: sync.knownFrom)
    try connection.execute(
      """
      UPDATE syncs SET position = ?2, ledger_floor = ?3, forgotten_until = ?4, opened_floor = ?5
      WHERE id = ?1
      """,
      [
        .integer(sync.id), SQLValue(move.position?.nanoseconds),
        SQLValue(floor(of: sync, after: move.position)?.nanoseconds),
        SQLValue(sync.knownFrom?.nanoseconds), SQLValue(moved.knownFrom?.nanoseconds),
      ]
    )
    return moved
  }

  /// - Forward: the rows between are left out, so the next run must not read below the new position.
  /// - Back to where the ledger still reaches: it goes on to.
  /// - Back past it: from the new position on, all is read, and put down again.
  private static func floor(of sync: SyncRecord, after position: Timestamp?) -> Timestamp? {
    guard let position else { return nil }
    guard let previous = sync.position, position <= previous else { return position }
    return sync.ledgerFloor.map { min($0, position) }
  }

  private static func find(
    _ opening: SyncOpening,
    _ connection: any SQLConnection
  ) throws -> SyncRecord? {
    guard let workspace = try Workspace.find(opening.workspace, connection) else { return nil }
    return try SyncRecord.find(workspace: workspace.id, name: opening.sync, connection)
  }
}
