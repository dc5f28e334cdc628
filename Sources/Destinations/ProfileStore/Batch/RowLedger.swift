import SQLDatabase
import SyncModel

/// Recognises row versions that earlier epochs of a sync applied (design, decision 2).
///
/// A multiset: two equal rows are two events, so each version has a count. A run reads a version as
/// often as the source holds it; within one epoch the n-th sight of a version is new only when it
/// was applied fewer than n times before.
///
/// Most rows of a run are later than everything in the ledger; for those nothing is looked up, and
/// rows that the end of this very batch would forget are not put down at all.
struct RowLedger: ~Copyable {
  struct Entry: BitwiseCopyable {
    var updatedAt: Int64
    var fingerprint: RowFingerprint
  }

  private let sync: Int64
  private let epoch: Int64
  /// The batch's end forgets what is older.
  private let floorAfter: Timestamp?
  /// Versions older than this were forgotten before the run began: they cannot be told apart from
  /// those that were applied, and a run is told not to read them.
  private let forgotten: Timestamp?
  /// Only rows up to here, or from `futureLow` on, can be in the ledger.
  private let high: Int64?
  private let futureLow: Int64?
  private let select: any SQLStatement
  private let update: any SQLStatement
  private let insert: any SQLStatement
  private var fresh: TrivialStack<Entry>

  /// - Parameter limit: stamps beyond it are in the future, and say nothing of how far the ledger
  ///   reaches.
  init(
    _ sync: SyncRecord,
    limit: Timestamp,
    floorAfter: Timestamp?,
    _ connection: any SQLConnection
  ) throws {
    let bounds: [SQLValue] = [.integer(sync.id), .integer(limit.nanoseconds)]
    let high = try connection.first(
      "SELECT max(updated_at) FROM ledger WHERE sync = ?1 AND updated_at <= ?2",
      bounds
    ) { $0.optionalInt64(0) }
    let futureLow = try connection.first(
      "SELECT min(updated_at) FROM ledger WHERE sync = ?1 AND updated_at > ?2",
      bounds
    ) { $0.optionalInt64(0) }
    let select = try connection.prepare(
      """
      SELECT count, seen_epoch, seen_count FROM ledger
      WHERE sync = ?1 AND updated_at = ?2 AND hash = ?3
      """
    )
    let update = try connection.prepare(
      """
      UPDATE ledger SET count = ?4, seen_epoch = ?5, seen_count = ?6
      WHERE sync = ?1 AND updated_at = ?2 AND hash = ?3
      """
    )
    let insert = try connection.prepare(
      """
      INSERT INTO ledger (sync, updated_at, hash, count, seen_epoch, seen_count)
      VALUES (?1, ?2, ?3, ?4, ?5, ?4)
      """
    )
    self.sync = sync.id
    epoch = Int64(bitPattern: sync.epoch)
    self.floorAfter = floorAfter
    forgotten = sync.openedFloor
    self.high = high ?? nil
    self.futureLow = futureLow ?? nil
    self.select = select
    self.update = update
    self.insert = insert
    fresh = TrivialStack(capacity: 1024)
  }

  /// What the ledger says of a row that is read.
  enum Answer: Equatable {
    /// It was applied.
    case known
    /// It is to be applied, as the copy of its version with this number, from 1; nil where it need not
    /// be looked up: then no earlier batch has a copy.
    case new(copy: Int64?)
  }

  mutating func admit(_ updatedAt: Timestamp, _ fingerprint: RowFingerprint) throws -> Answer {
    if let forgotten, updatedAt < forgotten { return .known }
    let stamp = updatedAt.nanoseconds
    guard mayHold(stamp) else {
      if let floorAfter, updatedAt < floorAfter { return .new(copy: nil) }
      fresh.push(Entry(updatedAt: stamp, fingerprint: fingerprint))
      return .new(copy: nil)
    }
    return try fingerprint.withBytes { hash in
      guard var known = try lookUp(stamp, hash) else {
        try put(stamp, hash, count: 1)
        return .new(copy: 1)
      }
      if known.epoch != epoch { known.seen = 0 }
      known.seen += 1
      let isNew = known.seen > known.count
      update.bind(sync, at: 1)
      update.bind(stamp, at: 2)
      update.bind(blob: hash, at: 3)
      update.bind(max(known.count, known.seen), at: 4)
      update.bind(epoch, at: 5)
      update.bind(known.seen, at: 6)
      try update.run()
      return isNew ? .new(copy: known.seen) : .known
    }
  }

  /// Whether a run took this version of a row; false also for what is older than the ledger reaches.
  func holds(_ updatedAt: Timestamp, _ fingerprint: RowFingerprint) throws -> Bool {
    let stamp = updatedAt.nanoseconds
    guard mayHold(stamp) else { return false }
    return try fingerprint.withBytes { try lookUp(stamp, $0) }.map { $0.count > 0 } ?? false
  }

  /// Puts down what was new and forgets what is older than the floor.
  mutating func finish(_ connection: any SQLConnection) throws {
    var entries = UnsafeMutableBufferPointer(start: fresh.base, count: fresh.count)
    // In the order of the key, so that pages fill one after the other.
    entries.sort { a, b in
      if a.updatedAt != b.updatedAt { return a.updatedAt < b.updatedAt }
      let (x, y) = (a.fingerprint, b.fingerprint)
      return x.high == y.high ? x.low < y.low : x.high < y.high
    }
    var index = 0
    while index < entries.count {
      let entry = entries[index]
      var copies: Int64 = 0
      while index < entries.count, entries[index].updatedAt == entry.updatedAt,
        entries[index].fingerprint == entry.fingerprint
      {
        copies += 1
        index += 1
      }
      try entry.fingerprint.withBytes { try put(entry.updatedAt, $0, count: copies) }
    }
    fresh.truncate(to: 0)
    guard let floorAfter else { return }
    try connection.execute(
      "DELETE FROM ledger WHERE sync = ?1 AND updated_at < ?2",
      [.integer(sync), .integer(floorAfter.nanoseconds)]
    )
  }

  private func mayHold(_ stamp: Int64) -> Bool {
    if let high, stamp <= high { return true }
    if let futureLow, stamp >= futureLow { return true }
    return false
  }

  private func lookUp(
    _ stamp: Int64,
    _ hash: UnsafeRawBufferPointer
  ) throws -> (count: Int64, epoch: Int64, seen: Int64)? {
    select.bind(sync, at: 1)
    select.bind(stamp, at: 2)
    select.bind(blob: hash, at: 3)
    return try select.firstRow { ($0.int64(0), $0.int64(1), $0.int64(2)) }
  }

  private func put(_ stamp: Int64, _ hash: UnsafeRawBufferPointer, count: Int64) throws {
    insert.bind(sync, at: 1)
    insert.bind(stamp, at: 2)
    insert.bind(blob: hash, at: 3)
    insert.bind(count, at: 4)
    insert.bind(epoch, at: 5)
    try insert.run()
  }
}
