import SyncModel
import Warehouse

/// How the cells of a result are one row: UPDATED_AT first, then the others.
struct SnowflakeRowShape: Sendable {
  let columns: [SourceColumn]
  private let isDate: Bool

  init(_ changes: SnowflakeChanges) {
    columns = changes.columns.entries.map(\.column)
    isDate = changes.instantType == "date"
  }

  /// The hot path. The row is good while the cells are lent.
  /// - Returns: nil for a row without UPDATED_AT.
  /// - Throws: `Failure` `bad_updated_at`.
  @inline(__always)
  func row(_ cells: JSONCells.Lent) throws -> SourceRow? {
    guard let text = cells[0] else { return nil }
    guard let updatedAt = isDate ? SnowflakeInstant.date(text) : SnowflakeInstant.timestamp(text)
    else { throw Self.badInstant }
    var row = SourceRow()
    row.updatedAt = updatedAt
    for index in 1..<columns.count {
      row.set(columns[index], cells[index])
      if columns[index] == .payload, cells.size(index) > RowBatchBuilder.maximumPayload {
        row.oversizedPayload = UInt64(cells.size(index))
      }
    }
    return row
  }

  static let badInstant = Failure(
    "bad_updated_at",
    "Snowflake wrote an UPDATED_AT in a form that is not known; please report it",
    recovery: .failRun
  )
}
