import Destination
import SQLDatabase
import SyncModel

/// The row log: rows that were refused, and warnings of rows that were applied, with the reason but
/// without the payload.
enum RejectedRows {
  /// Writes those of one batch.
  struct Log {
    private let statement: any SQLStatement
    private let sync: Int64
    private let batch: BatchToApply
    private let now: Timestamp

    init(
      _ sync: SyncRecord,
      _ batch: BatchToApply,
      now: Timestamp,
      _ connection: any SQLConnection
    ) throws {
      self.sync = sync.id
      self.batch = batch
      self.now = now
      statement = try connection.prepare(
        """
        INSERT INTO rejected_rows (sync, run_id, batch, row_index, updated_at, identifier, code,
          message, rejected_at, is_warning) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """
      )
    }

    func append(_ row: SourceRow, index: Int, _ issue: RowIssue, isWarning: Bool) throws {
      statement.bind(sync, at: 1)
      statement.bind(text: batch.runID, at: 2)
      statement.bind(Int64(bitPattern: batch.number), at: 3)
      statement.bind(Int64(index), at: 4)
      statement.bind(row.updatedAt.nanoseconds, at: 5)
      statement.bind(text: RowIdentifierText.describe(row), at: 6)
      statement.bind(text: issue.code, at: 7)
      statement.bind(text: issue.message, at: 8)
      statement.bind(now.nanoseconds, at: 9)
      statement.bind(isWarning ? 1 : 0, at: 10)
      try statement.run()
    }
  }

  /// The rows after the one with the number `after`, oldest first.
  static func page(
    workspace: String,
    sync name: String,
    runID: String?,
    withWarnings: Bool,
    after: Int64,
    count: Int,
    _ connection: any SQLConnection
  ) throws -> [(id: Int64, row: RowRejection)] {
    guard let workspace = try Workspace.find(workspace, connection),
      let sync = try SyncRecord.find(workspace: workspace.id, name: name, connection)
    else { return [] }
    return try connection.rows(
      """
      SELECT id, run_id, batch, row_index, updated_at, identifier, code, message, rejected_at,
        is_warning
      FROM rejected_rows WHERE sync = ?1 AND id > ?2 AND (?3 IS NULL OR run_id = ?3)
        AND is_warning <= ?5
      ORDER BY id LIMIT ?4
      """,
      [
        .integer(sync.id), .integer(after), SQLValue(runID), .integer(Int64(count)),
        SQLValue(withWarnings),
      ]
    ) { row in
      (
        row.int64(0),
        RowRejection(
          runID: row.string(1),
          batchNumber: UInt64(bitPattern: row.int64(2)),
          rowIndex: Int(truncatingIfNeeded: row.int64(3)),
          updatedAt: Timestamp(nanoseconds: row.int64(4)),
          identifier: row.string(5),
          issue: RowIssue(row.string(6), row.string(7)),
          isWarning: row.int64(9) != 0,
          rejectedAt: Timestamp(nanoseconds: row.int64(8))
        )
      )
    }
  }
}
