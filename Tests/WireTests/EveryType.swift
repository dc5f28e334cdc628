import Wire

/// One field of every kind that `Protos/` uses, and the rest that `WireReader` can read.
struct EveryType: WireMessage, Equatable {
  enum Choice: Int32, WireEnum {
    case unspecified = 0
    case first = 1
    case negative = -1
  }

  var uint64: UInt64 = 0
  var int64: Int64 = 0
  var uint32: UInt32 = 0
  var int32: Int32 = 0
  var sint64: Int64 = 0
  var bool = false
  var sfixed64: Int64 = 0
  var fixed32: UInt32 = 0
  var double: Double = 0
  var string = ""
  var bytes: [UInt8] = []
  var child: Child?
  var children: [Child] = []
  var choice = Choice.unspecified
  var optionalInt: Int64?
  var optionalText: String?
  var map: [String: String] = [:]
  var names: [String] = []

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): uint64 = try reader.uint64()
      case (2, .varint): int64 = try reader.int64()
      case (3, .varint): uint32 = try reader.uint32()
      case (4, .varint): int32 = try reader.int32()
      case (5, .varint): sint64 = try reader.sint64()
      case (6, .varint): bool = try reader.bool()
      case (7, .fixed64): sfixed64 = try reader.sfixed64()
      case (8, .fixed32): fixed32 = try reader.fixed32()
      case (9, .fixed64): double = try reader.double()
      case (10, .lengthDelimited): string = try reader.string()
      case (11, .lengthDelimited): bytes = try reader.byteArray()
      case (12, .lengthDelimited): try reader.message(into: &child)
      case (13, .lengthDelimited): children.append(try reader.message())
      case (14, .varint): choice = try reader.enumeration()
      case (15, .varint): optionalInt = try reader.int64()
      case (16, .lengthDelimited): optionalText = try reader.string()
      case (17, .lengthDelimited): try reader.entry(into: &map)
      case (18, .lengthDelimited): names.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.uint64(1, uint64)
    writer.int64(2, int64)
    writer.uint32(3, uint32)
    writer.int32(4, int32)
    writer.uint64(5, UInt64(bitPattern: (sint64 << 1) ^ (sint64 >> 63)))
    writer.bool(6, bool)
    if sfixed64 != 0 { writer.alwaysSFixed64(7, sfixed64) }
    if fixed32 != 0 {
      writer.tag(8, .fixed32)
      writer.raw(withUnsafeBytes(of: fixed32.littleEndian) { Array($0) })
    }
    writer.double(9, double)
    writer.string(10, string)
    writer.byteArray(11, bytes)
    writer.message(12, child)
    writer.messages(13, children)
    writer.enumeration(14, choice)
    writer.optionalInt64(15, optionalInt)
    writer.optionalString(16, optionalText)
    writer.map(17, map)
    writer.strings(18, names)
  }
}

/// A message that holds itself, for depth and merging.
struct Child: WireMessage, Equatable {
  var number: Int32 = 0
  var text = ""
  /// One or none; an array because a struct cannot hold itself.
  var inner: [Child] = []

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): self.number = try reader.int32()
      case (2, .lengthDelimited): text = try reader.string()
      case (3, .lengthDelimited):
        var merged = inner.first ?? Child()
        try reader.message(into: &merged)
        inner = [merged]
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.int32(1, number)
    writer.string(2, text)
    writer.messages(3, inner)
  }
}

extension EveryType {
  static let full = EveryType(
    uint64: .max,
    int64: .min,
    uint32: .max,
    int32: -1,
    sint64: -2,
    bool: true,
    sfixed64: -3,
    fixed32: 7,
    double: -0.0,
    string: "Zürich",
    bytes: [0, 255],
    child: Child(number: 5, text: String(repeating: "x", count: 200), inner: [Child(number: 1)]),
    children: [Child(), Child(text: "y")],
    choice: .negative,
    optionalInt: 0,
    optionalText: "",
    map: ["b": "2", "a": "1", "": ""],
    names: ["", "n"]
  )
}
