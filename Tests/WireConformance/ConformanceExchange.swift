public import Wire

/// What the conformance runner asks: these bytes as that message.
public struct ConformanceRequest: WireMessage {
  /// Bytes of the message; nil when another format is asked about.
  public var payload: [UInt8]?
  public var messageType = ""
  /// 1 is the binary format.
  public var outputFormat: Int32 = 0

  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): payload = try reader.byteArray()
      case (3, .varint): outputFormat = try reader.int32()
      case (4, .lengthDelimited): messageType = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    if let payload { payload.withUnsafeBytes { writer.always(1, $0) } }
    writer.int32(3, outputFormat)
    writer.string(4, messageType)
  }
}

/// What the testee answers; the numbers are those of the response's `oneof`.
public enum ConformanceResponse {
  case parseError(String)
  case payload([UInt8])
  case skipped(String)

  public func wireBytes() -> [UInt8] {
    var writer = WireWriter()
    switch self {
    case .parseError(let reason): writer.alwaysString(1, reason)
    case .payload(let bytes): bytes.withUnsafeBytes { writer.always(3, $0) }
    case .skipped(let reason): writer.alwaysString(5, reason)
    }
    return writer.bytes
  }
}
