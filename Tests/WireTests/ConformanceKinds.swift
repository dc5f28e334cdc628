import Testing

/// A kind of field, its number in `TestAllTypesProto3`, and values in the forms that they may
/// arrive in and the one that they are written in. The repeated fields' numbers are 30 higher, the
/// packed ones' 74, the unpacked ones' 88.
struct Kind: Sendable, CustomTestStringConvertible {
  let name: String
  let number: UInt32
  let type: UInt8
  let values: [(form: [UInt8], value: [UInt8])]

  var testDescription: String { name }
  var isNumber: Bool { type != 2 }
  /// The bytes of the default.
  var zero: [UInt8] { type == 1 ? eight(0) : type == 5 ? four(0) : [0] }

  func field(_ number: UInt32, _ value: [UInt8]) -> [UInt8] { tagged(number, type) + value }

  static let all: [Kind] = [
    Kind(name: "int32", number: 1, type: 0, values: wide + negative),
    Kind(name: "int64", number: 2, type: 0, values: wide + [(minusOne, minusOne)]),
    Kind(
      name: "uint32",
      number: 3,
      type: 0,
      values: wide + [(minusOne, [255, 255, 255, 255, 15])]
    ),
    Kind(name: "uint64", number: 4, type: 0, values: wide + [(minusOne, minusOne)]),
    Kind(
      name: "sint32",
      number: 5,
      type: 0,
      // 2^32 + 1 loses its upper half before the sign is looked at.
      values: wide + [
        ([0x81, 0x80, 0x80, 0x80, 0x10], [1]),
        ([255, 255, 255, 255, 15], [255, 255, 255, 255, 15]),
      ]
    ),
    Kind(name: "sint64", number: 6, type: 0, values: wide + [(minusOne, minusOne)]),
    Kind(name: "fixed32", number: 7, type: 5, values: [0, 1, .max].map { same(four($0)) }),
    Kind(name: "fixed64", number: 8, type: 1, values: [0, 1, .max].map { same(eight($0)) }),
    Kind(name: "sfixed32", number: 9, type: 5, values: [0, 1 << 31, .max].map { same(four($0)) }),
    Kind(
      name: "sfixed64",
      number: 10,
      type: 1,
      values: [0, 1 << 63, .max].map { same(eight($0)) }
    ),
    Kind(
      name: "float",
      number: 11,
      type: 5,
      // Minus zero, infinity, the smallest number, and a NaN of which no bit may change.
      values: [0, 1 << 31, 0x7F80_0000, 1, 0x7FC0_0123].map { same(four($0)) }
    ),
    Kind(
      name: "double",
      number: 12,
      type: 1,
      values: [0, 1 << 63, 0x7FF0 << 48, 1, 0x7FF8_0000_0000_0123].map { same(eight($0)) }
    ),
    Kind(
      name: "bool",
      number: 13,
      type: 0,
      values: [([0], [0]), ([1], [1]), ([2], [1]), ([0x80, 0x80, 0], [0]), (minusOne, [1])]
    ),
    Kind(
      name: "string",
      number: 14,
      type: 2,
      values: [same([0]), same([2, 0xC3, 0xA9]), ([0x81, 0, 0x61], [1, 0x61])]
    ),
    Kind(
      name: "bytes",
      number: 15,
      type: 2,
      values: [same([0]), same([1, 0xFF]), ([0x82, 0x80, 0, 0, 1], [2, 0, 1])]
    ),
  ]

  private static let minusOne = [UInt8](repeating: 0xFF, count: 9) + [1]
  /// Short, padded to two and to ten bytes.
  private static let wide: [(form: [UInt8], value: [UInt8])] = [
    same([0]), same([1]), same([0xFF, 0x7F]), ([0x81, 0], [1]),
    ([0x83] + [UInt8](repeating: 0x80, count: 8) + [0], [3]),
  ]
  /// In ten bytes; in the five of old encoders; with bits above the 32 that count.
  private static let negative: [(form: [UInt8], value: [UInt8])] = [
    (minusOne, minusOne), ([255, 255, 255, 255, 15], minusOne),
    ([255, 255, 255, 255, 31], minusOne), ([0x81, 0x80, 0x80, 0x80, 0x10], [1]),
  ]

  private static func same(_ bytes: [UInt8]) -> (form: [UInt8], value: [UInt8]) { (bytes, bytes) }
}

func varint(_ value: UInt64) -> [UInt8] {
  value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
}

func tagged(_ number: UInt32, _ type: UInt8) -> [UInt8] {
  varint(UInt64(number) << 3 | UInt64(type))
}

func delimited(_ number: UInt32, _ content: [UInt8]) -> [UInt8] {
  tagged(number, 2) + varint(UInt64(content.count)) + content
}

func four(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
func eight(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
