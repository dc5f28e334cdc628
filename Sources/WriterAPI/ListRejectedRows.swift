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
  /// Empty: with every code.
  public var code = ""
  /// Only rows that are rejected to this day; no warnings.
  public var open = false

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    runId: String = "",
    limit: UInt32 = 0,
    warnings: Bool = false,
    code: String = "",
    open: Bool = false
  ) {
    self.workspace = workspace
    self.sync = sync
    self.runId = runId
    self.limit = limit
    self.warnings = warnings
    self.code = code
    self.open = open
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .lengthDelimited): runId = try reader.string()
      case (4, .varint): limit = try reader.uint32()
      case (5, .varint): warnings = try reader.bool()
      case (6, .lengthDelimited): code = try reader.string()
      case (7, .varint): open = try reader.bool()
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
    writer.string(6, code)
    writer.bool(7, open)
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
  /// Rejected to this day, and its content is kept: RetryRows can try it again.
  public var retryable = false
  /// When a retry rejected it again, the last time; nanoseconds since 1970 UTC.
  public var retriedAt: Int64?
  /// What became of it since: applied, unchanged, superseded or skipped; empty while it is rejected.
  public var outcome = ""
  /// Nanoseconds since 1970 UTC.
  public var outcomeAt: Int64?
  /// The run that read it again; empty where it was retried.
  public var outcomeRunId = ""
  /// JSON text as it came, cut where it was over 1 MB; only from ExportRejectedRows.
  public var payload: [UInt8]?

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
    warning: Bool = false,
    retryable: Bool = false,
    retriedAt: Int64? = nil,
    outcome: String = "",
    outcomeAt: Int64? = nil,
    outcomeRunId: String = "",
    payload: [UInt8]? = nil
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
    self.retryable = retryable
    self.retriedAt = retriedAt
    self.outcome = outcome
    self.outcomeAt = outcomeAt
    self.outcomeRunId = outcomeRunId
    self.payload = payload
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
      case (10, .varint): retryable = try reader.bool()
      case (11, .varint): retriedAt = try reader.int64()
      case (12, .lengthDelimited): outcome = try reader.string()
      case (13, .varint): outcomeAt = try reader.int64()
      case (14, .lengthDelimited): outcomeRunId = try reader.string()
      case (15, .lengthDelimited): payload = try reader.byteArray()
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
    writer.bool(10, retryable)
    writer.optionalInt64(11, retriedAt)
    writer.string(12, outcome)
    writer.optionalInt64(13, outcomeAt)
    writer.string(14, outcomeRunId)
    payload?.withUnsafeBytes { writer.always(15, $0) }
  }
}
