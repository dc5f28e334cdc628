public import Wire

/// `sluice.writer.v1.ListRejectedRowsRequest`.
public struct ListRejectedRowsRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""
  /// Empty: of every run.
  public var runId = ""
  /// 0 means all.
  public var limit: UInt32 = 0
  /// Also warnings: of rows that were applied without a value or two.
  public var warnings = false

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    runId: String = "",
    limit: UInt32 = 0,
    warnings: Bool = false
  ) {
    self.workspace = workspace
    self.sync = sync
    self.runId = runId
    self.limit = limit
    self.warnings = warnings
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .lengthDelimited): runId = try reader.string()
      case (4, .varint): limit = try reader.uint32()
      case (5, .varint): warnings = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.string(3, runId)
    writer.uint32(4, limit)
    writer.bool(5, warnings)
  }
}

/// `sluice.writer.v1.RejectedRow`: which row was refused, or applied with a warning, and why.
public struct RejectedRow: WireMessage, Equatable {
  public var runId = ""
  public var batchNumber: UInt64 = 0
  /// The row's place in its batch, from 0.
  public var rowIndex: UInt32 = 0
  /// Nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0
  /// As `external_id=42`; bytes that are not text are shown as `\xNN`.
  public var identifier = ""
  public var code = ""
  public var message = ""
  /// Nanoseconds since 1970 UTC.
  public var rejectedAt: Int64 = 0
  /// The row was applied; code and message say what of it was left out.
  public var warning = false

  public init() {}

  public init(
    runId: String = "",
    batchNumber: UInt64 = 0,
    rowIndex: UInt32 = 0,
    updatedAt: Int64 = 0,
    identifier: String = "",
    code: String = "",
    message: String = "",
    rejectedAt: Int64 = 0,
    warning: Bool = false
  ) {
    self.runId = runId
    self.batchNumber = batchNumber
    self.rowIndex = rowIndex
    self.updatedAt = updatedAt
    self.identifier = identifier
    self.code = code
    self.message = message
    self.rejectedAt = rejectedAt
    self.warning = warning
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): runId = try reader.string()
      case (2, .varint): batchNumber = try reader.uint64()
      case (3, .varint): rowIndex = try reader.uint32()
      case (4, .varint): updatedAt = try reader.int64()
      case (5, .lengthDelimited): identifier = try reader.string()
      case (6, .lengthDelimited): code = try reader.string()
      case (7, .lengthDelimited): message = try reader.string()
      case (8, .varint): rejectedAt = try reader.int64()
      case (9, .varint): warning = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, runId)
    writer.uint64(2, batchNumber)
    writer.uint32(3, rowIndex)
    writer.int64(4, updatedAt)
    writer.string(5, identifier)
    writer.string(6, code)
    writer.string(7, message)
    writer.int64(8, rejectedAt)
    writer.bool(9, warning)
  }
}
