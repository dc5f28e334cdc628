import Wire

/// Fields 301 to 324: the well-known types.
struct WellKnownFields: MessagePart {
  var duration: SecondsAndNanos?
  var timestamp: SecondsAndNanos?
  var fieldMask: FieldMask?
  var structure: Structure?
  var any: AnyMessage?
  var value: DynamicValue?
  var nullValue: Int32 = 0
  var repeatedDuration: [SecondsAndNanos] = []
  var repeatedTimestamp: [SecondsAndNanos] = []
  var repeatedFieldMask: [FieldMask] = []
  var repeatedAny: [AnyMessage] = []
  var repeatedValue: [DynamicValue] = []
  var repeatedListValue: [DynamicList] = []
  var repeatedStructure: [Structure] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (301, .lengthDelimited): try reader.message(into: &duration)
    case (302, .lengthDelimited): try reader.message(into: &timestamp)
    case (303, .lengthDelimited): try reader.message(into: &fieldMask)
    case (304, .lengthDelimited): try reader.message(into: &structure)
    case (305, .lengthDelimited): try reader.message(into: &any)
    case (306, .lengthDelimited): try reader.message(into: &value)
    case (307, .varint): nullValue = try reader.int32()
    case (311, .lengthDelimited): repeatedDuration.append(try reader.message())
    case (312, .lengthDelimited): repeatedTimestamp.append(try reader.message())
    case (313, .lengthDelimited): repeatedFieldMask.append(try reader.message())
    case (315, .lengthDelimited): repeatedAny.append(try reader.message())
    case (316, .lengthDelimited): repeatedValue.append(try reader.message())
    case (317, .lengthDelimited): repeatedListValue.append(try reader.message())
    case (324, .lengthDelimited): repeatedStructure.append(try reader.message())
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.message(301, duration)
    writer.message(302, timestamp)
    writer.message(303, fieldMask)
    writer.message(304, structure)
    writer.message(305, any)
    writer.message(306, value)
    writer.int32(307, nullValue)
    writer.messages(311, repeatedDuration)
    writer.messages(312, repeatedTimestamp)
    writer.messages(313, repeatedFieldMask)
    writer.messages(315, repeatedAny)
    writer.messages(316, repeatedValue)
    writer.messages(317, repeatedListValue)
    writer.messages(324, repeatedStructure)
  }
}
