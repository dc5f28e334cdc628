import Wire

/// Fields 31 to 55: repeated, numbers packed as proto3 does by default.
struct RepeatedFields: MessagePart {
  var int32: [Int32] = []
  var int64: [Int64] = []
  var uint32: [UInt32] = []
  var uint64: [UInt64] = []
  var sint32: [Int32] = []
  var sint64: [Int64] = []
  var fixed32: [UInt32] = []
  var fixed64: [UInt64] = []
  var sfixed32: [Int32] = []
  var sfixed64: [Int64] = []
  var float: [Float] = []
  var double: [Double] = []
  var bool: [Bool] = []
  var string: [String] = []
  var bytes: [[UInt8]] = []
  var nestedMessage: [NestedMessage] = []
  var foreignMessage: [ForeignMessage] = []
  var nestedEnum: [Int32] = []
  var foreignEnum: [Int32] = []
  var stringPiece: [String] = []
  var cord: [String] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (31, .varint), (31, .lengthDelimited):
      try reader.elements(Int32Coding.self, type, into: &int32)
    case (32, .varint), (32, .lengthDelimited):
      try reader.elements(Int64Coding.self, type, into: &int64)
    case (33, .varint), (33, .lengthDelimited):
      try reader.elements(UInt32Coding.self, type, into: &uint32)
    case (34, .varint), (34, .lengthDelimited):
      try reader.elements(UInt64Coding.self, type, into: &uint64)
    case (35, .varint), (35, .lengthDelimited):
      try reader.elements(SInt32Coding.self, type, into: &sint32)
    case (36, .varint), (36, .lengthDelimited):
      try reader.elements(SInt64Coding.self, type, into: &sint64)
    case (37, .fixed32), (37, .lengthDelimited):
      try reader.elements(Fixed32Coding.self, type, into: &fixed32)
    case (38, .fixed64), (38, .lengthDelimited):
      try reader.elements(Fixed64Coding.self, type, into: &fixed64)
    case (39, .fixed32), (39, .lengthDelimited):
      try reader.elements(SFixed32Coding.self, type, into: &sfixed32)
    case (40, .fixed64), (40, .lengthDelimited):
      try reader.elements(SFixed64Coding.self, type, into: &sfixed64)
    case (41, .fixed32), (41, .lengthDelimited):
      try reader.elements(FloatCoding.self, type, into: &float)
    case (42, .fixed64), (42, .lengthDelimited):
      try reader.elements(DoubleCoding.self, type, into: &double)
    case (43, .varint), (43, .lengthDelimited):
      try reader.elements(BoolCoding.self, type, into: &bool)
    case (44, .lengthDelimited): try reader.elements(StringCoding.self, type, into: &string)
    case (45, .lengthDelimited): try reader.elements(BytesCoding.self, type, into: &bytes)
    case (48, .lengthDelimited): nestedMessage.append(try reader.message())
    case (49, .lengthDelimited): foreignMessage.append(try reader.message())
    case (51, .varint), (51, .lengthDelimited):
      try reader.elements(Int32Coding.self, type, into: &nestedEnum)
    case (52, .varint), (52, .lengthDelimited):
      try reader.elements(Int32Coding.self, type, into: &foreignEnum)
    case (54, .lengthDelimited): try reader.elements(StringCoding.self, type, into: &stringPiece)
    case (55, .lengthDelimited): try reader.elements(StringCoding.self, type, into: &cord)
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.packed(31, Int32Coding.self, int32)
    writer.packed(32, Int64Coding.self, int64)
    writer.packed(33, UInt32Coding.self, uint32)
    writer.packed(34, UInt64Coding.self, uint64)
    writer.packed(35, SInt32Coding.self, sint32)
    writer.packed(36, SInt64Coding.self, sint64)
    writer.packed(37, Fixed32Coding.self, fixed32)
    writer.packed(38, Fixed64Coding.self, fixed64)
    writer.packed(39, SFixed32Coding.self, sfixed32)
    writer.packed(40, SFixed64Coding.self, sfixed64)
    writer.packed(41, FloatCoding.self, float)
    writer.packed(42, DoubleCoding.self, double)
    writer.packed(43, BoolCoding.self, bool)
    writer.unpacked(44, StringCoding.self, string)
    writer.unpacked(45, BytesCoding.self, bytes)
    writer.messages(48, nestedMessage)
    writer.messages(49, foreignMessage)
    writer.packed(51, Int32Coding.self, nestedEnum)
    writer.packed(52, Int32Coding.self, foreignEnum)
    writer.unpacked(54, StringCoding.self, stringPiece)
    writer.unpacked(55, StringCoding.self, cord)
  }
}
