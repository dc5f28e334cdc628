/// How a value of a PostgreSQL type looks in the binary format, by the type's OID (pg_type.dat).
enum PostgreSQLType: Equatable {
  case boolean
  case int16
  case int32
  case int64
  case float
  case double
  case numeric
  case bytes
  /// Text, and what is sent as its text in the binary format too.
  case text
  /// Read and written as text.
  case other

  init(_ oid: UInt32) {
    switch oid {
    case 16: self = .boolean
    case 17: self = .bytes
    case 20: self = .int64
    case 21: self = .int16
    case 23: self = .int32
    case 700: self = .float
    case 701: self = .double
    case 1700: self = .numeric
    // name, text, json, unknown, bpchar, varchar
    case 19, 25, 114, 705, 1042, 1043: self = .text
    default: self = .other
    }
  }

  /// Whether the binary format is the value's own bytes.
  var isRaw: Bool { self == .bytes || self == .text }
}

/// A value in the binary format.
enum PostgreSQLValue {
  case null
  case integer(Int64)
  case real(Double)
  /// PostgreSQL's `numeric`: what `sum` over integers gives.
  case decimal(String)
  case raw(UnsafeRawBufferPointer)

  init(_ bytes: UnsafeRawBufferPointer, _ type: PostgreSQLType) {
    switch (type, bytes.count) {
    case (.boolean, 1): self = .integer(bytes[0] == 0 ? 0 : 1)
    case (.int16, 2): self = .integer(Int64(Int16(truncatingIfNeeded: Self.number(bytes))))
    case (.int32, 4): self = .integer(Int64(Int32(truncatingIfNeeded: Self.number(bytes))))
    case (.int64, 8): self = .integer(Int64(bitPattern: Self.number(bytes)))
    case (.float, 4):
      self = .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: Self.number(bytes)))))
    case (.double, 8): self = .real(Double(bitPattern: Self.number(bytes)))
    case (.numeric, 8...): self = .decimal(Self.decimal(bytes))
    default: self = .raw(bytes)
    }
  }

  var integer: Int64 {
    switch self {
    case .null: 0
    case .integer(let value): value
    // Cut and clamped, as SQLite does.
    case .real(let value):
      Int64(exactly: value.rounded(.towardZero)) ?? (value.isNaN ? 0 : value < 0 ? .min : .max)
    case .decimal(let text):
      Int64(text.prefix { $0 != "." }) ?? (text == "NaN" ? 0 : text.hasPrefix("-") ? .min : .max)
    case .raw(let bytes): Int64(String(decoding: bytes, as: UTF8.self)) ?? 0
    }
  }

  var real: Double {
    switch self {
    case .null: 0
    case .integer(let value): Double(value)
    case .real(let value): value
    case .decimal(let text): Double(text) ?? 0
    case .raw(let bytes): Double(String(decoding: bytes, as: UTF8.self)) ?? 0
    }
  }

  func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    switch self {
    case .null: try body(UnsafeRawBufferPointer(start: nil, count: 0))
    case .integer(let value): try Array("\(value)".utf8).withUnsafeBytes(body)
    case .real(let value): try Array("\(value)".utf8).withUnsafeBytes(body)
    case .decimal(let text): try Array(text.utf8).withUnsafeBytes(body)
    case .raw(let bytes): try body(bytes)
    }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// numeric_send (numeric.c): how many digits to the base of 10,000, the first one's weight, the
  /// sign, how many decimal places, then the digits; 16 bits each.
  private static func decimal(_ bytes: UnsafeRawBufferPointer) -> String {
    let words = stride(from: 0, to: bytes.count - 1, by: 2).map {
      UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
    }
    let sign = words[2]
    // 0xC000 is not a number; 0xD000 and 0xF000 are the infinities.
    guard sign == 0 || sign == 0x4000 else {
      return sign == 0xC000 ? "NaN" : sign == 0xF000 ? "-inf" : "inf"
    }
    let digits = words.dropFirst(4)
    let weight = Int(Int16(bitPattern: words[1]))
    let places = Int(words[3])
    func digit(_ place: Int) -> UInt16 {
      let index = digits.startIndex + place
      return digits.indices.contains(index) ? digits[index] : 0
    }
    func padded(_ digit: UInt16) -> String {
      let text = String(digit)
      return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }
    var whole = ""
    for place in 0..<max(0, weight + 1) { whole += padded(digit(place)) }
    whole = String(whole.drop { $0 == "0" })
    var text = (sign == 0 ? "" : "-") + (whole.isEmpty ? "0" : whole)
    if places > 0 {
      var fraction = ""
      var place = weight + 1
      while fraction.count < places {
        fraction += place < 0 ? "0000" : padded(digit(place))
        place += 1
      }
      text += "." + fraction.prefix(places)
    }
    return text
  }
}
