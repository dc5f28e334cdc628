import ServiceRuntime

/// Writes values as YAML in block style; text that YAML could take for something else is quoted.
enum YAMLRenderer {
  static func render(_ value: OutputValue) -> String {
    switch value {
    case .object(let object) where !object.fields.isEmpty: block(object, level: 0)
    case .list(let values) where !values.isEmpty: block(values, level: 0)
    default: scalar(value) + "\n"
    }
  }

  private static func block(_ object: OutputObject, level: Int) -> String {
    object.fields.map { field in
      String(repeating: "  ", count: level) + text(field.name) + ":" + nested(field.value, level)
    }.joined()
  }

  private static func block(_ values: [OutputValue], level: Int) -> String {
    values.map { value in
      let indentation = String(repeating: "  ", count: level)
      guard case .object(let object) = value, !object.fields.isEmpty else {
        return indentation + "-" + nested(value, level)
      }
      // The first field stands beside the dash, the others below it.
      return indentation + "- " + String(block(object, level: level + 1).dropFirst(2 * level + 2))
    }.joined()
  }

  /// What follows `key:` or `-`.
  private static func nested(_ value: OutputValue, _ level: Int) -> String {
    switch value {
    case .object(let object) where !object.fields.isEmpty: "\n" + block(object, level: level + 1)
    case .list(let values) where !values.isEmpty: "\n" + block(values, level: level + 1)
    default: " " + scalar(value) + "\n"
    }
  }

  private static func scalar(_ value: OutputValue) -> String {
    switch value {
    case .text(let string): text(string)
    case .list: "[]"
    case .object: "{}"
    // JSON is YAML in flow style (YAML 1.2, section 1.3).
    case .json, .null, .bool, .integer, .unsigned:
      String(decoding: JSONRenderer.compact(value), as: UTF8.self)
    }
  }

  /// Plain where no reader can mistake it, else in double quotes with JSON's escapes.
  static func text(_ string: String) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E, 0x2F, 0x40: true
      default: false
      }
    }
    let lower = string.lowercased()
    let first = string.utf8.first ?? 0x2D
    let isWord = (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first) || first == 0x2F
    if isWord, string.utf8.allSatisfy(isPlain),
      !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(lower)
    {
      return string
    }
    var bytes: [UInt8] = []
    JSONText.append(string, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
