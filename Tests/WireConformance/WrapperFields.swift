import Wire

/// Fields 201 to 219: `google.protobuf.Int32Value` and its like.
struct WrapperFields: MessagePart {
  var bool: Wrapper<BoolCoding>?
  var int32: Wrapper<Int32Coding>?
  var int64: Wrapper<Int64Coding>?
  var uint32: Wrapper<UInt32Coding>?
  var uint64: Wrapper<UInt64Coding>?
  var float: Wrapper<FloatCoding>?
  var double: Wrapper<DoubleCoding>?
  var string: Wrapper<StringCoding>?
  var bytes: Wrapper<BytesCoding>?
  var repeatedBool: [Wrapper<BoolCoding>] = []
  var repeatedInt32: [Wrapper<Int32Coding>] = []
  var repeatedInt64: [Wrapper<Int64Coding>] = []
  var repeatedUInt32: [Wrapper<UInt32Coding>] = []
  var repeatedUInt64: [Wrapper<UInt64Coding>] = []
  var repeatedFloat: [Wrapper<FloatCoding>] = []
  var repeatedDouble: [Wrapper<DoubleCoding>] = []
  var repeatedString: [Wrapper<StringCoding>] = []
  var repeatedBytes: [Wrapper<BytesCoding>] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (201, .lengthDelimited): try reader.message(into: &bool)
    case (202, .lengthDelimited): try reader.message(into: &int32)
    case (203, .lengthDelimited): try reader.message(into: &int64)
    case (204, .lengthDelimited): try reader.message(into: &uint32)
    case (205, .lengthDelimited): try reader.message(into: &uint64)
    case (206, .lengthDelimited): try reader.message(into: &float)
    case (207, .lengthDelimited): try reader.message(into: &double)
    case (208, .lengthDelimited): try reader.message(into: &string)
    case (209, .lengthDelimited): try reader.message(into: &bytes)
    case (211, .lengthDelimited): repeatedBool.append(try reader.message())
    case (212, .lengthDelimited): repeatedInt32.append(try reader.message())
    case (213, .lengthDelimited): repeatedInt64.append(try reader.message())
    case (214, .lengthDelimited): repeatedUInt32.append(try reader.message())
    case (215, .lengthDelimited): repeatedUInt64.append(try reader.message())
    case (216, .lengthDelimited): repeatedFloat.append(try reader.message())
    case (217, .lengthDelimited): repeatedDouble.append(try reader.message())
    case (218, .lengthDelimited): repeatedString.append(try reader.message())
    case (219, .lengthDelimited): repeatedBytes.append(try reader.message())
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.message(201, bool)
    writer.message(202, int32)
    writer.message(203, int64)
    writer.message(204, uint32)
    writer.message(205, uint64)
    writer.message(206, float)
    writer.message(207, double)
    writer.message(208, string)
    writer.message(209, bytes)
    writer.messages(211, repeatedBool)
    writer.messages(212, repeatedInt32)
    writer.messages(213, repeatedInt64)
    writer.messages(214, repeatedUInt32)
    writer.messages(215, repeatedUInt64)
    writer.messages(216, repeatedFloat)
    writer.messages(217, repeatedDouble)
    writer.messages(218, repeatedString)
    writer.messages(219, repeatedBytes)
  }
}
