import OrchestratorAPI
import ServiceRuntime
import SyncModel

extension Record {
  init(_ cursor: Cursor) {
    self.init(
      name: cursor.sync,
      fields: [
        "sync": .text(cursor.sync),
        "position": .time(cursor.position),
        // The exact integer that runs start from.
        "position_ns": .integer(orNull: cursor.position),
        "updated_at": .time(orNullIfZero: cursor.updatedAt),
        "moves": .list(
          cursor.moves.map { move in
            .object([
              "moved_at": .time(move.movedAt),
              "moved_by": .text(move.movedBy),
              "from": .time(move.from),
              "to": .time(move.to),
              "outcome": .text(move.outcome),
              "rows_again": .integer(move.rowsAgain),
              "rows_skipped": .integer(move.rowsSkipped),
            ])
          }
        ),
      ]
    )
  }

  init(_ move: MoveCursorResponse) {
    self.init(
      name: move.sync,
      fields: [
        "sync": .text(move.sync),
        "from": .time(move.from),
        "to": .time(move.to),
        "to_ns": .integer(orNull: move.to),
        "moved": .bool(move.moved),
        "rows_to_read": .integer(move.rowsToRead),
        "rows_again": .integer(move.rowsAgain),
        "rows_skipped": .integer(move.rowsSkipped),
        "warnings": .texts(move.warnings),
      ]
    )
  }

  static func cursorText(_ position: Int64?) -> String {
    position.map { Timestamp(nanoseconds: $0).rfc3339Text } ?? "the beginning"
  }
}
