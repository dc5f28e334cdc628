public import Wire

/// `sluice.orchestrator.v1.SyncOptions`.
public struct SyncOptions: WireMessage, Equatable {
  /// How far before the cursor every run reads again; nil means 10 minutes.
  public var overlapNs: Int64?
  public var updateExistingOnly = false
  /// More rows than this end a run as limit_exceeded (R20); 0 means 500,000,000.
  public var rowLimit: Int64 = 0

  public init() {}

  public init(overlapNs: Int64? = nil, updateExistingOnly: Bool = false, rowLimit: Int64 = 0) {
    self.overlapNs = overlapNs
    self.updateExistingOnly = updateExistingOnly
    self.rowLimit = rowLimit
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): overlapNs = try reader.int64()
      case (2, .varint): updateExistingOnly = try reader.bool()
      case (3, .varint): rowLimit = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.optionalInt64(1, overlapNs)
    writer.bool(2, updateExistingOnly)
    writer.int64(3, rowLimit)
  }
}
