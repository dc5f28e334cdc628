import Wire

/// Fields 75 to 88: declared packed.
struct PackedFields: MessagePart {
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
    case (75, .varint), (75, .lengthDelimited):
      try reader.elements(Int32Coding.self, type, into: &int32)
    case (76, .varint), (76, .lengthDelimited):
      try reader.elements(Int64Coding.self, type, into: &int64)
    case (77, .varint), (77, .lengthDelimited):
      try reader.elements(UInt32Coding.self, type, into: &uint32)
    case (78, .varint), (78, .lengthDelimited):
      try reader.elements(UInt64Coding.self, type, into: &uint64)
    case (79, .varint), (79, .lengthDelimited):
      try reader.elements(SInt32Coding.self, type, into: &sint32)
    case (80, .varint), (80, .lengthDelimited):
      try reader.elements(SInt64Coding.self, type, into: &sint64)
    case (81, .fixed32), (81, .lengthDelimited):
      try reader.elements(Fixed32Coding.self, type, into: &fixed32)
    case (82, .fixed64), (82, .lengthDelimited):
      try reader.elements(Fixed64Coding.self, type, into: &fixed64)
    case (83, .fixed32), (83, .lengthDelimited):
      try reader.elements(SFixed32Coding.self, type, into: &sfixed32)
    case (84, .fixed64), (84, .lengthDelimited):
      try reader.elements(SFixed64Coding.self, type, into: &sfixed64)
    case (85, .fixed32), (85, .lengthDelimited):
      try reader.elements(FloatCoding.self, type, into: &float)
    case (86, .fixed64), (86, .lengthDelimited):
      try reader.elements(DoubleCoding.self, type, into: &double)
    case (87, .varint), (87, .lengthDelimited):
      try reader.elements(BoolCoding.self, type, into: &bool)
    case (88, .varint), (88, .lengthDelimited):
      try reader.elements(Int32Coding.self, type, into: &nestedEnum)
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.packed(75, Int32Coding.self, int32)
    writer.packed(76, Int64Coding.self, int64)
    writer.packed(77, UInt32Coding.self, uint32)
    writer.packed(78, UInt64Coding.self, uint64)
    writer.packed(79, SInt32Coding.self, sint32)
    writer.packed(80, SInt64Coding.self, sint64)
    writer.packed(81, Fixed32Coding.self, fixed32)
    writer.packed(82, Fixed64Coding.self, fixed64)
    writer.packed(83, SFixed32Coding.self, sfixed32)
    writer.packed(84, SFixed64Coding.self, sfixed64)
    writer.packed(85, FloatCoding.self, float)
    writer.packed(86, DoubleCoding.self, double)
    writer.packed(87, BoolCoding.self, bool)
    writer.packed(88, Int32Coding.self, nestedEnum)
  }
}
