public import Wire

/// `sluice.orchestrator.v1.TestReport`.
public struct TestReport: WireMessage, Equatable {
  public var ok = false
  /// Stable code of the first problem, when not ok.
  public var errorCode = ""
  public var errorMessage = ""
  public var warnings: [String] = []
  public var columns: [Column] = []
  /// Up to ten rows, newest first; each value as text, in the order of `columns`.
  public var preview: [PreviewRow] = []
  /// Rows whose UPDATED_AT is NULL: they are never synced (R13).
  public var rowsWithoutUpdatedAt: Int64 = 0
  /// The server's own name and version.
  public var server = ""

  public init() {}

  public init(
    ok: Bool = false,
    errorCode: String = "",
    errorMessage: String = "",
    warnings: [String] = [],
    columns: [Column] = [],
    preview: [PreviewRow] = [],
    rowsWithoutUpdatedAt: Int64 = 0,
    server: String = ""
  ) {
    self.ok = ok
    self.errorCode = errorCode
    self.errorMessage = errorMessage
    self.warnings = warnings
    self.columns = columns
    self.preview = preview
    self.rowsWithoutUpdatedAt = rowsWithoutUpdatedAt
    self.server = server
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): ok = try reader.bool()
      case (2, .lengthDelimited): errorCode = try reader.string()
      case (3, .lengthDelimited): errorMessage = try reader.string()
      case (4, .lengthDelimited): warnings.append(try reader.string())
      case (5, .lengthDelimited): columns.append(try reader.message())
      case (6, .lengthDelimited): preview.append(try reader.message())
      case (7, .varint): rowsWithoutUpdatedAt = try reader.int64()
      case (8, .lengthDelimited): server = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.bool(1, ok)
    writer.string(2, errorCode)
    writer.string(3, errorMessage)
    writer.strings(4, warnings)
    writer.messages(5, columns)
    writer.messages(6, preview)
    writer.int64(7, rowsWithoutUpdatedAt)
    writer.string(8, server)
  }
}
