/// One value inside a checked JSON text.
struct JSONItem: BitwiseCopyable {
  /// The value's own text; strings with quotes.
  var text: UnsafeRawBufferPointer
  var kind: JSONKind

  /// Between the quotes of a string, escapes as they are.
  var inner: UnsafeRawBufferPointer {
    guard kind == .string, text.count >= 2 else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return UnsafeRawBufferPointer(rebasing: text[1..<(text.count - 1)])
  }
}

/// Walks the members of an object or the elements of an array, whose text a `JSONScanner` has
/// checked or the store has written.
///
/// Text that is neither ends the walk early; it never reads outside.
///
/// Safety: borrows the text.
struct JSONItems {
  private let text: UnsafeRawBufferPointer
  private var index = 1

  init(_ container: UnsafeRawBufferPointer) { text = container }

  /// The next element of an array; nil at its end.
  mutating func element() -> JSONItem? {
    skipSeparators()
    guard index < text.count, let kind = JSONKind(firstByte: text[index]) else { return nil }
    let start = index
    skipValue()
    return JSONItem(text: UnsafeRawBufferPointer(rebasing: text[start..<index]), kind: kind)
  }

  /// The next member of an object; nil at its end. The key is without quotes, escapes as they are.
  mutating func member() -> (key: UnsafeRawBufferPointer, value: JSONItem)? {
    skipSeparators()
    guard index < text.count, text[index] == UInt8(ascii: "\"") else { return nil }
    let start = index + 1
    skipString()
    guard index - 1 >= start else { return nil }
    let key = UnsafeRawBufferPointer(rebasing: text[start..<(index - 1)])
    guard let value = element() else { return nil }
    return (key, value)
  }

  /// The member whose key is `name`, in text that the store has written.
  static func member(
    _ name: UnsafeRawBufferPointer,
    of object: UnsafeRawBufferPointer
  ) -> JSONItem? {
    var items = JSONItems(object)
    while let (key, value) = items.member() {
      if key.sameBytes(as: name) { return value }
    }
    return nil
  }

  private mutating func skipSeparators() {
    while index < text.count {
      switch text[index] {
      case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"): index += 1
      default: return
      }
    }
  }

  private mutating func skipString() {
    index += 1
    while index < text.count, text[index] != UInt8(ascii: "\"") {
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    index = min(index + 1, text.count)
  }

  private mutating func skipValue() {
    switch text[index] {
    case UInt8(ascii: "\""): skipString()
    case UInt8(ascii: "{"), UInt8(ascii: "["): skipContainer()
    default:
      while index < text.count {
        switch text[index] {
        case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
          return
        default: index += 1
        }
      }
    }
  }

  private mutating func skipContainer() {
    var depth = 0
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\""):
        skipString()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 {
          index += 1
          return
        }
      default: break
      }
      index += 1
    }
  }
}
