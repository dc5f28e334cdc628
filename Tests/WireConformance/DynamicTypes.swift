import Wire

/// `google.protobuf.Struct`.
struct Structure: FieldKeepingMessage {
  var fields: [WireText: DynamicValue] = [:]
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    guard number == 1, type == .lengthDelimited else { return false }
    try reader.entry(TextCoding.self, MessageCoding<DynamicValue>.self, into: &fields)
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.map(1, TextCoding.self, MessageCoding<DynamicValue>.self, fields)
    writer.raw(unknownFields)
  }
}

/// `google.protobuf.ListValue`.
struct DynamicList: FieldKeepingMessage {
  var values: [DynamicValue] = []
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    guard number == 1, type == .lengthDelimited else { return false }
    values.append(try reader.message())
    return true
  }

  func encode(into writer: inout WireWriter) {
    writer.messages(1, values)
    writer.raw(unknownFields)
  }
}

/// `google.protobuf.Value`.
struct DynamicValue: FieldKeepingMessage {
  indirect enum Kind: Sendable {
    case none
    case null(Int32)
    case number(Double)
    case string(String)
    case bool(Bool)
    case structure(Structure)
    case list(DynamicList)
  }

  var kind = Kind.none
  var unknownFields: [UInt8] = []

  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool {
    switch (number, type) {
    case (1, .varint): kind = .null(try reader.int32())
    case (2, .fixed64): kind = .number(try reader.double())
    case (3, .lengthDelimited): kind = .string(try reader.string())
    case (4, .varint): kind = .bool(try reader.bool())
    case (5, .lengthDelimited):
      var structure = Structure()
      if case .structure(let before) = kind { structure = before }
      try reader.message(into: &structure)
      kind = .structure(structure)
    case (6, .lengthDelimited):
      var list = DynamicList()
      if case .list(let before) = kind { list = before }
      try reader.message(into: &list)
      kind = .list(list)
    default: return false
    }
    return true
  }

  func encode(into writer: inout WireWriter) {
    switch kind {
    case .none: break
    case .null(let value): writer.alwaysField(1, Int32Coding.self, value)
    case .number(let value): writer.alwaysField(2, DoubleCoding.self, value)
    case .string(let value): writer.alwaysField(3, StringCoding.self, value)
    case .bool(let value): writer.alwaysField(4, BoolCoding.self, value)
    case .structure(let value): writer.message(5, value)
    case .list(let value): writer.message(6, value)
    }
    writer.raw(unknownFields)
  }
}
