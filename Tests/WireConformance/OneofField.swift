import Wire

/// Fields 111 to 120, of which the last one that came counts.
enum OneofField: MessagePart {
  case none
  case uint32(UInt32)
  case nestedMessage(NestedMessage)
  case string(String)
  case bytes([UInt8])
  case bool(Bool)
  case uint64(UInt64)
  case float(Float)
  case double(Double)
  case enumeration(Int32)
  case nullValue(Int32)

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (111, .varint): self = .uint32(try reader.uint32())
    case (112, .lengthDelimited):
      // The same message again merges; after another member it begins anew.
      var message = NestedMessage()
      if case .nestedMessage(let before) = self { message = before }
      try reader.message(into: &message)
      self = .nestedMessage(message)
    case (113, .lengthDelimited): self = .string(try reader.string())
    case (114, .lengthDelimited): self = .bytes(try reader.byteArray())
    case (115, .varint): self = .bool(try reader.bool())
    case (116, .varint): self = .uint64(try reader.uint64())
    case (117, .fixed32): self = .float(try reader.float())
    case (118, .fixed64): self = .double(try reader.double())
    case (119, .varint): self = .enumeration(try reader.int32())
    case (120, .varint): self = .nullValue(try reader.int32())
    default: return false
    }
    return true
  }

  /// A member is written also at its default: which one is set is information.
  func encode(into writer: inout WireWriter) {
    switch self {
    case .none: break
    case .uint32(let value): writer.alwaysField(111, UInt32Coding.self, value)
    case .nestedMessage(let value): writer.message(112, value)
    case .string(let value): writer.alwaysField(113, StringCoding.self, value)
    case .bytes(let value): writer.alwaysField(114, BytesCoding.self, value)
    case .bool(let value): writer.alwaysField(115, BoolCoding.self, value)
    case .uint64(let value): writer.alwaysField(116, UInt64Coding.self, value)
    case .float(let value): writer.alwaysField(117, FloatCoding.self, value)
    case .double(let value): writer.alwaysField(118, DoubleCoding.self, value)
    case .enumeration(let value): writer.alwaysField(119, Int32Coding.self, value)
    case .nullValue(let value): writer.alwaysField(120, Int32Coding.self, value)
    }
  }
}
