import SQLDatabase
import SyncModel

/// A cursor that was moved by hand, as it is kept (reliability, I4: only by an audited reset does a
/// position fall).
struct StoredCursorMove: Sendable, Equatable {
  enum Outcome: String, Sendable {
    /// Written down before the writer is asked.
    case asked
    case moved
    case failed
  }

  /// The writer knows the move by it.
  var id: String
  var workspace: String
  var sync: String
  var epoch: Int64
  var movedAt: Timestamp
  var movedBy: String
  /// nil: the beginning.
  var from: Timestamp?
  var to: Timestamp?
  var rowsAgain: Int64
  var rowsSkipped: Int64
  var outcome = Outcome.asked
}

extension SQLConnection {
  func insert(_ move: StoredCursorMove) throws {
    try execute(
      """
      INSERT INTO cursor_moves (id, workspace, sync, epoch, moved_at, moved_by, from_position,
        to_position, rows_again, rows_skipped, outcome)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """,
      [
        .text(move.id), .text(move.workspace), .text(move.sync), .integer(move.epoch),
        .integer(move.movedAt.nanoseconds), .text(move.movedBy),
        SQLValue(move.from?.nanoseconds), SQLValue(move.to?.nanoseconds),
        .integer(move.rowsAgain), .integer(move.rowsSkipped), .text(move.outcome.rawValue),
      ]
    )
  }

  func endCursorMove(_ id: String, _ outcome: StoredCursorMove.Outcome) throws {
    try execute(
      "UPDATE cursor_moves SET outcome = ?2 WHERE id = ?1",
      [.text(id), .text(outcome.rawValue)]
    )
  }

  /// The newest first.
  func cursorMoves(workspace: String, sync: String, limit: Int) throws -> [StoredCursorMove] {
    try rows(
      """
      SELECT id, epoch, moved_at, moved_by, from_position, to_position, rows_again, rows_skipped,
        outcome
      FROM cursor_moves WHERE workspace = ?1 AND sync = ?2 ORDER BY epoch DESC LIMIT ?3
      """,
      [.text(workspace), .text(sync), .integer(Int64(limit))]
    ) { row in
      StoredCursorMove(
        id: row.string(0),
        workspace: workspace,
        sync: sync,
        epoch: row.int64(1),
        movedAt: Timestamp(nanoseconds: row.int64(2)),
        movedBy: row.string(3),
        from: row.optionalInt64(4).map(Timestamp.init(nanoseconds:)),
        to: row.optionalInt64(5).map(Timestamp.init(nanoseconds:)),
        rowsAgain: row.int64(6),
        rowsSkipped: row.int64(7),
        outcome: StoredCursorMove.Outcome(rawValue: row.string(8)) ?? .asked
      )
    }
  }
}
