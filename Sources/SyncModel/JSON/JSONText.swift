/// Writes JSON text, and undoes escapes in text that a `JSONScanner` has checked.
public enum JSONText {
  /// The characters of a checked string's inside (without its quotes).
  public static func unescape(_ inner: UnsafeRawBufferPointer, into sink: inout ByteSink) {
    var index = 0
    while index < inner.count {
      let byte = inner[index]
      guard byte == UInt8(ascii: "\\"), index + 1 < inner.count else {
        sink.append(byte)
        index += 1
        continue
      }
      let code = inner[index + 1]
      index += 2
      switch code {
      case UInt8(ascii: "b"): sink.append(0x08)
      case UInt8(ascii: "f"): sink.append(0x0C)
      case UInt8(ascii: "n"): sink.append(0x0A)
      case UInt8(ascii: "r"): sink.append(0x0D)
      case UInt8(ascii: "t"): sink.append(0x09)
      case UInt8(ascii: "u"):
        guard var scalar = hexUnit(inner, at: index) else { return }
        index += 4
        if scalar & 0xFC00 == 0xD800, let low = hexUnit(inner, at: index + 2) {
          scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
          index += 6
        }
        appendUTF8(scalar, into: &sink)
      default: sink.append(code)
      }
    }
  }

  /// Appends a string with quotes and no more escapes than RFC 8259 demands.
  public static func appendString(_ characters: UnsafeRawBufferPointer, into sink: inout ByteSink) {
    sink.append(UInt8(ascii: "\""))
    var plain = 0
    for index in 0..<characters.count {
      let byte = characters[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
        continue
      }
      sink.append(UnsafeRawBufferPointer(rebasing: characters[plain..<index]))
      plain = index + 1
      appendEscape(of: byte, into: &sink)
    }
    sink.append(UnsafeRawBufferPointer(rebasing: characters[plain...]))
    sink.append(UInt8(ascii: "\""))
  }

  public static func appendString(_ text: String, into sink: inout ByteSink) {
    var copy = text
    copy.withUTF8 { appendString(UnsafeRawBufferPointer($0), into: &sink) }
  }

  /// Appends a checked value without white space between tokens, its strings in their shortest
  /// form: two texts that differ only in that are then the same bytes.
  public static func appendCompact(_ value: UnsafeRawBufferPointer, into sink: inout ByteSink) {
    var index = 0
    while index < value.count {
      let byte = value[index]
      switch byte {
      case 0x20, 0x0A, 0x0D, 0x09:
        index += 1
      case UInt8(ascii: "\""):
        let end = endOfString(value, from: index + 1)
        appendShortest(
          UnsafeRawBufferPointer(rebasing: value[(index + 1)..<end]),
          into: &sink
        )
        index = end + 1
      default:
        sink.append(byte)
        index += 1
      }
    }
  }

  /// The four hex digits at `offset` as a number.
  static func hexUnit(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
    guard bytes.count - offset >= 4 else { return nil }
    var unit: UInt32 = 0
    for position in offset..<(offset + 4) {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(byte - 0x30)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt32(byte - 0x57)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt32(byte - 0x37)
      default: return nil
      }
    }
    return unit
  }

  // MARK: Parts

  private static func endOfString(_ value: UnsafeRawBufferPointer, from start: Int) -> Int {
    var index = start
    while index < value.count, value[index] != UInt8(ascii: "\"") {
      index += value[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index, value.count)
  }

  private static func appendShortest(
    _ inner: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) {
    guard inner.hasBackslash else {
      sink.append(UInt8(ascii: "\""))
      sink.append(inner)
      sink.append(UInt8(ascii: "\""))
      return
    }
    var characters = ByteSink(capacity: inner.count)
    unescape(inner, into: &characters)
    appendString(characters.bytes, into: &sink)
  }

  private static func appendEscape(of byte: UInt8, into sink: inout ByteSink) {
    sink.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): sink.append(byte)
    case 0x08: sink.append(UInt8(ascii: "b"))
    case 0x0C: sink.append(UInt8(ascii: "f"))
    case 0x0A: sink.append(UInt8(ascii: "n"))
    case 0x0D: sink.append(UInt8(ascii: "r"))
    case 0x09: sink.append(UInt8(ascii: "t"))
    default:
      sink.append("u00")
      appendHexDigit(byte >> 4, into: &sink)
      appendHexDigit(byte & 0xF, into: &sink)
    }
  }

  private static func appendHexDigit(_ digit: UInt8, into sink: inout ByteSink) {
    sink.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + (digit - 10))
  }

  private static func appendUTF8(_ scalar: UInt32, into sink: inout ByteSink) {
    func byte(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    switch scalar {
    case ..<0x80:
      sink.append(byte(scalar))
    case ..<0x800:
      sink.append(byte(0xC0 | scalar >> 6))
      sink.append(byte(0x80 | scalar & 0x3F))
    case ..<0x10000:
      sink.append(byte(0xE0 | scalar >> 12))
      sink.append(byte(0x80 | scalar >> 6 & 0x3F))
      sink.append(byte(0x80 | scalar & 0x3F))
    default:
      sink.append(byte(0xF0 | scalar >> 18))
      sink.append(byte(0x80 | scalar >> 12 & 0x3F))
      sink.append(byte(0x80 | scalar >> 6 & 0x3F))
      sink.append(byte(0x80 | scalar & 0x3F))
    }
  }
}
