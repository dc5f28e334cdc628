import Destination
import SQLDatabase
import SyncModel

/// A row version and which copy of it, as the ledger counts them: so one row that several runs rejected
/// is one row, and two equal rows are two (design, decision 2).
struct RowVersion {
  var updatedAt: Timestamp
  var fingerprint: RowFingerprint
  /// From 1; nil where it is not counted yet.
  var copy: Int64?
}

/// Writes the row log in a batch's transaction, and keeps it true: a rejected row that is applied later,
/// whoever brings it, is rejected no more.
struct RowLog {
  private let connection: any SQLConnection
  private let sync: SyncRecord
  private let options: RowLogOptions
  private let now: Timestamp
  private let insert: any SQLStatement
  private let settle: any SQLStatement
  private let rejectAgain: any SQLStatement
  private let find: any SQLStatement
  /// Only rows up to here, or from `futureLow` on, can be in the log: a future stamp must not have every
  /// row looked up.
  private let high: Int64?
  private let futureLow: Int64?
  private var sealer: RowSealer?
  private var sealedBytes: Int64
  private var newBytes: Int64 = 0
  /// How many copies of versions that the ledger did not count came in this batch.
  private var copies: [RowFingerprint: Int64] = [:]

  /// - Parameter limit: stamps beyond it are in the future.
  init(
    _ sync: SyncRecord,
    limit: Timestamp,
    options: RowLogOptions,
    now: Timestamp,
    _ connection: any SQLConnection
  ) throws {
    let bounds: [SQLValue] = [.integer(sync.id), .integer(limit.nanoseconds)]
    let high = try connection.first(
      """
      SELECT max(updated_at) FROM rejected_rows
      WHERE sync = ?1 AND hash IS NOT NULL AND updated_at <= ?2
      """,
      bounds
    ) { $0.optionalInt64(0) }
    let futureLow = try connection.first(
      """
      SELECT min(updated_at) FROM rejected_rows
      WHERE sync = ?1 AND hash IS NOT NULL AND updated_at > ?2
      """,
      bounds
    ) { $0.optionalInt64(0) }
    // What became of a deleted sync's rows is history: this one reads them anew.
    let version = """
      sync = ?1 AND updated_at = ?2 AND hash = ?3 AND copy = ?4 AND incarnation = ?5
      """
    insert = try connection.prepare(
      """
      INSERT INTO rejected_rows (sync, updated_at, hash, copy, run_id, batch, row_index, identifier,
        code, message, rejected_at, is_warning, sealed, incarnation)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
      """
    )
    settle = try connection.prepare(
      """
      UPDATE rejected_rows SET outcome = ?6, outcome_at = ?7, outcome_run_id = ?8
      WHERE \(version) AND outcome IS NULL
      """
    )
    rejectAgain = try connection.prepare(
      """
      UPDATE rejected_rows SET code = ?6, message = ?7, retried_at = ?8
      WHERE \(version) AND outcome IS NULL
      """
    )
    find = try connection.prepare(
      """
      SELECT 1 FROM rejected_rows
      WHERE \(version) AND outcome = 'applied' AND outcome_run_id IS NULL
      """
    )
    self.connection = connection
    self.sync = sync
    self.options = options
    self.now = now
    self.high = high ?? nil
    self.futureLow = futureLow ?? nil
    sealedBytes = sync.sealedBytes
  }

  func mayHold(_ updatedAt: Timestamp) -> Bool {
    let stamp = updatedAt.nanoseconds
    if let high, stamp <= high { return true }
    if let futureLow, stamp >= futureLow { return true }
    return false
  }

  /// Numbers a copy that the ledger did not: no earlier batch had one, so it counts those of this batch.
  mutating func number(_ version: inout RowVersion) -> Int64 {
    if let copy = version.copy { return copy }
    let copy = copies[version.fingerprint, default: 0] + 1
    copies[version.fingerprint] = copy
    version.copy = copy
    return copy
  }

  // MARK: Writing

  mutating func append(
    _ row: SourceRow,
    _ version: inout RowVersion,
    at place: RowPlace,
    _ issue: RowIssue
  ) throws {
    let copy = number(&version)
    let sealed = try seal(row, version, at: place)
    try version.fingerprint.withBytes { hash in
      insert.bind(blob: hash, at: 3)
      insert.bind(copy, at: 4)
      guard let sealed else {
        insert.bindNull(at: 13)
        return try append(row, at: place, issue, isWarning: false)
      }
      try sealed.withUnsafeBytes { bytes in
        insert.bind(blob: bytes, at: 13)
        try append(row, at: place, issue, isWarning: false)
      }
    }
  }

