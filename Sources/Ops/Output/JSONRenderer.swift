import ServiceRuntime

/// Writes values as JSON: numbers digit by digit, fields in their order, nothing rounded.
enum JSONRenderer {
  /// On one line.
  static func compact(_ value: OutputValue) -> [UInt8] {
    var bytes: [UInt8] = []
    append(value, indentation: nil, to: &bytes)
    return bytes
  }

  /// Over several lines, two spaces a level.
  static func pretty(_ value: OutputValue, level: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    append(value, indentation: level, to: &bytes)
    return bytes
  }

  private static func append(_ value: OutputValue, indentation: Int?, to bytes: inout [UInt8]) {
    switch value {
    case .null: bytes += Array("null".utf8)
    case .bool(let value): bytes += Array((value ? "true" : "false").utf8)
    case .integer(let value): bytes += Array(String(value).utf8)
    case .unsigned(let value): bytes += Array(String(value).utf8)
    case .text(let text): JSONText.append(text, to: &bytes)
    case .json(let json): bytes += json.isEmpty ? Array("null".utf8) : json
    case .list(let values):
      enclose("[", "]", count: values.count, indentation, &bytes) { index, inner, bytes in
        append(values[index], indentation: inner, to: &bytes)
      }
    case .object(let object):
      enclose("{", "}", count: object.fields.count, indentation, &bytes) { index, inner, bytes in
        let field = object.fields[index]
        JSONText.append(field.name, to: &bytes)
        bytes.append(0x3A)
        if inner != nil { bytes.append(0x20) }
        append(field.value, indentation: inner, to: &bytes)
      }
    }
  }

  private static func enclose(
    _ open: Unicode.Scalar,
    _ close: Unicode.Scalar,
    count: Int,
    _ indentation: Int?,
    _ bytes: inout [UInt8],
    _ element: (Int, Int?, inout [UInt8]) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    for index in 0..<count {
      if index > 0 { bytes.append(0x2C) }
      newLine(indentation.map { $0 + 1 }, &bytes)
      element(index, indentation.map { $0 + 1 }, &bytes)
    }
    if count > 0 { newLine(indentation, &bytes) }
    bytes.append(UInt8(ascii: close))
  }

  private static func newLine(_ indentation: Int?, _ bytes: inout [UInt8]) {
    guard let indentation else { return }
    bytes.append(0x0A)
    // Deeper than anybody reads, more spaces would only make somebody's "[[[[…" grow by its square.
    bytes += [UInt8](repeating: 0x20, count: min(indentation, 32) * 2)
  }

  /// Lays JSON out for reading without changing a token: strings and numbers stay as they came.
  static func indented(_ json: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var level = 0
    var inString = false
    var escaped = false
    for (index, byte) in json.enumerated() {
      if inString {
        result.append(byte)
        if escaped {
          escaped = false
        } else if byte == 0x5C {
          escaped = true
        } else if byte == 0x22 {
          inString = false
        }
        continue
      }
      switch byte {
      case 0x22:
        inString = true
        result.append(byte)
      case 0x7B, 0x5B:
        result.append(byte)
        level += 1
        let next = json[(index + 1)...].first { !isSpace($0) }
        if next != 0x7D, next != 0x5D { newLine(level, &result) }
      case 0x7D, 0x5D:
        let isEmpty = result.last == 0x7B || result.last == 0x5B
        level = max(0, level - 1)
        if !isEmpty { newLine(level, &result) }
        result.append(byte)
      case 0x2C:
        result.append(byte)
        newLine(level, &result)
      case 0x3A: result += [0x3A, 0x20]
      case _ where isSpace(byte): break
      default: result.append(byte)
      }
    }
    return result
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
