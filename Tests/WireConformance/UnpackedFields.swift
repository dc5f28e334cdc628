import Wire

/// Fields 89 to 102: declared unpacked.
struct UnpackedFields: MessagePart {
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
  var nestedEnum: [Int32] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (89, .varint), (89, .lengthDelimited):
      try reader.elements(Int32Coding.self, type, into: &int32)
    case (90, .varint), (90, .lengthDelimited):
      try reader.elements(Int64Coding.self, type, into: &int64)
    case (91, .varint), (91, .lengthDelimited):
      try reader.elements(UInt32Coding.self, type, into: &uint32)
    case (92, .varint), (92, .lengthDelimited):
      try reader.elements(UInt64Coding.self, type, into: &uint64)
    case (93, .varint), (93, .lengthDelimited):
      try reader.elements(SInt32Coding.self, type, into: &sint32)
    case (94, .varint), (94, .lengthDelimited):
      try reader.elements(SInt64Coding.self, type, into: &sint64)
    case (95, .fixed32), (95, .lengthDelimited):
      try reader.elements(Fixed32Coding.self, type, into: &fixed32)
    case (96, .fixed64), (96, .lengthDelimited):
      try reader.elements(Fixed64Coding.self, type, into: &fixed64)
    case (97, .fixed32), (97, .lengthDelimited):
      try reader.elements(SFixed32Coding.self, type, into: &sfixed32)
    case (98, .fixed64), (98, .lengthDelimited):
      try reader.elements(SFixed64Coding.self, type, into: &sfixed64)
    case (99, .fixed32), (99, .lengthDelimited):
      try reader.elements(FloatCoding.self, type, into: &float)
    case (100, .fixed64), (100, .lengthDelimited):
      try reader.elements(DoubleCoding.self, type, into: &double)
    case (101, .varint), (101, .lengthDelimited):
      try reader.elements(BoolCoding.self, type, into: &bool)
    case (102, .varint), (102, .lengthDelimited):
      try reader.elements(Int32Coding.self, type, into: &nestedEnum)
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.unpacked(89, Int32Coding.self, int32)
    writer.unpacked(90, Int64Coding.self, int64)
    writer.unpacked(91, UInt32Coding.self, uint32)
    writer.unpacked(92, UInt64Coding.self, uint64)
    writer.unpacked(93, SInt32Coding.self, sint32)
    writer.unpacked(94, SInt64Coding.self, sint64)
    writer.unpacked(95, Fixed32Coding.self, fixed32)
    writer.unpacked(96, Fixed64Coding.self, fixed64)
    writer.unpacked(97, SFixed32Coding.self, sfixed32)
    writer.unpacked(98, SFixed64Coding.self, sfixed64)
    writer.unpacked(99, FloatCoding.self, float)
    writer.unpacked(100, DoubleCoding.self, double)
    writer.unpacked(101, BoolCoding.self, bool)
    writer.unpacked(102, Int32Coding.self, nestedEnum)
  }
}
