import Wire

/// Fields 1 to 27: one of every kind. Enums keep numbers that they do not know.
struct SingularFields: MessagePart {
  var int32: Int32 = 0
  var int64: Int64 = 0
  var uint32: UInt32 = 0
  var uint64: UInt64 = 0
  var sint32: Int32 = 0
  var sint64: Int64 = 0
  var fixed32: UInt32 = 0
  var fixed64: UInt64 = 0
  var sfixed32: Int32 = 0
  var sfixed64: Int64 = 0
  var float: Float = 0
  var double: Double = 0
  var bool: Bool = false
  var string: String = ""
  var bytes: [UInt8] = []
  var nestedMessage: NestedMessage?
  var foreignMessage: ForeignMessage?
  var nestedEnum: Int32 = 0
  var foreignEnum: Int32 = 0
  var aliasedEnum: Int32 = 0
  var stringPiece: String = ""
  var cord: String = ""
  var recursiveMessage: Recursive<TestAllTypesProto3> = .none

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (1, .varint): int32 = try reader.int32()
    case (2, .varint): int64 = try reader.int64()
    case (3, .varint): uint32 = try reader.uint32()
    case (4, .varint): uint64 = try reader.uint64()
    case (5, .varint): sint32 = try reader.sint32()
    case (6, .varint): sint64 = try reader.sint64()
    case (7, .fixed32): fixed32 = try reader.fixed32()
    case (8, .fixed64): fixed64 = try reader.fixed64()
    case (9, .fixed32): sfixed32 = try reader.sfixed32()
    case (10, .fixed64): sfixed64 = try reader.sfixed64()
    case (11, .fixed32): float = try reader.float()
    case (12, .fixed64): double = try reader.double()
    case (13, .varint): bool = try reader.bool()
    case (14, .lengthDelimited): string = try reader.string()
    case (15, .lengthDelimited): bytes = try reader.byteArray()
    case (18, .lengthDelimited): try reader.message(into: &nestedMessage)
    case (19, .lengthDelimited): try reader.message(into: &foreignMessage)
    case (21, .varint): nestedEnum = try reader.int32()
    case (22, .varint): foreignEnum = try reader.int32()
    case (23, .varint): aliasedEnum = try reader.int32()
    case (24, .lengthDelimited): stringPiece = try reader.string()
    case (25, .lengthDelimited): cord = try reader.string()
    case (27, .lengthDelimited): try recursiveMessage.read(from: &reader)
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.field(1, Int32Coding.self, int32)
    writer.field(2, Int64Coding.self, int64)
    writer.field(3, UInt32Coding.self, uint32)
    writer.field(4, UInt64Coding.self, uint64)
    writer.field(5, SInt32Coding.self, sint32)
    writer.field(6, SInt64Coding.self, sint64)
    writer.field(7, Fixed32Coding.self, fixed32)
    writer.field(8, Fixed64Coding.self, fixed64)
    writer.field(9, SFixed32Coding.self, sfixed32)
    writer.field(10, SFixed64Coding.self, sfixed64)
    writer.field(11, FloatCoding.self, float)
    writer.field(12, DoubleCoding.self, double)
    writer.field(13, BoolCoding.self, bool)
    writer.field(14, StringCoding.self, string)
    writer.field(15, BytesCoding.self, bytes)
    writer.message(18, nestedMessage)
    writer.message(19, foreignMessage)
    writer.int32(21, nestedEnum)
    writer.int32(22, foreignEnum)
    writer.int32(23, aliasedEnum)
    writer.string(24, stringPiece)
    writer.string(25, cord)
    recursiveMessage.write(27, to: &writer)
  }
}
