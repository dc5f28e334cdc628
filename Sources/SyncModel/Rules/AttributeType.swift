/// What a custom attribute holds: fixed, for a whole workspace, by the first value that comes (R87).
public enum AttributeType: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case string = 1
  case number = 2
  case boolean = 3
  case time = 4
  /// Of strings, numbers and booleans.
  case array = 5
  case object = 6
  case objects = 7
}

extension AttributeType: CustomStringConvertible {
  /// As a user reads it.
  public var description: String {
    switch self {
    case .string: "string"
    case .number: "number"
    case .boolean: "boolean"
    case .time: "time"
    case .array: "array"
    case .object: "object"
    case .objects: "array of objects"
    }
  }
}

/// How a value of one type becomes one of another (R87 to R89).
enum Coercion {
  /// Appends the JSON text that `value` has as `type`; false, with nothing appended, where it cannot
  /// be that.
  ///
  /// - Parameter value: compact text of a string, number or boolean of another type.
  static func append(
    _ value: UnsafeRawBufferPointer,
    as type: AttributeType,
    into sink: inout ByteSink
  ) -> Bool {
    guard let kind = value.first.flatMap(JSONKind.init(firstByte:)) else { return false }
    let item = JSONItem(text: value, kind: kind)
    switch type {
    case .string:
      // A number is kept as it was written.
      guard kind == .number else { return false }
      sink.append(UInt8(ascii: "\""))
      sink.append(value)
      sink.append(UInt8(ascii: "\""))
      return true
    case .number:
      guard kind == .string, isNumber(item.inner) else { return false }
      sink.append(item.inner)
      return true
    case .boolean:
      guard let flag = boolean(item) else { return false }
      sink.append(flag ? "true" : "false")
      return true
    case .time:
      // A date has no character that JSON would write as an escape, and no store text has others.
      guard kind == .string, let time = PayloadTime.civil(item.inner),
        PayloadTime.attributeYears.contains(time.year)
      else { return false }
      append(time, into: &sink)
      return true
    case .array, .object, .objects:
      return false
    }
  }

  static func append(_ time: CivilTime, into sink: inout ByteSink) {
    sink.append(UInt8(ascii: "\""))
    time.appendRFC3339(into: &sink)
    sink.append(UInt8(ascii: "\""))
  }

  /// R88: 1, true, t, 0, false and f, whatever their case.
  static func boolean(_ item: JSONItem) -> Bool? {
    switch item.kind {
    case .true: return true
    case .false: return false
    case .number, .string: break
    case .object, .array, .null: return nil
    }
    let text = item.kind == .string ? item.inner : item.text
    guard text.count <= 5 else { return nil }
    let lower = text.map { $0 | 0x20 }
    if lower.elementsEqual("true".utf8) || lower.elementsEqual("t".utf8) { return true }
    if lower.elementsEqual("false".utf8) || lower.elementsEqual("f".utf8) { return false }
    guard text.count == 1 else { return nil }
    return text[0] == UInt8(ascii: "1") ? true : text[0] == UInt8(ascii: "0") ? false : nil
  }

  /// A number as JSON writes it, and nothing around it.
  static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    func digits() -> Bool {
      let start = index
      while index < text.count, text[index] &- UInt8(ascii: "0") <= 9 { index += 1 }
      return index > start
    }
    guard text.count <= 255 else { return false }
    if text.first == UInt8(ascii: "-") { index = 1 }
    let whole = index
    guard digits() else { return false }
    if text[whole] == UInt8(ascii: "0"), index > whole + 1 { return false }
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      guard digits() else { return false }
    }
    if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
        index += 1
      }
      guard digits() else { return false }
    }
    return index == text.count
  }
}

extension UnsafeRawBufferPointer {
  /// Code points of UTF-8 text: characters, as far as that is the same for everybody.
  var characterCount: Int { reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }

  /// True when the text has more than `limit` characters; looks only at those that could.
  func isLonger(than limit: Int) -> Bool { count > limit && characterCount > limit }
}
