import Destination
import SQLDatabase
import SyncModel

/// What the store keeps of a sync: its fence, its position and how far its ledger reaches back.
struct SyncRecord {
  var id: Int64
  var workspace: Int64
  var data: DataType
  /// Which sync of this name it is: a greater one is made anew, after the one before was deleted.
  var incarnation: UInt64
  var epoch: UInt64
  var runID: String
  /// The row of `origins` that stands for the run.
  var origin: Int64
  var overlap: Int64
  var updateExistingOnly: Bool
  var skipsUnchanged: Bool
  var nextBatch: UInt64
  var position: Timestamp?
  /// Row versions from here on are in the ledger; older ones are forgotten. nil: none is forgotten.
  var ledgerFloor: Timestamp?
  /// Set by a move back past the ledger's floor to where the floor was: row versions between the
  /// position and here may have been applied, and are not in the ledger.
  var forgottenUntil: Timestamp?
  /// What the opening of this epoch was answered.
  var opened: SyncPosition
  /// The ledger's floor at the opening.
  var openedFloor: Timestamp?
  /// What its rows in the row log have of sealed content, in bytes.
  var sealedBytes: Int64

  private static let columns = """
    id, workspace, data, epoch, run_id, origin, overlap, update_existing_only, next_batch, \
    position, ledger_floor, opened_next_batch, opened_position, opened_read_from, opened_floor, \
    sealed_bytes, forgotten_until, skips_unchanged, incarnation
    """

  static func find(
    workspace: Int64,
    name: String,
    _ connection: any SQLConnection
  ) throws -> SyncRecord? {
    try connection.first(
      "SELECT \(columns) FROM syncs WHERE workspace = ?1 AND name = ?2",
      [.integer(workspace), .name(name)]
    ) { row in
      guard let data = DataType(rawValue: row.string(2)),
        // Origin and next batch, then the overlap: so that counting on cannot overflow.
        [5, 8].allSatisfy({ (0..<Int64.max).contains(row.int64($0)) }), row.int64(6) >= 0,
        row.int64(15) >= 0
      else { throw DamagedValue(what: "a sync") }
      return SyncRecord(row, data: data)
    }
  }

  private init(_ row: any SQLRow, data: DataType) {
    func time(_ column: Int) -> Timestamp? {
      row.optionalInt64(column).map { Timestamp(nanoseconds: $0) }
    }
    id = row.int64(0)
    workspace = row.int64(1)
    self.data = data
    epoch = UInt64(bitPattern: row.int64(3))
    runID = row.string(4)
    origin = row.int64(5)
    overlap = row.int64(6)
    updateExistingOnly = row.int64(7) != 0
    nextBatch = UInt64(bitPattern: row.int64(8))
    position = time(9)
    ledgerFloor = time(10)
    opened = SyncPosition(
      nextBatchNumber: UInt64(bitPattern: row.int64(11)),
      position: time(12),
      readFrom: time(13)
    )
    openedFloor = time(14)
    sealedBytes = row.int64(15)
    forgottenUntil = time(16)
    skipsUnchanged = row.int64(17) != 0
    incarnation = UInt64(bitPattern: row.int64(18))
  }

  /// Every row version from here on that was applied is in the ledger. nil: every one is.
  var knownFrom: Timestamp? {
    guard let forgottenUntil, position.map({ $0 < forgottenUntil }) ?? true else {
      return ledgerFloor
    }
    return forgottenUntil
  }

  /// The least time that the ledger must still know when the position is `position`.
  func floor(at position: Timestamp?) -> Timestamp? {
    guard let position else { return ledgerFloor }
    let wanted = position.advanced(byNanoseconds: 0 &- overlap)
    return ledgerFloor.map { max($0, wanted) } ?? wanted
  }

  /// Writes what a batch moves.
  func saveProgress(_ connection: any SQLConnection) throws {
    try connection.execute(
      "UPDATE syncs SET next_batch = ?2, position = ?3, ledger_floor = ?4 WHERE id = ?1",
      [
        .integer(id), .integer(Int64(bitPattern: nextBatch)), SQLValue(position?.nanoseconds),
        SQLValue(ledgerFloor?.nanoseconds),
      ]
    )
  }
}
