import WriterAPI

extension Record {
  init(_ row: RejectedRow) {
    self.init(
      name: row.identifier,
      fields: [
        "run_id": .text(row.runId),
        "batch_number": .unsigned(row.batchNumber),
        "row_index": .integer(Int64(row.rowIndex)),
        "updated_at": .time(row.updatedAt),
        "identifier": .text(row.identifier),
        "code": .text(row.code),
        "message": .text(row.message),
        "rejected_at": .time(row.rejectedAt),
        "warning": .bool(row.warning),
        "retryable": .bool(row.retryable),
        "retried_at": .time(row.retriedAt),
        "outcome": .text(orNull: row.outcome),
        "outcome_at": .time(row.outcomeAt),
        "outcome_run_id": .text(orNull: row.outcomeRunId),
        // Text, not JSON: that it is no JSON may be why the row was rejected.
        "payload": row.payload.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .null,
      ]
    )
  }

  static let rejectedRowColumns = [
    Column("IDENTIFIER", "identifier"), Column("UPDATED_AT", "updated_at"), Column("CODE", "code"),
    Column("MESSAGE", "message"),
  ]

  static let rowCodeColumns = [
    Column("CODE", "code"), Column("ROWS", "rows", .right),
    Column("STILL REJECTED", "still_rejected", .right), Column("RETRYABLE", "retryable", .right),
    Column("MESSAGE", "message"),
  ]

  init(_ total: RetriedRows, of request: RetryRowsRequest) {
    self.init(
      name: request.sync,
      fields: [
        "sync": .text(request.sync),
        "run_id": .text(orNull: request.runId),
        "applied": .integer(total.applied),
        "unchanged": .integer(total.unchanged),
        "superseded": .integer(total.superseded),
        "skipped": .integer(total.skipped),
        "rejected": .integer(total.rejected),
        "warnings": .integer(total.warnings),
        "not_kept": .integer(total.notKept),
        "unreadable": .integer(total.unreadable),
      ]
    )
  }
}

/// How many rows there are of each code. Codes are few; rows may be many.
struct RowCodeCounts {
  private struct Count {
    var isWarning: Bool
    var rows: Int64 = 0
    var stillRejected: Int64 = 0
    var retryable: Int64 = 0
    /// Of the first row.
    var message: String
  }

  private var counts: [String: Count] = [:]

  mutating func add(_ row: RejectedRow) {
    var count = counts[row.code] ?? Count(isWarning: row.warning, message: row.message)
    count.rows += 1
    if !row.warning, row.outcome.isEmpty { count.stillRejected += 1 }
    if row.retryable { count.retryable += 1 }
    counts[row.code] = count
  }

  /// The most frequent first.
  var records: [Record] {
    counts.sorted { ($1.value.rows, $0.key) < ($0.value.rows, $1.key) }.map { code, count in
      Record(
        name: code,
        fields: [
          "code": .text(code),
          "warning": .bool(count.isWarning),
          "rows": .integer(count.rows),
          "still_rejected": .integer(count.stillRejected),
          "retryable": .integer(count.retryable),
          "message": .text(count.message),
        ]
      )
    }
  }
}

extension RetriedRows {
  static func += (a: inout RetriedRows, b: RetriedRows) {
    a.applied &+= b.applied
    a.unchanged &+= b.unchanged
    a.superseded &+= b.superseded
    a.skipped &+= b.skipped
    a.rejected &+= b.rejected
    a.warnings &+= b.warnings
    a.notKept &+= b.notKept
    a.unreadable &+= b.unreadable
  }

  /// How many rows it tells of.
  var count: Int64 {
    [applied, unchanged, superseded, skipped, rejected, notKept, unreadable].reduce(0, &+)
  }

  /// "3 rows retried: 2 applied, 1 rejected".
  var summary: String {
    let parts = [
      (applied, "applied"), (unchanged, "unchanged"), (superseded, "superseded"),
      (skipped, "skipped"), (rejected, "rejected"), (notKept, "not kept"),
      (unreadable, "unreadable"),
    ].filter { $0.0 != 0 }.map { "\(grouped($0.0)) \($0.1)" }
    return (count == 1 ? "1 row retried: " : "\(grouped(count)) rows retried: ")
      + parts.joined(separator: ", ")
  }
}
