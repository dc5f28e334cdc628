import Wire

/// `google.protobuf.Int32Value` and its like.
struct Wrapper<C: WireCoding>: FieldKeepingMessage {
  var value = C.absent
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    guard number == 1, type == C.type else { return false }
    try C.read(&value, from: &reader)
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.field(1, C.self, value)
    writer.raw(unknownFields)
  }
}

/// `google.protobuf.Duration` and `Timestamp`, which are coded alike.
struct SecondsAndNanos: FieldKeepingMessage {
  var seconds: Int64 = 0
  var nanos: Int32 = 0
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (1, .varint): seconds = try reader.int64()
    case (2, .varint): nanos = try reader.int32()
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.int64(1, seconds)
    writer.int32(2, nanos)
    writer.raw(unknownFields)
  }
}

struct FieldMask: FieldKeepingMessage {
  var paths: [String] = []
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    guard number == 1, type == .lengthDelimited else { return false }
    paths.append(try reader.string())
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.strings(1, paths)
    writer.raw(unknownFields)
  }
}

/// `google.protobuf.Any`; what it holds stays bytes.
struct AnyMessage: FieldKeepingMessage {
  var typeURL = ""
  var value: [UInt8] = []
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (1, .lengthDelimited): typeURL = try reader.string()
    case (2, .lengthDelimited): value = try reader.byteArray()
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.string(1, typeURL)
    writer.byteArray(2, value)
    writer.raw(unknownFields)
  }
}
