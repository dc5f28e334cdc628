import Destination
import SQLDatabase
import SyncModel

/// The durable answers to the last batches of a sync, for callers whose answer got lost.
enum Receipts {
  /// So many are kept: more than a caller can have under way.
  static let kept: UInt64 = 64

  static func find(
    sync: Int64,
    number: UInt64,
    id: String,
    _ connection: any SQLConnection
  ) throws -> BatchReceipt? {
    let receipt = try connection.first(
      """
      SELECT batch_id, applied, unchanged, already_applied, superseded, skipped, rejected,
        position, future_rows, warnings
      FROM receipts WHERE sync = ?1 AND number = ?2
      """,
      [.integer(sync), .integer(Int64(bitPattern: number))]
    ) { row in
      var counts = RowCounts()
      counts.applied = row.int64(1)
      counts.unchanged = row.int64(2)
      counts.alreadyApplied = row.int64(3)
      counts.superseded = row.int64(4)
      counts.skipped = row.int64(5)
      counts.rejected = row.int64(6)
      return BatchReceipt(
        number: number,
        id: row.string(0),
        counts: counts,
        position: row.optionalInt64(7).map { Timestamp(nanoseconds: $0) },
        futureRows: row.int64(8),
        warnings: row.int64(9)
      )
    }
    guard let receipt, receipt.id.utf8.elementsEqual(id.utf8) else { return nil }
    return receipt
  }

  static func save(
    _ receipt: BatchReceipt,
    sync: Int64,
    _ connection: any SQLConnection
  ) throws {
    let counts = receipt.counts
    try connection.execute(
      """
      INSERT INTO receipts (sync, number, batch_id, applied, unchanged, already_applied,
        superseded, skipped, rejected, position, future_rows, warnings)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
      """,
      [
        .integer(sync), .integer(Int64(bitPattern: receipt.number)), .text(receipt.id),
        .integer(counts.applied), .integer(counts.unchanged), .integer(counts.alreadyApplied),
        .integer(counts.superseded), .integer(counts.skipped), .integer(counts.rejected),
        SQLValue(receipt.position?.nanoseconds), .integer(receipt.futureRows),
        .integer(receipt.warnings),
      ]
    )
    guard receipt.number > kept else { return }
    try connection.execute(
      "DELETE FROM receipts WHERE sync = ?1 AND number <= ?2",
      [.integer(sync), .integer(Int64(bitPattern: receipt.number - kept))]
    )
  }
}
