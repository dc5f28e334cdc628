import Destination
import SQLDatabase
import SyncModel

/// Reads the row log: rows that were refused, and warnings of rows that were applied.
enum RejectedRows {
  /// R130: longer than that nothing is kept of single rows. In nanoseconds.
  private static let kept: Int64 = 30 * 86_400 * 1_000_000_000
  /// So many entries are deleted in one transaction.
  private static let expiredAtOnce: Int64 = 500
  /// A page ends when its sealed rows have so many bytes.
  static let pageBytes = 4_000_000

  /// What `RowRejection` is made of.
  static let columns = """
    id, run_id, batch, row_index, updated_at, identifier, code, message, rejected_at, is_warning,
    retried_at, outcome, outcome_at, outcome_run_id,
    CASE WHEN sealed IS NOT NULL AND incarnation =
      (SELECT incarnation FROM syncs WHERE syncs.id = rejected_rows.sync) THEN 1 ELSE 0 END
    """

  /// A page of a listing.
  struct Page {
    var rows: [RowRejection] = []
    /// The number to go on after; nil at the end.
    var last: Int64?
    var sealedOtherwise: Int64 = 0
    var damaged: Int64 = 0
  }

  /// The entries after the one with the number `after`, oldest first.
  /// - Parameter key: unseals payloads; nil where they are not wanted.
  static func page(
    _ query: RowLogQuery,
    key: RowLogKey?,
    after: Int64,
    count: Int,
    _ connection: any SQLConnection
  ) throws -> Page {
    guard let workspace = try Workspace.find(query.workspace, connection),
      let sync = try SyncRecord.find(workspace: workspace.id, name: query.sync, connection)
    else { return Page() }
    let statement = try connection.prepare(
      """
      SELECT \(columns), hash, copy
        \(key == nil ? "" : ", sealed")
      FROM rejected_rows WHERE sync = ?1 AND id > ?2 AND (?3 IS NULL OR run_id = ?3)
        AND (?4 IS NULL OR code = ?4) AND is_warning <= ?5
        AND (?6 = 0 OR (outcome IS NULL AND is_warning = 0 AND incarnation = ?8))
      ORDER BY id LIMIT ?7
      """
    )
    statement.bind(sync.id, at: 1)
    statement.bind(after, at: 2)
    statement.bind(text: query.runID, at: 3)
    statement.bind(text: query.code, at: 4)
    statement.bind(query.withWarnings ? 1 : 0, at: 5)
    statement.bind(query.onlyOpen ? 1 : 0, at: 6)
    statement.bind(count, at: 7)
    statement.bind(Int64(bitPattern: sync.incarnation), at: 8)
    defer { statement.reset() }
    var unsealer = key.map { RowUnsealer($0) }
    var page = Page()
    var bytes = 0
    while bytes < pageBytes, try statement.step() {
      var row = RowRejection(statement)
      if unsealer != nil, !statement.isNull(17) {
        let sealed = statement.blob(17)
        bytes += sealed.count
        let place = RowPlace(
          sync: sync.id,
          runID: row.runID,
          batch: row.batchNumber,
          index: row.rowIndex
        )
        let version = RowFingerprint(statement.blob(15)).map {
          RowVersion(updatedAt: row.updatedAt, fingerprint: $0, copy: statement.int64(16))
        }
        switch try version.flatMap({ try unsealer?.open(sealed, $0, at: place) }) {
        case .row(let content): content.forEachRow { row.payload = $1.payload.map { [UInt8]($0) } }
        case .sealedOtherwise: page.sealedOtherwise += 1
        case .damaged, nil: page.damaged += 1
        }
      }
      page.rows.append(row)
      page.last = statement.int64(0)
    }
    return page
  }

  /// Deletes a portion of what is too old; the sums of sealed bytes follow.
  /// - Returns: how many entries.
  static func forgetExpired(now: Timestamp, _ connection: any SQLConnection) throws -> Int {
    let expired = try connection.rows(
      """
      SELECT id, sync, length(sealed) FROM rejected_rows WHERE rejected_at < ?1
      ORDER BY rejected_at LIMIT ?2
      """,
      [
        .integer(now.advanced(byNanoseconds: -kept).nanoseconds), .integer(expiredAtOnce),
      ]
    ) { (id: $0.int64(0), sync: $0.int64(1), bytes: $0.int64(2)) }
    var freed: [Int64: Int64] = [:]
    for entry in expired {
      try connection.execute("DELETE FROM rejected_rows WHERE id = ?1", [.integer(entry.id)])
      freed[entry.sync, default: 0] += entry.bytes
    }
    for (sync, bytes) in freed where bytes > 0 {
      try connection.execute(
        "UPDATE syncs SET sealed_bytes = sealed_bytes - ?2 WHERE id = ?1",
        [.integer(sync), .integer(bytes)]
      )
    }
    return expired.count
  }
}

extension RowRejection {
  /// From a row that begins with `RejectedRows.columns`.
  init(_ row: any SQLRow) {
    let isWarning = row.int64(9) != 0
    func time(_ column: Int) -> Timestamp? {
      row.optionalInt64(column).map { Timestamp(nanoseconds: $0) }
    }
    let resolution = row.optionalString(11).map { outcome in
      RowResolution(
        outcome: outcome,
        at: Timestamp(nanoseconds: row.int64(12)),
        runID: row.optionalString(13)
      )
    }
    self.init(
      runID: row.string(1),
      batchNumber: UInt64(bitPattern: row.int64(2)),
      rowIndex: Int(truncatingIfNeeded: row.int64(3)),
      updatedAt: Timestamp(nanoseconds: row.int64(4)),
      identifier: row.string(5),
      issue: RowIssue(row.string(6), row.string(7)),
      isWarning: isWarning,
      rejectedAt: Timestamp(nanoseconds: row.int64(8)),
      retriedAt: time(10),
      resolution: resolution,
      isRetryable: !isWarning && resolution == nil && row.int64(14) != 0
    )
  }
}

extension SQLStatement {
  /// NULL for nil.
  func bind(text: String?, at parameter: Int) {
    if let text { bind(text: text, at: parameter) } else { bindNull(at: parameter) }
  }
}
