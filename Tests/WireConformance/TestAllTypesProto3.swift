public import Wire

/// The message of protobuf's conformance cases: every kind of field in every form. Its definition
/// is in `Tests/Conformance/test_messages_proto3.proto`.
public struct TestAllTypesProto3: FieldKeepingMessage {
  var singular = SingularFields()
  var repeated = RepeatedFields()
  var maps = MapFields()
  var packed = PackedFields()
  var unpacked = UnpackedFields()
  var oneof = OneofField.none
  var wrappers = WrapperFields()
  var wellKnown = WellKnownFields()
  /// Fields 401 to 418, all `int32`; their names are of interest to JSON only.
  var named = [Int32](repeating: 0, count: 18)
  var unknownFields: [UInt8] = []

  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    try mergeKeepingUnknown(from: &reader)
  }

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch number {
    case 1...27: return try singular.read(number, type, from: &reader)
    case 31...55: return try repeated.read(number, type, from: &reader)
    case 56...74: return try maps.read(number, type, from: &reader)
    case 75...88: return try packed.read(number, type, from: &reader)
    case 89...102: return try unpacked.read(number, type, from: &reader)
    case 111...120: return try oneof.read(number, type, from: &reader)
    case 201...219: return try wrappers.read(number, type, from: &reader)
    case 301...324: return try wellKnown.read(number, type, from: &reader)
    case 401...418 where type == .varint: named[Int(number) - 401] = try reader.int32()
    default: return false
    }
    return true
  }

  public func encode(into writer: inout WireWriter) {
    singular.encode(into: &writer)
    repeated.encode(into: &writer)
    maps.encode(into: &writer)
    packed.encode(into: &writer)
    unpacked.encode(into: &writer)
    oneof.encode(into: &writer)
    wrappers.encode(into: &writer)
    wellKnown.encode(into: &writer)
    for (number, value) in zip(UInt32(401)..., named) { writer.int32(number, value) }
    writer.raw(unknownFields)
  }
}

struct NestedMessage: FieldKeepingMessage {
  var a: Int32 = 0
  var corecursive = Recursive<TestAllTypesProto3>.none
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (1, .varint): a = try reader.int32()
    case (2, .lengthDelimited): try corecursive.read(from: &reader)
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.int32(1, a)
    corecursive.write(2, to: &writer)
    writer.raw(unknownFields)
  }
}

struct ForeignMessage: FieldKeepingMessage {
  var c: Int32 = 0
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    guard number == 1, type == .varint else { return false }
    c = try reader.int32()
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.int32(1, c)
    writer.raw(unknownFields)
  }
}
