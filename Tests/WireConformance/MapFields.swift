import Wire

/// Fields 56 to 74: maps of every kind of key.
struct MapFields: MessagePart {
  var int32Int32: [Int32: Int32] = [:]
  var int64Int64: [Int64: Int64] = [:]
  var uint32UInt32: [UInt32: UInt32] = [:]
  var uint64UInt64: [UInt64: UInt64] = [:]
  var sint32SInt32: [Int32: Int32] = [:]
  var sint64SInt64: [Int64: Int64] = [:]
  var fixed32Fixed32: [UInt32: UInt32] = [:]
  var fixed64Fixed64: [UInt64: UInt64] = [:]
  var sfixed32SFixed32: [Int32: Int32] = [:]
  var sfixed64SFixed64: [Int64: Int64] = [:]
  var int32Float: [Int32: Float] = [:]
  var int32Double: [Int32: Double] = [:]
  var boolBool: [Bool: Bool] = [:]
  var stringString: [WireText: String] = [:]
  var stringBytes: [WireText: [UInt8]] = [:]
  var stringNestedMessage: [WireText: NestedMessage] = [:]
  var stringForeignMessage: [WireText: ForeignMessage] = [:]
  var stringNestedEnum: [WireText: Int32] = [:]
  var stringForeignEnum: [WireText: Int32] = [:]

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (56, .lengthDelimited):
      try reader.entry(Int32Coding.self, Int32Coding.self, into: &int32Int32)
    case (57, .lengthDelimited):
      try reader.entry(Int64Coding.self, Int64Coding.self, into: &int64Int64)
    case (58, .lengthDelimited):
      try reader.entry(UInt32Coding.self, UInt32Coding.self, into: &uint32UInt32)
    case (59, .lengthDelimited):
      try reader.entry(UInt64Coding.self, UInt64Coding.self, into: &uint64UInt64)
    case (60, .lengthDelimited):
      try reader.entry(SInt32Coding.self, SInt32Coding.self, into: &sint32SInt32)
    case (61, .lengthDelimited):
      try reader.entry(SInt64Coding.self, SInt64Coding.self, into: &sint64SInt64)
    case (62, .lengthDelimited):
      try reader.entry(Fixed32Coding.self, Fixed32Coding.self, into: &fixed32Fixed32)
    case (63, .lengthDelimited):
      try reader.entry(Fixed64Coding.self, Fixed64Coding.self, into: &fixed64Fixed64)
    case (64, .lengthDelimited):
      try reader.entry(SFixed32Coding.self, SFixed32Coding.self, into: &sfixed32SFixed32)
    case (65, .lengthDelimited):
      try reader.entry(SFixed64Coding.self, SFixed64Coding.self, into: &sfixed64SFixed64)
    case (66, .lengthDelimited):
      try reader.entry(Int32Coding.self, FloatCoding.self, into: &int32Float)
    case (67, .lengthDelimited):
      try reader.entry(Int32Coding.self, DoubleCoding.self, into: &int32Double)
    case (68, .lengthDelimited): try reader.entry(BoolCoding.self, BoolCoding.self, into: &boolBool)
    case (69, .lengthDelimited):
      try reader.entry(TextCoding.self, StringCoding.self, into: &stringString)
    case (70, .lengthDelimited):
      try reader.entry(TextCoding.self, BytesCoding.self, into: &stringBytes)
    case (71, .lengthDelimited):
      try reader.entry(
        TextCoding.self,
        MessageCoding<NestedMessage>.self,
        into: &stringNestedMessage
      )
    case (72, .lengthDelimited):
      try reader.entry(
        TextCoding.self,
        MessageCoding<ForeignMessage>.self,
        into: &stringForeignMessage
      )
    case (73, .lengthDelimited):
      try reader.entry(TextCoding.self, Int32Coding.self, into: &stringNestedEnum)
    case (74, .lengthDelimited):
      try reader.entry(TextCoding.self, Int32Coding.self, into: &stringForeignEnum)
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.map(56, Int32Coding.self, Int32Coding.self, int32Int32)
    writer.map(57, Int64Coding.self, Int64Coding.self, int64Int64)
    writer.map(58, UInt32Coding.self, UInt32Coding.self, uint32UInt32)
    writer.map(59, UInt64Coding.self, UInt64Coding.self, uint64UInt64)
    writer.map(60, SInt32Coding.self, SInt32Coding.self, sint32SInt32)
    writer.map(61, SInt64Coding.self, SInt64Coding.self, sint64SInt64)
    writer.map(62, Fixed32Coding.self, Fixed32Coding.self, fixed32Fixed32)
    writer.map(63, Fixed64Coding.self, Fixed64Coding.self, fixed64Fixed64)
    writer.map(64, SFixed32Coding.self, SFixed32Coding.self, sfixed32SFixed32)
    writer.map(65, SFixed64Coding.self, SFixed64Coding.self, sfixed64SFixed64)
    writer.map(66, Int32Coding.self, FloatCoding.self, int32Float)
    writer.map(67, Int32Coding.self, DoubleCoding.self, int32Double)
    writer.map(68, BoolCoding.self, BoolCoding.self, boolBool)
    writer.map(69, TextCoding.self, StringCoding.self, stringString)
    writer.map(70, TextCoding.self, BytesCoding.self, stringBytes)
    writer.map(71, TextCoding.self, MessageCoding<NestedMessage>.self, stringNestedMessage)
    writer.map(72, TextCoding.self, MessageCoding<ForeignMessage>.self, stringForeignMessage)
    writer.map(73, TextCoding.self, Int32Coding.self, stringNestedEnum)
    writer.map(74, TextCoding.self, Int32Coding.self, stringForeignEnum)
  }
}
