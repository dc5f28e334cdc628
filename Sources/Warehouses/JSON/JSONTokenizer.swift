import Glibc
import SyncModel

/// What a `JSONTokenizer` finds, in the order of the text. Bytes are lent for the call.
protocol JSONEvents {
  mutating func beginObject() throws
  mutating func beginArray() throws
  /// The end of the innermost object or array.
  mutating func end() throws
  mutating func key(_ name: UnsafeRawBufferPointer) throws
  /// A string's characters, without escapes. Whether they are UTF-8 is the reader's matter.
  /// - Parameter size: how many bytes it has; more than `characters` where only `wantedBytes` of them
  ///   were kept.
  mutating func string(_ characters: UnsafeRawBufferPointer, size: Int) throws
  /// A number, `true`, `false` or `null`, as it is written.
  mutating func word(_ text: UnsafeRawBufferPointer) throws

  /// How many bytes of the string that begins now are wanted. With `Int.max` (also the default) a
  /// string over the tokenizer's limit is an error instead of being cut.
  var wantedBytes: Int { get }
  /// Whether to stop after what was told last; the caller feeds the rest of the piece again.
  var isPaused: Bool { get }
}

extension JSONEvents {
  var wantedBytes: Int { .max }
  var isPaused: Bool { false }
}

/// Reads one JSON text as it comes in pieces. No tree is made: one string is held at a time, and only
/// where it has escapes or lies in two pieces.
struct JSONTokenizer: ~Copyable {
  enum Problem: Error, Equatable {
    /// The offset counts from the text's first byte.
    case malformed(offset: Int)
    case stringTooLong(offset: Int)
    case tooDeep(offset: Int)
  }

  private enum State {
    case value, valueOrEnd, key, keyOrEnd, colon, afterValue, done
    case string, escape, word
    /// Hexadecimal digits that are still to come.
    case unicode(Int)
  }

  /// What one string may hold, in bytes.
  private let longestString: Int
  private static let deepest = 64
  private var state = State.value
  /// Whether each open container is an object.
  private var containers: [Bool] = []
  private var isKey = false
  private var token = ByteSink(capacity: 4096)
  /// Bytes of the string, kept or not, and how many are to be kept.
  private var size = 0
  private var wanted = 0
  private var unit: UInt32 = 0
  /// A UTF-16 high surrogate that waits for its other half.
  private var high: UInt32?
  /// Bytes that were read before the piece at hand.
  private var before = 0

  init(longestString: Int = 64 << 20) { self.longestString = longestString }

  /// Whether the text has ended.
  var isComplete: Bool {
    if case .done = state { return true }
    return false
  }

  /// Reads a whole piece.
  /// - Throws: `Problem`, and what `events` throw.
  mutating func feed(
    _ piece: UnsafeRawBufferPointer,
    _ events: inout some JSONEvents
  ) throws {
    var position = 0
    while try feed(piece, from: &position, &events) {}
  }

  /// Reads on from `position`, to the end of the piece or to where `events` pause.
  ///
  /// - Returns: true when they paused; false when the piece is used up, and `position` is 0 for the
  ///   next one.
  /// - Throws: `Problem`, and what `events` throw.
  mutating func feed(
    _ piece: UnsafeRawBufferPointer,
    from position: inout Int,
    _ events: inout some JSONEvents
  ) throws -> Bool {
    while position < piece.count {
      let byte = piece[position]
      switch state {
      case .string: try characters(piece, &position, &events)
      case .escape:
        position += 1
        try escape(byte, position)
      case .unicode(let left):
        position += 1
        try hexadecimal(byte, left: left, position)
      case .word:
        if Self.isWord(byte) {
          token.append(byte)
          position += 1
          guard token.count <= 400 else { throw Problem.malformed(offset: before + position) }
        } else {
          try endWord(position, &events)
        }
      case _ where byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09:
        position += 1
      default:
        position += 1
        try structure(byte, position, &events)
        if events.isPaused { return true }
      }
    }
    before += piece.count
    position = 0
    return false
  }

  /// At the end of the text: throws unless it is complete.
  func finish() throws(Problem) {
    guard isComplete else { throw .malformed(offset: before) }
  }

  // MARK: Structure

  private mutating func structure(
    _ byte: UInt8,
    _ position: Int,
    _ events: inout some JSONEvents
  ) throws {
    switch (state, byte) {
    case (.value, UInt8(ascii: "{")), (.valueOrEnd, UInt8(ascii: "{")):
      try open(isObject: true, position)
      try events.beginObject()
      state = .keyOrEnd
    case (.value, UInt8(ascii: "[")), (.valueOrEnd, UInt8(ascii: "[")):
      try open(isObject: false, position)
      try events.beginArray()
      state = .valueOrEnd
    case (.value, UInt8(ascii: "\"")), (.valueOrEnd, UInt8(ascii: "\"")):
      beginString(isKey: false, wanted: events.wantedBytes)
    case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")):
      beginString(isKey: true, wanted: .max)
    case (.value, _) where Self.isWord(byte), (.valueOrEnd, _) where Self.isWord(byte):
      token.removeAll()
      token.append(byte)
      state = .word
    case (.colon, UInt8(ascii: ":")): state = .value
    case (.afterValue, UInt8(ascii: ",")): state = containers.last == true ? .key : .value
    case (.afterValue, UInt8(ascii: "}")) where containers.last == true,
      (.keyOrEnd, UInt8(ascii: "}")),
      (.afterValue, UInt8(ascii: "]")) where containers.last == false,
      (.valueOrEnd, UInt8(ascii: "]")):
      containers.removeLast()
      try events.end()
      endValue()
    default: throw Problem.malformed(offset: before + position - 1)
    }
  }

