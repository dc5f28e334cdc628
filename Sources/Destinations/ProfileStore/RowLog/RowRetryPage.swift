import Destination
import SQLDatabase
import SyncModel

/// A portion of a retry: rejected rows that are applied again, in one transaction with what the log
/// says of them.
///
/// Transactions never overlap, so a run of the same sync may go on beside it. The fence is not asked,
/// as neither ledger nor position move; a row that both have is applied by the one that comes first,
/// and the entry in the log tells the other.
struct RowRetryPage {
  var counts = RetriedRowCounts()
  /// The number to go on after; nil when nothing is left.
  var last: Int64?

  private struct Entry {
    var id: Int64
    var place: RowPlace
    /// nil for rows of old, whose content was not kept either.
    var version: RowVersion?
    var sealed: [UInt8]?
  }

  /// The greatest number of an entry so far.
  static func lastEntry(_ connection: any SQLConnection) throws -> Int64 {
    try connection.first("SELECT max(id) FROM rejected_rows") { $0.int64(0) } ?? 0
  }

  static func apply(
    _ retry: RowRetry,
    after: Int64,
    upTo end: Int64,
    key: RowLogKey,
    policy: PayloadPolicy,
    rowLog: RowLogOptions,
    world: World,
    _ connection: any SQLConnection
  ) throws -> RowRetryPage {
    var page = RowRetryPage()
    guard let workspace = try Workspace.find(retry.workspace, connection),
      let sync = try SyncRecord.find(workspace: workspace.id, name: retry.sync, connection)
    else { return page }
    let entries = try select(retry, sync, after: after, upTo: end, connection)
    guard let last = entries.last else { return page }
    page.last = last.id
    var run = try BatchRun(
      BatchToApply(
        workspace: retry.workspace,
        sync: retry.sync,
        incarnation: sync.incarnation,
        epoch: sync.epoch,
        number: 0,
        id: "",
        runID: "",
        positionLimit: world.now(),
        rows: .empty
      ),
      sync,
      workspace,
      isRetry: true,
      policy: policy,
      rowLog: rowLog,
      world: world,
      connection
    )
    var unsealer = RowUnsealer(key)
    var origins = RunOrigins(sync, connection)
    for entry in entries where try isOpen(entry.id, connection) {
      guard let sealed = entry.sealed, let version = entry.version else {
        // Whose it is stands in what was not kept.
        if retry.user == nil { page.counts.notKept += 1 }
        continue
      }
      switch try unsealer.open(sealed, version, at: entry.place) {
      case .sealedOtherwise: page.counts.sealedOtherwise += 1
      case .damaged: page.counts.damaged += 1
      case .row(let content):
        try content.forEachRow { _, row in
          guard retry.user.map({ row.names($0) }) ?? true else { return }
          run.sync.origin = try origins.origin(of: entry.place.runID)
          let result = try run.retry(row, version, at: entry.place)
          page.counts.outcomes.count(result.outcome)
          if result.isWarned { page.counts.warnings += 1 }
        }
      }
    }
    try run.finishRetry()
    return page
  }

  /// The next rejected rows, as many as a page holds. Of the entries of one row it takes the last that
  /// has its content. A deleted sync's are left out: the one of its name now reads those rows anew, and
  /// may be of another data type.
  private static func select(
    _ retry: RowRetry,
    _ sync: SyncRecord,
    after: Int64,
    upTo end: Int64,
    _ connection: any SQLConnection
  ) throws -> [Entry] {
    func isWanted(_ entry: String) -> String {
      """
      \(entry).sync = ?1 AND \(entry).id <= ?3 AND \(entry).is_warning = 0
        AND \(entry).outcome IS NULL AND \(entry).incarnation = ?7 AND (?4 IS NULL OR \(entry).run_id = ?4)
        AND (?5 IS NULL OR \(entry).code = ?5)
      """
    }
    let statement = try connection.prepare(
      """
      SELECT r.id, r.run_id, r.batch, r.row_index, r.updated_at, r.hash, r.copy, r.sealed
      FROM rejected_rows r WHERE \(isWanted("r")) AND r.id > ?2 AND NOT EXISTS (
        SELECT 1 FROM rejected_rows o WHERE \(isWanted("o")) AND o.id > r.id
          AND o.updated_at = r.updated_at AND o.hash = r.hash AND o.copy = r.copy
          AND o.sealed IS NOT NULL)
      ORDER BY r.id LIMIT ?6
      """
    )
    statement.bind(sync.id, at: 1)
    statement.bind(after, at: 2)
    statement.bind(end, at: 3)
    statement.bind(text: retry.runID, at: 4)
    statement.bind(text: retry.code, at: 5)
    statement.bind(ProfileStore.pageRows, at: 6)
    statement.bind(Int64(bitPattern: sync.incarnation), at: 7)
    defer { statement.reset() }
    var entries: [Entry] = []
    var bytes = 0
    while bytes < RejectedRows.pageBytes, try statement.step() {
      let sealed = statement.isNull(7) ? nil : statement.blob(7)
      bytes += sealed?.count ?? 0
      entries.append(
        Entry(
          id: statement.int64(0),
          place: RowPlace(
            sync: sync.id,
            runID: statement.string(1),
            batch: UInt64(bitPattern: statement.int64(2)),
            index: Int(truncatingIfNeeded: statement.int64(3))
          ),
          version: RowFingerprint(statement.blob(5)).map {
            RowVersion(
              updatedAt: Timestamp(nanoseconds: statement.int64(4)),
              fingerprint: $0,
              copy: statement.int64(6)
            )
          },
          sealed: sealed
        )
      )
    }
    return entries
  }

  /// An entry of the same row may have settled it a moment ago.
  private static func isOpen(_ id: Int64, _ connection: any SQLConnection) throws -> Bool {
    try connection.first(
      "SELECT 1 FROM rejected_rows WHERE id = ?1 AND outcome IS NULL",
      [.integer(id)]
    ) { _ in true } ?? false
  }
}

/// The numbers that stand for runs in what they set: a retried row counts as the run's that read it.
private struct RunOrigins {
  private let sync: SyncRecord
  private let connection: any SQLConnection
  private var known: (runID: String, origin: Int64)?

  init(_ sync: SyncRecord, _ connection: any SQLConnection) {
    self.sync = sync
    self.connection = connection
  }

  mutating func origin(of runID: String) throws -> Int64 {
    if let known, known.runID.utf8.elementsEqual(runID.utf8) { return known.origin }
    let found = try connection.first(
      "SELECT max(id) FROM origins WHERE sync = ?1 AND run_id = ?2",
      [.integer(sync.id), .text(runID)]
    ) { $0.optionalInt64(0) }
    let origin = (found ?? nil) ?? sync.origin
    known = (runID, origin)
    return origin
  }
}

extension SourceRow {
  /// Whether the identifier's columns hold just these bytes.
  fileprivate func names(_ user: ProfileIdentifier) -> Bool {
    func holds(_ column: UnsafeRawBufferPointer?, _ text: String) -> Bool {
      column?.elementsEqual(text.utf8) ?? false
    }
    return switch user {
    case .externalID(let text): holds(externalID, text)
    case .alias(let name, let label): holds(aliasName, name) && holds(aliasLabel, label)
    case .brazeID(let text): holds(brazeID, text)
    case .email(let text): holds(email, text)
    case .phone(let text): holds(phone, text)
    }
  }
}
