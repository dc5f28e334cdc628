/// Why a nested value is not stored; the whole update of its attribute is dropped (R98).
enum NestedProblem: Error {
  case null
  case time
  case key
  case string
  case number
  case array

  func issue(_ name: UnsafeRawBufferPointer, _ limits: PayloadLimits) -> RowIssue {
    switch self {
    case .null: .nullInside(name)
    case .time: .timeNotValid(name)
    case .key: .nestedKeyNotValid(name, limits.stringLength)
    case .string: .stringTooLong(name, limits.stringLength)
    case .number: .standardNotValid(name, "a number inside is too long")
    case .array: .arrayNotValid(name)
    }
  }
}

/// Checks the values inside an object or an array of objects, and writes them in the form in which
/// they are stored: compact, with every `$time` as a time (R98 to R102).
struct NestedValue {
  let limits: PayloadLimits

  /// Appends one value. `text` is checked JSON.
  ///
  /// - Throws: with the value's beginning appended.
  func append(_ item: JSONItem, into sink: inout ByteSink) throws(NestedProblem) {
    switch item.kind {
    case .null: throw .null
    case .true, .false: sink.append(item.text)
    case .number:
      guard item.text.count <= 255 else { throw .number }
      sink.append(item.text)
    case .string:
      guard fits(item.inner) else { throw .string }
      if item.inner.hasBackslash {
        JSONText.appendCompact(item.text, into: &sink)
      } else {
        sink.append(item.text)
      }
    case .array:
      sink.append(UInt8(ascii: "["))
      var items = JSONItems(item.text)
      var isFirst = true
      while let element = items.element() {
        guard element.kind != .array else { throw .array }
        if !isFirst { sink.append(UInt8(ascii: ",")) }
        isFirst = false
        try append(element, into: &sink)
      }
      sink.append(UInt8(ascii: "]"))
    case .object:
      if try appendTime(item.text, into: &sink) { return }
      try appendObject(item.text, into: &sink)
    }
  }

  /// Appends an object that is no `$time`.
  func appendObject(
    _ text: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) throws(NestedProblem) {
    sink.append(UInt8(ascii: "{"))
    var items = JSONItems(text)
    var isFirst = true
    while let (key, value) = items.member() {
      if !isFirst { sink.append(UInt8(ascii: ",")) }
      isFirst = false
      try appendKey(key, into: &sink)
      sink.append(UInt8(ascii: ":"))
      try append(value, into: &sink)
    }
    sink.append(UInt8(ascii: "}"))
  }

  /// Appends the time that `{"$time": "…"}` is; false for an object that is none (R99).
  func appendTime(
    _ object: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) throws(NestedProblem) -> Bool {
    var items = JSONItems(object)
    guard let (key, value) = items.member(), key.sameBytes(as: "$time") else { return false }
    guard items.member() == nil, value.kind == .string, let time = Self.time(value.inner),
      PayloadTime.attributeYears.contains(time.year)
    else { throw .time }
    Coercion.append(time, into: &sink)
    return true
  }

  /// A date whose slashes may be escaped, as some writers of JSON do.
  private static func time(_ inner: UnsafeRawBufferPointer) -> CivilTime? {
    guard inner.hasBackslash else { return PayloadTime.civil(inner) }
    var characters = ByteSink(capacity: 64)
    JSONText.unescape(inner, into: &characters)
    return PayloadTime.civil(characters.bytes)
  }

  /// R102.
  private func appendKey(
    _ key: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) throws(NestedProblem) {
    if !key.hasBackslash {
      try check(key)
      sink.append(UInt8(ascii: "\""))
      sink.append(key)
      sink.append(UInt8(ascii: "\""))
      return
    }
    var characters = ByteSink(capacity: key.count)
    JSONText.unescape(key, into: &characters)
    try check(characters.bytes)
    JSONText.appendString(characters.bytes, into: &sink)
  }

  private func check(_ key: UnsafeRawBufferPointer) throws(NestedProblem) {
    guard key.count > 0, !key.isLonger(than: limits.stringLength) else { throw .key }
    for byte in key
    where byte == UInt8(ascii: ".") || byte == UInt8(ascii: "$") || byte == UInt8(ascii: " ") {
      throw .key
    }
  }

  /// A string by its characters, escapes undone.
  func fits(_ inner: UnsafeRawBufferPointer) -> Bool {
    guard inner.isLonger(than: limits.stringLength) else { return true }
    guard inner.hasBackslash else { return false }
    var characters = ByteSink(capacity: inner.count)
    JSONText.unescape(inner, into: &characters)
    return !characters.bytes.isLonger(than: limits.stringLength)
  }
}