  private mutating func open(isObject: Bool, _ position: Int) throws {
    guard containers.count < Self.deepest else {
      throw Problem.tooDeep(offset: before + position - 1)
    }
    containers.append(isObject)
  }

  private mutating func endValue() { state = containers.isEmpty ? .done : .afterValue }

  // MARK: Strings

  private mutating func beginString(isKey: Bool, wanted: Int) {
    token.removeAll()
    size = 0
    high = nil
    self.isKey = isKey
    self.wanted = wanted
    state = .string
  }

  private mutating func store(_ byte: UInt8) {
    if size < wanted { token.append(byte) }
    size += 1
  }

  /// What of `text` is wanted behind what was kept already.
  private func kept(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let room = wanted - token.count
    return text.count <= room
      ? text : UnsafeRawBufferPointer(rebasing: text[..<max(0, room)])
  }

  /// Up to the string's end, an escape, or the piece's end, at once.
  private mutating func characters(
    _ piece: UnsafeRawBufferPointer,
    _ position: inout Int,
    _ events: inout some JSONEvents
  ) throws {
    let rest = UnsafeRawBufferPointer(rebasing: piece[position...])
    let quote = Self.index(of: UInt8(ascii: "\""), in: rest) ?? rest.count
    let run = UnsafeRawBufferPointer(rebasing: rest[..<quote])
    let end = Self.index(of: UInt8(ascii: "\\"), in: run) ?? quote
    let plain = UnsafeRawBufferPointer(rebasing: rest[..<end])
    guard wanted < .max || plain.count <= longestString - size else {
      throw Problem.stringTooLong(offset: before + position)
    }
    position += end
    if end == quote, quote < rest.count, size == 0, high == nil {
      position += 1
      size = plain.count
      return try endString(kept(plain), &events)
    }
    if !plain.isEmpty {
      endSurrogate()
      token.append(kept(plain))
      size += plain.count
    }
    guard position < piece.count else { return }
    position += 1
    if end < quote {
      state = .escape
    } else {
      endSurrogate()
      try endString(token.bytes, &events)
    }
  }

  private mutating func endString(
    _ text: UnsafeRawBufferPointer,
    _ events: inout some JSONEvents
  ) throws {
    if isKey {
      try events.key(text)
      state = .colon
    } else {
      try events.string(text, size: size)
      endValue()
    }
  }

  private mutating func escape(_ byte: UInt8, _ position: Int) throws {
    if byte == UInt8(ascii: "u") {
      unit = 0
      state = .unicode(4)
      return
    }
    endSurrogate()
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): store(byte)
    case UInt8(ascii: "n"): store(0x0a)
    case UInt8(ascii: "t"): store(0x09)
    case UInt8(ascii: "r"): store(0x0d)
    case UInt8(ascii: "b"): store(0x08)
    case UInt8(ascii: "f"): store(0x0c)
    default: throw Problem.malformed(offset: before + position - 1)
    }
    state = .string
  }

  private mutating func hexadecimal(_ byte: UInt8, left: Int, _ position: Int) throws {
    let digit: UInt8
    switch byte {
    case 48...57: digit = byte - 48
    case 65...70: digit = byte - 55
    case 97...102: digit = byte - 87
    default: throw Problem.malformed(offset: before + position - 1)
    }
    unit = unit << 4 | UInt32(digit)
    guard left == 1 else {
      state = .unicode(left - 1)
      return
    }
    state = .string
    if let high, (0xdc00..<0xe000).contains(unit) {
      self.high = nil
      append(0x10000 + (high & 0x3ff) << 10 + (unit & 0x3ff))
      return
    }
    endSurrogate()
    if (0xd800..<0xdc00).contains(unit) { high = unit } else { append(unit) }
  }

  /// A half without its other: three bytes that are no UTF-8, so that the row is rejected and not
  /// changed.
  private mutating func endSurrogate() {
    guard let high else { return }
    self.high = nil
    append(high)
  }

  private mutating func append(_ scalar: UInt32) {
    func byte(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    switch scalar {
    case ..<0x80: store(byte(scalar))
    case ..<0x800:
      store(byte(0xc0 | scalar >> 6))
      store(byte(0x80 | scalar & 0x3f))
    case ..<0x10000:
      store(byte(0xe0 | scalar >> 12))
      store(byte(0x80 | scalar >> 6 & 0x3f))
      store(byte(0x80 | scalar & 0x3f))
    default:
      store(byte(0xf0 | scalar >> 18))
      store(byte(0x80 | scalar >> 12 & 0x3f))
      store(byte(0x80 | scalar >> 6 & 0x3f))
      store(byte(0x80 | scalar & 0x3f))
    }
  }

  // MARK: Words

  private mutating func endWord(_ position: Int, _ events: inout some JSONEvents) throws {
    let text = token.bytes
    guard
      Self.isNumber(text) || text.sameBytes(as: "null") || text.sameBytes(as: "true")
        || text.sameBytes(as: "false")
    else { throw Problem.malformed(offset: before + position) }
    try events.word(text)
    endValue()
  }

  /// RFC 8259, section 6.
  private static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool {
    var rest = text[...]
    func digits() -> Int {
      let count = rest.prefix { (48...57).contains($0) }.count
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

  private static func isWord(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
  }

  private static func index(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress, bytes.count > 0,
      let found = memchr(base, Int32(byte), bytes.count)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
