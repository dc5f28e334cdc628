extension JSONScanner {
  /// Reads a key at its opening quote.
  mutating func key() throws(JSONError) -> KeySpan {
    let start = index &+ 1
    let wasCompact = isCompact
    isCompact = true
    try string()
    let end = index &- 1
    let hasEscapes = !isCompact
    isCompact = wasCompact && !hasEscapes
    let inner = UnsafeRawBufferPointer(rebasing: text[start..<end])
    guard hasEscapes else {
      return KeySpan(
        start: UInt32(truncatingIfNeeded: start),
        length: UInt32(truncatingIfNeeded: inner.count),
        hash: UInt32(truncatingIfNeeded: inner.quickHash),
        isUnescaped: false
      )
    }
    let from = unescaped.count
    JSONText.unescape(inner, into: &unescaped)
    let bytes = unescaped.bytes(from: from)
    return KeySpan(
      start: UInt32(truncatingIfNeeded: from),
      length: UInt32(truncatingIfNeeded: bytes.count),
      hash: UInt32(truncatingIfNeeded: bytes.quickHash),
      isUnescaped: true
    )
  }

  /// Checks a string from its opening quote to behind its closing one.
  mutating func string() throws(JSONError) {
    index &+= 1
    while true {
      skipPlainText()
      guard index < text.count else { throw JSONError(.truncated, at: text.count) }
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "\""):
        index &+= 1
        return
      case UInt8(ascii: "\\"):
        isCompact = false
        try escape()
      case 0:
        throw JSONError(.nul, at: index)
      case 1..<0x20:
        throw JSONError(.controlCharacter, at: index)
      case 0x80...:
        let length = UTF8Check.sequenceLength(text, at: index)
        guard length > 0 else { throw JSONError(.invalidUTF8, at: index) }
        index &+= length
      default:
        index &+= 1
      }
    }
  }

  /// Passes over eight bytes at a time while all are ASCII and none ends or escapes anything.
  @inline(__always)
  private mutating func skipPlainText() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while text.count &- index >= 8 {
      let word = UInt64(
        littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      )
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      // Borrows can raise a false flag only above a true one, and the lowest is what counts.
      let flags =
        (word | ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes)
          | ((slashes &- ones) & ~slashes)) & highs
      if flags != 0 {
        index &+= flags.trailingZeroBitCount >> 3
        return
      }
      index &+= 8
    }
  }

  private mutating func escape() throws(JSONError) {
    let start = index
    guard index &+ 1 < text.count else { throw JSONError(.truncated, at: text.count) }
    switch text[index &+ 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      index &+= 2
    case UInt8(ascii: "u"):
      let unit = try codeUnit(at: index)
      index &+= 6
      switch unit {
      case 0: throw JSONError(.nul, at: start)
      case 0xD800...0xDBFF:
        guard index &+ 1 < text.count, text[index] == UInt8(ascii: "\\"),
          text[index &+ 1] == UInt8(ascii: "u")
        else { throw JSONError(.loneSurrogate, at: start) }
        guard case 0xDC00...0xDFFF = try codeUnit(at: index) else {
          throw JSONError(.loneSurrogate, at: start)
        }
        index &+= 6
      case 0xDC00...0xDFFF: throw JSONError(.loneSurrogate, at: start)
      default: break
      }
    default:
      throw JSONError(.invalidEscape, at: start)
    }
  }

  /// The value of the `\uXXXX` whose backslash is at `offset`.
  private func codeUnit(at offset: Int) throws(JSONError) -> UInt32 {
    guard text.count &- offset >= 6 else { throw JSONError(.truncated, at: text.count) }
    guard let unit = JSONText.hexUnit(text, at: offset &+ 2) else {
      throw JSONError(.invalidEscape, at: offset)
    }
    return unit
  }

  /// True when no two keys of the object whose keys begin at `first` are the same bytes.
  func keysDiffer(from first: Int) -> Bool {
    let count = keys.count - first
    guard count > 1 else { return true }
    var spans = UnsafeMutableBufferPointer(start: keys.base + first, count: count)
    let unescapedBytes = unescaped.bytes
    func bytes(_ span: KeySpan) -> UnsafeRawBufferPointer {
      span.bytes(text: text, unescaped: unescapedBytes)
    }
    if count <= 32 {
      for later in 1..<count {
        let span = spans[later]
        for earlier in 0..<later where spans[earlier].hash == span.hash {
          if bytes(spans[earlier]).sameBytes(as: bytes(span)) { return false }
        }
      }
      return true
    }
    // Sorted by the bytes, not by the hash alone: no choice of keys makes this quadratic.
    spans.sort { a, b in
      a.hash == b.hash ? bytes(a).compareBytes(with: bytes(b)) < 0 : a.hash < b.hash
    }
    for index in 1..<count where spans[index - 1].hash == spans[index].hash {
      if bytes(spans[index - 1]).sameBytes(as: bytes(spans[index])) { return false }
    }
    return true
  }
}
