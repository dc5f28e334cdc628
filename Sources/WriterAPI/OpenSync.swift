public import Wire

/// `sluice.writer.v1.OpenSyncRequest`.
public struct OpenSyncRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""
  /// The run's fencing token: higher than that of every earlier run of this sync.
  public var epoch: UInt64 = 0
  public var runId = ""
  /// `profiles` is the built-in profile store.
  public var destination = ""
  public var data = DataType.unspecified
  /// How far before the position the run reads again; the ledger keeps row versions that far.
  public var overlapNs: Int64 = 0
  public var updateExistingOnly = false
  /// A row of attributes that changes nothing counts as applied, not as unchanged.
  public var applyUnchanged = false
  /// Which sync of this name it is: greater than that of every one before, which were deleted.
  public var incarnation: UInt64 = 0

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    epoch: UInt64 = 0,
    runId: String = "",
    destination: String = "",
    data: DataType = .unspecified,
    overlapNs: Int64 = 0,
    updateExistingOnly: Bool = false,
    applyUnchanged: Bool = false,
    incarnation: UInt64 = 0
  ) {
    self.workspace = workspace
    self.sync = sync
    self.epoch = epoch
    self.runId = runId
    self.destination = destination
    self.data = data
    self.overlapNs = overlapNs
    self.updateExistingOnly = updateExistingOnly
    self.applyUnchanged = applyUnchanged
    self.incarnation = incarnation
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .varint): epoch = try reader.uint64()
      case (4, .lengthDelimited): runId = try reader.string()
      case (5, .lengthDelimited): destination = try reader.string()
      case (6, .varint): data = try reader.enumeration()
      case (7, .varint): overlapNs = try reader.int64()
      case (8, .varint): updateExistingOnly = try reader.bool()
      case (10, .varint): applyUnchanged = try reader.bool()
      case (20, .varint): incarnation = try reader.uint64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.uint64(3, epoch)
    writer.string(4, runId)
    writer.string(5, destination)
    writer.enumeration(6, data)
    writer.int64(7, overlapNs)
    writer.bool(8, updateExistingOnly)
    writer.bool(10, applyUnchanged)
    writer.uint64(20, incarnation)
  }
}

/// `sluice.writer.v1.OpenSyncResponse`.
public struct OpenSyncResponse: WireMessage, Equatable {
  /// The number that the run's first batch must carry.
  public var nextBatchNumber: UInt64 = 0
  /// The greatest updated_at up to which everything read is durable; nil before the first row.
  public var position: Int64?
  /// Read rows with `updated_at >= readFrom`; nil means from the beginning.
  public var readFrom: Int64?

  public init() {}

  public init(nextBatchNumber: UInt64 = 0, position: Int64? = nil, readFrom: Int64? = nil) {
    self.nextBatchNumber = nextBatchNumber
    self.position = position
    self.readFrom = readFrom
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): nextBatchNumber = try reader.uint64()
      case (2, .varint): position = try reader.int64()
      case (3, .varint): readFrom = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint64(1, nextBatchNumber)
    writer.optionalInt64(2, position)
    writer.optionalInt64(3, readFrom)
  }
}
