public import Wire

/// `sluice.orchestrator.v1.SyncOptions`.
public struct SyncOptions: WireMessage, Equatable {
  /// How far before the cursor every run reads again; nil means 10 minutes.
  public var overlapNs: Int64?
  public var updateExistingOnly = false
  /// More rows than this end a run as limit_exceeded (R20); 0 means 500,000,000.
  public var rowLimit: Int64 = 0
  /// A run ends when more than this percentage of its rows are rejected, after 100; 0 means never.
  public var maxRejectedPercent: UInt32 = 0
  /// A run of deletes ends when it would delete more; 0 means any number.
  public var maxDeletes: Int64 = 0
  /// A run ends when it reads more than so many times the average of the ten before; 0: never.
  public var unusualVolumeFactor: UInt32 = 0
  /// A mail when at least this percentage of a run's rows was rejected; 0 means never.
  public var alertRejectedPercent: UInt32 = 0
  /// A mail after every run that succeeds.
  public var alertSuccess = false
  /// Whether a row of attributes that changes nothing counts as unchanged; nil means yes. When false it
  /// counts as applied, and is written.
  public var skipUnchanged: Bool?

  public init() {}

  public init(
    overlapNs: Int64? = nil,
    updateExistingOnly: Bool = false,
    rowLimit: Int64 = 0,
    maxRejectedPercent: UInt32 = 0,
    maxDeletes: Int64 = 0,
    unusualVolumeFactor: UInt32 = 0,
    alertRejectedPercent: UInt32 = 0,
    alertSuccess: Bool = false,
    skipUnchanged: Bool? = nil
  ) {
    self.overlapNs = overlapNs
    self.updateExistingOnly = updateExistingOnly
    self.rowLimit = rowLimit
    self.maxRejectedPercent = maxRejectedPercent
    self.maxDeletes = maxDeletes
    self.unusualVolumeFactor = unusualVolumeFactor
    self.alertRejectedPercent = alertRejectedPercent
    self.alertSuccess = alertSuccess
    self.skipUnchanged = skipUnchanged
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): overlapNs = try reader.int64()
      case (2, .varint): updateExistingOnly = try reader.bool()
      case (3, .varint): rowLimit = try reader.int64()
      case (4, .varint): maxRejectedPercent = try reader.uint32()
      case (5, .varint): maxDeletes = try reader.int64()
      case (6, .varint): unusualVolumeFactor = try reader.uint32()
      case (7, .varint): alertRejectedPercent = try reader.uint32()
      case (8, .varint): alertSuccess = try reader.bool()
      case (10, .varint): skipUnchanged = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.optionalInt64(1, overlapNs)
    writer.bool(2, updateExistingOnly)
    writer.int64(3, rowLimit)
    writer.uint32(4, maxRejectedPercent)
    writer.int64(5, maxDeletes)
    writer.uint32(6, unusualVolumeFactor)
    writer.uint32(7, alertRejectedPercent)
    writer.bool(8, alertSuccess)
    if let skipUnchanged { writer.alwaysUInt64(10, skipUnchanged ? 1 : 0) }
  }
}
