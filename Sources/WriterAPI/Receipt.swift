public import SyncModel
public import Wire

/// `sluice.writer.v1.Receipt`: the writer's durable answer to one batch.
public struct Receipt: WireMessage, Equatable {
  public var batchNumber: UInt64 = 0
  public var batchId = ""
  public var applied: Int64 = 0
  public var unchanged: Int64 = 0
  public var alreadyApplied: Int64 = 0
  public var superseded: Int64 = 0
  public var skipped: Int64 = 0
  public var rejected: Int64 = 0
  /// The sync's durable position after this batch.
  public var position: Int64?
  /// Rows of this batch whose updated_at lies past `positionLimit`.
  public var futureRows: Int64 = 0
  /// Rows that were applied with a warning.
  public var warnings: Int64 = 0

  public init() {}

  public init(
    batchNumber: UInt64 = 0,
    batchId: String = "",
    applied: Int64 = 0,
    unchanged: Int64 = 0,
    alreadyApplied: Int64 = 0,
    superseded: Int64 = 0,
    skipped: Int64 = 0,
    rejected: Int64 = 0,
    position: Int64? = nil,
    futureRows: Int64 = 0,
    warnings: Int64 = 0
  ) {
    self.batchNumber = batchNumber
    self.batchId = batchId
    self.applied = applied
    self.unchanged = unchanged
    self.alreadyApplied = alreadyApplied
    self.superseded = superseded
    self.skipped = skipped
    self.rejected = rejected
    self.position = position
    self.futureRows = futureRows
    self.warnings = warnings
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): batchNumber = try reader.uint64()
      case (2, .lengthDelimited): batchId = try reader.string()
      case (3, .varint): applied = try reader.int64()
      case (4, .varint): unchanged = try reader.int64()
      case (5, .varint): alreadyApplied = try reader.int64()
      case (6, .varint): superseded = try reader.int64()
      case (7, .varint): skipped = try reader.int64()
      case (8, .varint): rejected = try reader.int64()
      case (9, .varint): position = try reader.int64()
      case (10, .varint): futureRows = try reader.int64()
      case (11, .varint): warnings = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint64(1, batchNumber)
    writer.string(2, batchId)
    writer.int64(3, applied)
    writer.int64(4, unchanged)
    writer.int64(5, alreadyApplied)
    writer.int64(6, superseded)
    writer.int64(7, skipped)
    writer.int64(8, rejected)
    writer.optionalInt64(9, position)
    writer.int64(10, futureRows)
    writer.int64(11, warnings)
  }
}

extension Receipt {
  public init(
    batchNumber: UInt64,
    batchId: String,
    counts: RowCounts,
    position: Timestamp?,
    futureRows: Int64 = 0,
    warnings: Int64 = 0
  ) {
    self.init(
      batchNumber: batchNumber,
      batchId: batchId,
      position: position?.nanoseconds,
      futureRows: futureRows,
      warnings: warnings
    )
    self.counts = counts
  }

  /// The six outcomes as SyncModel counts them.
  public var counts: RowCounts {
    get {
      var counts = RowCounts()
      counts.applied = applied
      counts.unchanged = unchanged
      counts.alreadyApplied = alreadyApplied
      counts.superseded = superseded
      counts.skipped = skipped
      counts.rejected = rejected
      return counts
    }
    set {
      applied = newValue.applied
      unchanged = newValue.unchanged
      alreadyApplied = newValue.alreadyApplied
      superseded = newValue.superseded
      skipped = newValue.skipped
      rejected = newValue.rejected
    }
  }
}
