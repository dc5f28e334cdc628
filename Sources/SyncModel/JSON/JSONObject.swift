/// What a JSON value is.
public enum JSONKind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case object
  case array
  case string
  case number
  case `true`
  case `false`
  case null

  /// "an object", "a number" …, for messages.
  public var article: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .number: "a number"
    case .true, .false: "a boolean"
    case .null: "null"
    }
  }

  /// The kind that a value beginning with `byte` has, if any has.
  init?(firstByte byte: UInt8) {
    switch byte {
    case UInt8(ascii: "{"): self = .object
    case UInt8(ascii: "["): self = .array
    case UInt8(ascii: "\""): self = .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
    case UInt8(ascii: "t"): self = .true
    case UInt8(ascii: "f"): self = .false
    case UInt8(ascii: "n"): self = .null
    default: return nil
    }
  }
}

/// One member of an object.
///
/// Safety: both views are valid as long as the `JSONObject` that lent it.
public struct JSONMember {
  /// The key's characters, unescaped, without quotes.
  public var key: UnsafeRawBufferPointer
  /// The value's own text: numbers as written, strings with quotes and escapes.
  public var value: UnsafeRawBufferPointer
  public var kind: JSONKind
  /// True when the text holds neither white space between tokens nor escapes: it is compact already.
  public var isCompact: Bool

  /// A string's characters, where no escape has to be undone; nil for another kind.
  public var plainString: UnsafeRawBufferPointer? {
    guard kind == .string, isCompact, value.count >= 2 else { return nil }
    return UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)])
  }
}

/// The members of a scanned object, in the order of the text.
///
/// Safety: borrows the text and the scanner's memory; not to be used after the next scan.
public struct JSONObject {
  let text: UnsafeRawBufferPointer
  let unescaped: UnsafeRawBufferPointer
  let members: UnsafeBufferPointer<MemberSpan>

  public var count: Int { members.count }

  public subscript(index: Int) -> JSONMember {
    let span = members[index]
    return JSONMember(
      key: span.key.bytes(text: text, unescaped: unescaped),
      value: UnsafeRawBufferPointer(rebasing: text[Int(span.start)..<Int(span.end)]),
      kind: span.kind,
      isCompact: span.isCompact
    )
  }

  /// The member with this key; linear, for the few fixed names of events and purchases.
  public func first(_ key: StaticString) -> JSONMember? {
    let wanted = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    for index in 0..<count where self[index].key.sameBytes(as: wanted) { return self[index] }
    return nil
  }
}

/// Where a key's characters are.
struct KeySpan: BitwiseCopyable {
  var start: UInt32
  var length: UInt32
  /// Of the unescaped bytes; only to tell most different keys apart quickly.
  var hash: UInt32
  /// In the scanner's buffer, because escapes had to be undone, not in the text.
  var isUnescaped: Bool

  func bytes(
    text: UnsafeRawBufferPointer,
    unescaped: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    let source = isUnescaped ? unescaped : text
    return UnsafeRawBufferPointer(rebasing: source[Int(start)..<(Int(start) + Int(length))])
  }
}

struct MemberSpan: BitwiseCopyable {
  var key: KeySpan
  var start: UInt32
  var end: UInt32
  var kind: JSONKind
  var isCompact: Bool
}
