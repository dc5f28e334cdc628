// The kinds of numbers (https://protobuf.dev/programming-guides/encoding/).

/// `int32`, and an enum whose unknown numbers are kept. A negative value takes ten bytes.
public enum Int32Coding: WireKeyCoding {
  public static var type: WireType { .varint }
  public static var absent: Int32 { 0 }
  public static func isDefault(_ value: Int32) -> Bool { value == 0 }
  public static func read(
    _ value: inout Int32,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.int32()
  }
  public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.varint(UInt64(bitPattern: Int64(value)))
  }
}

public enum Int64Coding: WireKeyCoding {
  public static var type: WireType { .varint }
  public static var absent: Int64 { 0 }
  public static func isDefault(_ value: Int64) -> Bool { value == 0 }
  public static func read(
    _ value: inout Int64,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.int64()
  }
  public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.varint(UInt64(bitPattern: value))
  }
}

public enum UInt32Coding: WireKeyCoding {
  public static var type: WireType { .varint }
  public static var absent: UInt32 { 0 }
  public static func isDefault(_ value: UInt32) -> Bool { value == 0 }
  public static func read(
    _ value: inout UInt32,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.uint32()
  }
  public static func write(_ value: UInt32, to writer: inout WireWriter) {
    writer.varint(UInt64(value))
  }
}

public enum UInt64Coding: WireKeyCoding {
  public static var type: WireType { .varint }
  public static var absent: UInt64 { 0 }
  public static func isDefault(_ value: UInt64) -> Bool { value == 0 }
  public static func read(
    _ value: inout UInt64,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.uint64()
  }
  public static func write(_ value: UInt64, to writer: inout WireWriter) {
    writer.varint(value)
  }
}

public enum SInt32Coding: WireKeyCoding {
  public static var type: WireType { .varint }
  public static var absent: Int32 { 0 }
  public static func isDefault(_ value: Int32) -> Bool { value == 0 }
  public static func read(
    _ value: inout Int32,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.sint32()
  }
  public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.varint(UInt64(UInt32(bitPattern: (value << 1) ^ (value >> 31))))
  }
}

public enum SInt64Coding: WireKeyCoding {
  public static var type: WireType { .varint }
  public static var absent: Int64 { 0 }
  public static func isDefault(_ value: Int64) -> Bool { value == 0 }
  public static func read(
    _ value: inout Int64,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.sint64()
  }
  public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }
}

public enum Fixed32Coding: WireKeyCoding {
  public static var type: WireType { .fixed32 }
  public static var absent: UInt32 { 0 }
  public static func isDefault(_ value: UInt32) -> Bool { value == 0 }
  public static func read(
    _ value: inout UInt32,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.fixed32()
  }
  public static func write(_ value: UInt32, to writer: inout WireWriter) {
    writer.littleEndian(value)
  }
}

public enum Fixed64Coding: WireKeyCoding {
  public static var type: WireType { .fixed64 }
  public static var absent: UInt64 { 0 }
  public static func isDefault(_ value: UInt64) -> Bool { value == 0 }
  public static func read(
    _ value: inout UInt64,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.fixed64()
  }
  public static func write(_ value: UInt64, to writer: inout WireWriter) {
    writer.littleEndian(value)
  }
}

public enum SFixed32Coding: WireKeyCoding {
  public static var type: WireType { .fixed32 }
  public static var absent: Int32 { 0 }
  public static func isDefault(_ value: Int32) -> Bool { value == 0 }
  public static func read(
    _ value: inout Int32,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.sfixed32()
  }
  public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.littleEndian(value)
  }
}

public enum SFixed64Coding: WireKeyCoding {
  public static var type: WireType { .fixed64 }
  public static var absent: Int64 { 0 }
  public static func isDefault(_ value: Int64) -> Bool { value == 0 }
  public static func read(
    _ value: inout Int64,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.sfixed64()
  }
  public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.littleEndian(value)
  }
}

/// Minus zero is not the default: its bits are.
public enum FloatCoding: WireCoding {
  public static var type: WireType { .fixed32 }
  public static var absent: Float { 0 }
  public static func isDefault(_ value: Float) -> Bool { value.bitPattern == 0 }
  public static func read(
    _ value: inout Float,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.float()
  }
  public static func write(_ value: Float, to writer: inout WireWriter) {
    writer.littleEndian(value.bitPattern)
  }
}

public enum DoubleCoding: WireCoding {
  public static var type: WireType { .fixed64 }
  public static var absent: Double { 0 }
  public static func isDefault(_ value: Double) -> Bool { value.bitPattern == 0 }
  public static func read(
    _ value: inout Double,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.double()
  }
  public static func write(_ value: Double, to writer: inout WireWriter) {
    writer.littleEndian(value.bitPattern)
  }
}

public enum BoolCoding: WireKeyCoding {
  public static var type: WireType { .varint }
  public static var absent: Bool { false }
  public static func precedes(_ a: Bool, _ b: Bool) -> Bool { !a && b }
  public static func isDefault(_ value: Bool) -> Bool { !value }
  public static func read(
    _ value: inout Bool,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.bool()
  }
  public static func write(_ value: Bool, to writer: inout WireWriter) {
    writer.varint(value ? 1 : 0)
  }
}
