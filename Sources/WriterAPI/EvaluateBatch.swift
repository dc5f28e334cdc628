public import SyncModel
public import Wire

/// `sluice.writer.v1.EvaluateBatchRequest`: rows to look at without applying them.
///
/// The rows are copied; without rows the answer says only how the sync stands.
public struct EvaluateBatchRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""
  public var destination = ""
  public var data = DataType.unspecified
  public var overlapNs: Int64 = 0
  public var updateExistingOnly = false
  /// The warehouse's own clock.
  public var positionLimit: Int64 = 0
  /// So many rows are told of one by one; at most 50.
  public var detailLimit: UInt32 = 0
  /// Tells of rows of every outcome, each as if the ledger did not have it.
  public var explain = false
  /// As in `OpenSyncRequest`.
  public var applyUnchanged = false
  public var rows = RowBatch.empty
  /// As in `OpenSyncRequest`.
  public var incarnation: UInt64 = 0

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    destination: String = "",
    data: DataType = .unspecified,
    overlapNs: Int64 = 0,
    updateExistingOnly: Bool = false,
    positionLimit: Int64 = 0,
    detailLimit: UInt32 = 0,
    explain: Bool = false,
    applyUnchanged: Bool = false,
    rows: RowBatch = .empty,
    incarnation: UInt64 = 0
  ) {
    self.workspace = workspace
    self.sync = sync
    self.destination = destination
    self.data = data
    self.overlapNs = overlapNs
    self.updateExistingOnly = updateExistingOnly
    self.positionLimit = positionLimit
    self.detailLimit = detailLimit
    self.explain = explain
    self.applyUnchanged = applyUnchanged
    self.rows = rows
    self.incarnation = incarnation
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    var added = WireWriter()
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .lengthDelimited): destination = try reader.string()
      case (4, .varint): data = try reader.enumeration()
      case (5, .varint): overlapNs = try reader.int64()
      case (6, .varint): updateExistingOnly = try reader.bool()
      case (7, .varint): positionLimit = try reader.int64()
      case (8, .varint): detailLimit = try reader.uint32()
      case (9, .varint): explain = try reader.bool()
      case (10, .varint): applyUnchanged = try reader.bool()
      case (RowBatch.fieldNumber, .lengthDelimited):
        added.always(RowBatch.fieldNumber, try reader.view())
      case (20, .varint): incarnation = try reader.uint64()
      default: try reader.skip(number, type)
      }
    }
    if added.bytes.isEmpty { return }
    var all = WireWriter(reservingCapacity: rows.byteCount + added.bytes.count)
    rows.encode(into: &all)
    all.raw(added.bytes)
    rows = try RowBatch(inMessage: all.bytes)
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.string(3, destination)
    writer.enumeration(4, data)
    writer.int64(5, overlapNs)
    writer.bool(6, updateExistingOnly)
    writer.int64(7, positionLimit)
    writer.uint32(8, detailLimit)
    writer.bool(9, explain)
    writer.bool(10, applyUnchanged)
    rows.encode(into: &writer)
    writer.uint64(20, incarnation)
  }
}

/// `sluice.writer.v1.BatchEvaluation`: what a batch would do to the profiles as they are.
public struct BatchEvaluation: WireMessage, Equatable {
  public var applied: Int64 = 0
  public var unchanged: Int64 = 0
  public var alreadyApplied: Int64 = 0
  public var superseded: Int64 = 0
  public var skipped: Int64 = 0
  public var rejected: Int64 = 0
  /// The sync's durable position, which does not move.
  public var position: Int64?
  /// A run would read from here; nil means from the beginning.
  public var readFrom: Int64?
  public var futureRows: Int64 = 0
  public var warnings: Int64 = 0
  /// The first rows that would change something, are rejected or have a warning.
  public var rows: [RowEvaluation] = []

  public init() {}

  public init(
    applied: Int64 = 0,
    unchanged: Int64 = 0,
    alreadyApplied: Int64 = 0,
    superseded: Int64 = 0,
    skipped: Int64 = 0,
    rejected: Int64 = 0,
    position: Int64? = nil,
    readFrom: Int64? = nil,
    futureRows: Int64 = 0,
    warnings: Int64 = 0,
    rows: [RowEvaluation] = []
  ) {
    self.applied = applied
    self.unchanged = unchanged
    self.alreadyApplied = alreadyApplied
    self.superseded = superseded
    self.skipped = skipped
    self.rejected = rejected
    self.position = position
    self.readFrom = readFrom
    self.futureRows = futureRows
    self.warnings = warnings
    self.rows = rows
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): applied = try reader.int64()
      case (2, .varint): unchanged = try reader.int64()
      case (3, .varint): alreadyApplied = try reader.int64()
      case (4, .varint): superseded = try reader.int64()
      case (5, .varint): skipped = try reader.int64()
      case (6, .varint): rejected = try reader.int64()
      case (7, .varint): position = try reader.int64()
      case (8, .varint): readFrom = try reader.int64()
      case (9, .varint): futureRows = try reader.int64()
      case (10, .varint): warnings = try reader.int64()
      case (11, .lengthDelimited):
        var item = RowEvaluation()
        try reader.message(into: &item)
        rows.append(item)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.int64(1, applied)
    writer.int64(2, unchanged)
    writer.int64(3, alreadyApplied)
    writer.int64(4, superseded)
    writer.int64(5, skipped)
    writer.int64(6, rejected)
    writer.optionalInt64(7, position)
    writer.optionalInt64(8, readFrom)
    writer.int64(9, futureRows)
    writer.int64(10, warnings)
    writer.messages(11, rows)
  }
}