  /// A warning of a row that was applied: nothing of it is left to retry.
  func appendWarning(_ row: SourceRow, at place: RowPlace, _ issue: RowIssue) throws {
    insert.bindNull(at: 3)
    insert.bind(1, at: 4)
    insert.bindNull(at: 13)
    try append(row, at: place, issue, isWarning: true)
  }

  private func append(
    _ row: SourceRow,
    at place: RowPlace,
    _ issue: RowIssue,
    isWarning: Bool
  ) throws {
    insert.bind(sync.id, at: 1)
    insert.bind(row.updatedAt.nanoseconds, at: 2)
    insert.bind(text: place.runID, at: 5)
    insert.bind(Int64(bitPattern: place.batch), at: 6)
    insert.bind(Int64(place.index), at: 7)
    insert.bind(text: RowIdentifierText.describe(row), at: 8)
    insert.bind(text: issue.code, at: 9)
    insert.bind(text: issue.message, at: 10)
    insert.bind(now.nanoseconds, at: 11)
    insert.bind(isWarning ? 1 : 0, at: 12)
    insert.bind(Int64(bitPattern: sync.incarnation), at: 14)
    try insert.run()
  }

  /// nil where there is no key, or no room.
  private mutating func seal(
    _ row: SourceRow,
    _ version: RowVersion,
    at place: RowPlace
  ) throws -> [UInt8]? {
    guard let key = options.key, sealedBytes < options.sealedBytesPerSync else { return nil }
    var sealer = try self.sealer ?? RowSealer(key)
    let sealed = try sealer.seal(row, version, at: place)
    self.sealer = sealer
    guard let sealed, Int64(sealed.count) <= options.sealedBytesPerSync - sealedBytes else {
      return nil
    }
    sealedBytes += Int64(sealed.count)
    newBytes += Int64(sealed.count)
    return sealed
  }

  /// Writes what the batch added up.
  mutating func finish() throws {
    guard newBytes > 0 else { return }
    try connection.execute(
      "UPDATE syncs SET sealed_bytes = sealed_bytes + ?2 WHERE id = ?1",
      [.integer(sync.id), .integer(newBytes)]
    )
    newBytes = 0
  }

  // MARK: What became of a row

  /// Marks every entry of the row: nobody tries it again.
  /// - Parameter runID: the run that read it again; nil for a retry.
  mutating func settle(_ version: inout RowVersion, _ outcome: RowOutcome, runID: String?) throws {
    let now = now.nanoseconds
    try update(settle, &version) { statement in
      statement.bind(text: outcome.name, at: 6)
      statement.bind(now, at: 7)
      statement.bind(text: runID, at: 8)
    }
  }

  /// Every entry of the row has the new reason.
  mutating func rejectAgain(_ version: inout RowVersion, _ issue: RowIssue) throws {
    let now = now.nanoseconds
    try update(rejectAgain, &version) { statement in
      statement.bind(text: issue.code, at: 6)
      statement.bind(text: issue.message, at: 7)
      statement.bind(now, at: 8)
    }
  }

  /// Whether a retry applied it.
  mutating func wasRetried(_ version: inout RowVersion) throws -> Bool {
    let copy = number(&version)
    return try version.fingerprint.withBytes { hash in
      bind(find, version.updatedAt, hash, copy)
      return try find.firstRow { _ in true } ?? false
    }
  }

  private mutating func update(
    _ statement: any SQLStatement,
    _ version: inout RowVersion,
    _ body: (any SQLStatement) -> Void
  ) throws {
    let copy = number(&version)
    try version.fingerprint.withBytes { hash in
      bind(statement, version.updatedAt, hash, copy)
      body(statement)
      try statement.run()
    }
  }

  private func bind(
    _ statement: any SQLStatement,
    _ updatedAt: Timestamp,
    _ hash: UnsafeRawBufferPointer,
    _ copy: Int64
  ) {
    statement.bind(sync.id, at: 1)
    statement.bind(updatedAt.nanoseconds, at: 2)
    statement.bind(blob: hash, at: 3)
    statement.bind(copy, at: 4)
    statement.bind(Int64(bitPattern: sync.incarnation), at: 5)
  }
}
