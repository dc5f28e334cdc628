/// Checks one JSON object strictly (RFC 8259, I-JSON's unique keys) and finds its members, in one
/// pass and without allocating once its buffers have grown.
///
/// Stricter than most readers, because a payload is applied once and for good: no trailing comma,
/// no duplicate key by bytes after unescaping, no NUL, no lone surrogate, depth at most 64, valid
/// UTF-8. Numbers keep their text. The members' values are checked as deeply as the rest.
public struct JSONScanner: ~Copyable {
  /// Objects and arrays may nest this deep, the outermost counted.
  public static let maximumDepth = 64

  // Safety: `text` and `start` are used only during `object(in:)`, while the caller's borrow lasts.
  var text = UnsafeRawBufferPointer(start: nil, count: 0)
  var index = 0
  /// No white space between tokens and no escape since this was last set.
  var isCompact = true
  var keys = TrivialStack<KeySpan>(capacity: 64)
  var unescaped = ByteSink(capacity: 256)
  private var members = TrivialStack<MemberSpan>(capacity: 64)

  public init() {}

  /// The members of the object that `text` is.
  ///
  /// - Returns: views that are valid until the next call and as long as `text` is.
  public mutating func object(in text: UnsafeRawBufferPointer) throws(JSONError) -> JSONObject {
    self.text = text
    index = 0
    members.truncate(to: 0)
    keys.truncate(to: 0)
    unescaped.removeAll()
    // Positions are kept in 32 bits.
    guard text.count <= Int(UInt32.max) else { throw JSONError(.tooLong, at: 0) }

    do {
      try scanTopLevel()
    } catch {
      throw classified(error)
    }
    return JSONObject(
      text: text,
      unescaped: unescaped.bytes,
      members: UnsafeBufferPointer(start: members.base, count: members.count)
    )
  }

  private mutating func scanTopLevel() throws(JSONError) {
    skipWhiteSpace()
    guard index < text.count else { throw JSONError(.empty, at: index) }
    guard text[index] == UInt8(ascii: "{") else {
      if let kind = JSONKind(firstByte: text[index]) {
        throw JSONError(.notAnObject(kind), at: index)
      }
      throw JSONError(.unexpectedCharacter, at: index)
    }
    index += 1
    try object(depth: 1)
    skipWhiteSpace()
    guard index == text.count else { throw JSONError(.trailingText, at: index) }
  }

  /// Bytes that are not text at all are named as such, wherever the grammar stumbled first.
  private func classified(_ error: JSONError) -> JSONError {
    switch UTF8Check.check(text) {
    case .invalid(let offset): JSONError(.invalidUTF8, at: offset)
    case .nul(let offset): JSONError(.nul, at: offset)
    case .valid: error
    }
  }

  // MARK: Grammar

  /// After `{`, up to and with `}`.
  private mutating func object(depth: Int) throws(JSONError) {
    guard depth <= Self.maximumDepth else { throw JSONError(.tooDeep, at: index - 1) }
    let firstKey = keys.count
    skipWhiteSpace()
    if try next() == UInt8(ascii: "}") {
      index &+= 1
      return
    }
    while true {
      guard try next() == UInt8(ascii: "\"") else {
        throw JSONError(.unexpectedCharacter, at: index)
      }
      let key = try key()
      keys.push(key)
      skipWhiteSpace()
      guard try next() == UInt8(ascii: ":") else {
        throw JSONError(.unexpectedCharacter, at: index)
      }
      index &+= 1
      skipWhiteSpace()
      if depth == 1 {
        isCompact = true
        let start = index
        let kind = try value(depth: depth)
        members.push(
          MemberSpan(
            key: key,
            start: UInt32(truncatingIfNeeded: start),
            end: UInt32(truncatingIfNeeded: index),
            kind: kind,
            isCompact: isCompact
          )
        )
      } else {
        _ = try value(depth: depth)
      }
      skipWhiteSpace()
      let byte = try next()
      index &+= 1
      if byte == UInt8(ascii: "}") { break }
      guard byte == UInt8(ascii: ",") else {
        throw JSONError(.unexpectedCharacter, at: index - 1)
      }
      skipWhiteSpace()
      if try next() == UInt8(ascii: "}") { throw JSONError(.trailingComma, at: index - 1) }
    }
    guard keysDiffer(from: firstKey) else { throw JSONError(.duplicateKey, at: index - 1) }
    keys.truncate(to: firstKey)
  }

  /// After `[`, up to and with `]`.
  private mutating func array(depth: Int) throws(JSONError) {
    guard depth <= Self.maximumDepth else { throw JSONError(.tooDeep, at: index - 1) }
    skipWhiteSpace()
    if try next() == UInt8(ascii: "]") {
      index &+= 1
      return
    }
    while true {
      _ = try value(depth: depth)
      skipWhiteSpace()
      let byte = try next()
      index &+= 1
      if byte == UInt8(ascii: "]") { return }
      guard byte == UInt8(ascii: ",") else {
        throw JSONError(.unexpectedCharacter, at: index - 1)
      }
      skipWhiteSpace()
      if try next() == UInt8(ascii: "]") { throw JSONError(.trailingComma, at: index - 1) }
    }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONKind {
    guard let kind = JSONKind(firstByte: try next()) else {
      throw JSONError(.unexpectedCharacter, at: index)
    }
    switch kind {
    case .object:
      index &+= 1
      try object(depth: depth + 1)
    case .array:
      index &+= 1
      try array(depth: depth + 1)
    case .string: try string()
    case .number: try number()
    case .true: try literal("true")
    case .false: try literal("false")
    case .null: try literal("null")
    }
    return kind
  }

  private mutating func literal(_ word: StaticString) throws(JSONError) {
    let length = word.utf8CodeUnitCount
    guard text.count - index >= length else { throw JSONError(.truncated, at: text.count) }
    guard UnsafeRawBufferPointer(rebasing: text[index..<(index + length)]).sameBytes(as: word)
    else { throw JSONError(.unexpectedCharacter, at: index) }
    index &+= length
  }

  private mutating func number() throws(JSONError) {
    let start = index
    if text[index] == UInt8(ascii: "-") { index &+= 1 }
    // A leading zero stands alone.
    if index < text.count, text[index] == UInt8(ascii: "0") {
      index &+= 1
    } else {
      guard skipDigits() > 0 else { throw JSONError(.invalidNumber, at: start) }
    }
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index &+= 1
      guard skipDigits() > 0 else { throw JSONError(.invalidNumber, at: start) }
    }
    if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
      index &+= 1
      if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
        index &+= 1
      }
      guard skipDigits() > 0 else { throw JSONError(.invalidNumber, at: start) }
    }
    // As in "01".
    if index < text.count, text[index] &- UInt8(ascii: "0") <= 9 {
      throw JSONError(.invalidNumber, at: start)
    }
  }

  private mutating func skipDigits() -> Int {
    let start = index
    while index < text.count, text[index] &- UInt8(ascii: "0") <= 9 { index &+= 1 }
    return index - start
  }

  // MARK: Bytes

  @inline(__always)
  private func next() throws(JSONError) -> UInt8 {
    guard index < text.count else { throw JSONError(.truncated, at: index) }
    return text[index]
  }

  @inline(__always)
  private mutating func skipWhiteSpace() {
    guard index < text.count, text[index] <= 0x20 else { return }
    let start = index
    while index < text.count {
      switch text[index] {
      case 0x20, 0x0A, 0x0D, 0x09: index &+= 1
      default:
        if index != start { isCompact = false }
        return
      }
    }
  }
}
