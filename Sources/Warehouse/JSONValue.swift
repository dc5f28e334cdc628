/// A small JSON document as a tree: statuses, errors and columns of a warehouse's API. Rows never go
/// through it.
public indirect enum JSONValue: Sendable, Equatable {
  case object([(key: String, value: JSONValue)])
  case array([JSONValue])
  case string(String)
  /// As it is written.
  case number(String)
  case bool(Bool)
  case null

  /// Reads one document; nil for what is none, or is nested deeper than 64 levels.
  public init?(_ bytes: some Collection<UInt8>) {
    var reader = Reader(bytes: Array(bytes))
    guard let value = reader.document() else { return nil }
    self = value
  }

  /// The member of an object; nil for anything else. Of two with the same key, the first.
  public subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The elements of an array; none for anything else.
  public var elements: [JSONValue] {
    guard case .array(let elements) = self else { return [] }
    return elements
  }

  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// A whole number in 64 bits, written as a number or as a string.
  public var integer: Int64? {
    switch self {
    case .number(let text), .string(let text): Int64(text)
    default: nil
    }
  }

  public var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The document's text, without white space.
  public var text: [UInt8] {
    var result: [UInt8] = []
    write(into: &result)
    return result
  }

  private func write(into result: inout [UInt8]) {
    switch self {
    case .null: result += Array("null".utf8)
    case .bool(let value): result += Array((value ? "true" : "false").utf8)
    case .number(let text): result += Array(text.utf8)
    case .string(let text): Self.write(text, into: &result)
    case .array(let elements):
      result.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { result.append(UInt8(ascii: ",")) }
        element.write(into: &result)
      }
      result.append(UInt8(ascii: "]"))
    case .object(let members):
      result.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { result.append(UInt8(ascii: ",")) }
        Self.write(member.key, into: &result)
        result.append(UInt8(ascii: ":"))
        member.value.write(into: &result)
      }
      result.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, into result: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    result.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
      case 0x00..<0x20:
        result += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: result.append(byte)
      }
    }
    result.append(UInt8(ascii: "\""))
  }

  public static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.object(let x), .object(let y)):
      x.count == y.count
        && zip(x, y).allSatisfy { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
    case (.array(let x), .array(let y)): x == y
    case (.string(let x), .string(let y)), (.number(let x), .number(let y)):
      x.utf8.elementsEqual(y.utf8)
    case (.bool(let x), .bool(let y)): x == y
    case (.null, .null): true
    default: false
    }
  }
}

extension JSONValue {
  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    mutating func document() -> JSONValue? {
      guard let value = value(depth: 0) else { return nil }
      skipSpace()
      return position == bytes.count ? value : nil
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
      while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
        position += 1
      }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      skipSpace()
      guard peek == byte else { return false }
      position += 1
      return true
    }

    private mutating func word(_ text: StaticString) -> Bool {
      let count = text.utf8CodeUnitCount
      guard position + count <= bytes.count else { return false }
      for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
      position += count
      return true
    }

    private mutating func value(depth: Int) -> JSONValue? {
      guard depth <= 64 else { return nil }
      skipSpace()
      switch peek {
      case UInt8(ascii: "{"): return object(depth: depth)
      case UInt8(ascii: "["): return array(depth: depth)
      case UInt8(ascii: "\""): return string().map(JSONValue.string)
      case UInt8(ascii: "t"): return word("true") ? .bool(true) : nil
      case UInt8(ascii: "f"): return word("false") ? .bool(false) : nil
      case UInt8(ascii: "n"): return word("null") ? .null : nil
      default: return number()
      }
    }

    private mutating func object(depth: Int) -> JSONValue? {
      position += 1
      var members: [(key: String, value: JSONValue)] = []
      if take(UInt8(ascii: "}")) { return .object([]) }
      while true {
        skipSpace()
        guard peek == UInt8(ascii: "\""), let key = string(), take(UInt8(ascii: ":")),
          let value = value(depth: depth + 1)
        else { return nil }
        members.append((key, value))
        if take(UInt8(ascii: "}")) { return .object(members) }
        guard take(UInt8(ascii: ",")) else { return nil }
      }
    }

    private mutating func array(depth: Int) -> JSONValue? {
      position += 1
      var elements: [JSONValue] = []
      if take(UInt8(ascii: "]")) { return .array([]) }
      while true {
        guard let value = value(depth: depth + 1) else { return nil }
        elements.append(value)
        if take(UInt8(ascii: "]")) { return .array(elements) }
        guard take(UInt8(ascii: ",")) else { return nil }
      }
    }

    private mutating func number() -> JSONValue? {
      let start = position
      while let byte = peek,
        (48...57).contains(byte) || [0x2b, 0x2d, 0x2e, 0x45, 0x65].contains(byte)
      {
        position += 1
      }
      let text = bytes[start..<position]
      return Self.isNumber(text) ? .number(String(decoding: text, as: UTF8.self)) : nil
    }

    /// RFC 8259, section 6.
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
      var rest = text
      func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
      func digits() -> Int {
        let count = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(count)
        return count
      }
      if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      let startsWithZero = rest.first == UInt8(ascii: "0")
      let whole = digits()
      guard whole > 0, whole == 1 || !startsWithZero else { return false }
      if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        guard digits() > 0 else { return false }
      }
      if let exponent = rest.first, exponent | 0x20 == UInt8(ascii: "e") {
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
          rest = rest.dropFirst()
        }
        guard digits() > 0 else { return false }
      }
      return rest.isEmpty
    }

    private mutating func string() -> String? {
      position += 1
      var units: [UInt8] = []
      while let byte = peek {
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard let escaped = escape() else { return nil }
          units += escaped
        default: units.append(byte)
        }
      }
      return nil
    }

    private mutating func escape() -> [UInt8]? {
      guard let byte = peek else { return nil }
      position += 1
      switch byte {
      case UInt8(ascii: "b"): return [0x08]
      case UInt8(ascii: "f"): return [0x0c]
      case UInt8(ascii: "n"): return [0x0a]
      case UInt8(ascii: "r"): return [0x0d]
      case UInt8(ascii: "t"): return [0x09]
      case UInt8(ascii: "u"):
        guard var scalar = hexUnit() else { return nil }
        if scalar & 0xfc00 == 0xd800 {
          // Only what is its other half belongs to it.
          let end = position
          if word("\\u"), let low = hexUnit(), low & 0xfc00 == 0xdc00 {
            scalar = 0x10000 + (scalar & 0x3ff) << 10 + (low & 0x3ff)
          } else {
            position = end
          }
        }
        return Array(String(Unicode.Scalar(scalar) ?? "\u{fffd}").utf8)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
      default: return nil
      }
    }

    private mutating func hexUnit() -> UInt32? {
      guard position + 4 <= bytes.count else { return nil }
      var unit: UInt32 = 0
      for byte in bytes[position..<position + 4] {
        guard let digit = Self.hexDigit(byte) else { return nil }
        unit = unit << 4 | digit
      }
      position += 4
      return unit
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
      switch byte {
      case 48...57: UInt32(byte) - 48
      case 65...70, 97...102: UInt32(byte | 0x20) - 87
      default: nil
      }
    }
  }
}
