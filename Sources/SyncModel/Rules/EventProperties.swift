/// The properties of an event or a purchase: R111 to R117.
public struct EventProperties {
  let limits: PayloadLimits
  /// Names that the event itself takes (R114, R115).
  let reserved: [StaticString]

  private static let ofEvents: [StaticString] = ["time", "event_name"]
  private static let ofPurchases: [StaticString] = [
    "time", "product_id", "quantity", "event_name", "price", "currency",
  ]

  /// - Parameter data: events or purchases.
  public init(of data: DataType, limits: PayloadLimits) {
    self.limits = limits
    reserved = data == .purchases ? Self.ofPurchases : Self.ofEvents
  }

  /// Appends the properties in the form in which they are stored: compact, dates as times.
  ///
  /// - Parameter object: the text of a JSON object.
  /// - Throws: the issue that refuses the event, with the beginning appended.
  public func append(
    _ object: UnsafeRawBufferPointer,
    warnings: inout RowWarnings,
    into sink: inout ByteSink
  ) throws(RowIssue) {
    let start = sink.count
    sink.append(UInt8(ascii: "{"))
    var items = JSONItems(object)
    var count = 0
    var isCut = false
    while let (key, value) = items.member() {
      // R112: also what is dropped must be well formed.
      let mark = sink.count
      if count > 0 { sink.append(UInt8(ascii: ",")) }
      try appendName(key, isTopLevel: true, into: &sink)
      sink.append(UInt8(ascii: ":"))
      try append(value, isInArray: false, into: &sink)
      if count == limits.properties {
        sink.truncate(to: mark)
        isCut = true
      } else {
        count += 1
      }
    }
    sink.append(UInt8(ascii: "}"))
    guard sink.count - start <= limits.propertyBytes else {
      throw .propertiesTooLarge(limits.propertyBytes)
    }
    if isCut { warnings.add(.propertiesDropped(limits.properties)) }
  }

  private func append(
    _ item: JSONItem,
    isInArray: Bool,
    into sink: inout ByteSink
  ) throws(RowIssue) {
    switch item.kind {
    case .null, .true, .false: sink.append(item.text)
    case .number:
      guard item.text.count <= limits.stringLength else {
        throw .propertyTooLong(limits.stringLength)
      }
      sink.append(item.text)
    case .string: try appendString(item, isInArray: isInArray, into: &sink)
    case .array:
      sink.append(UInt8(ascii: "["))
      var items = JSONItems(item.text)
      var isFirst = true
      while let element = items.element() {
        if !isFirst { sink.append(UInt8(ascii: ",")) }
        isFirst = false
        try append(element, isInArray: true, into: &sink)
      }
      sink.append(UInt8(ascii: "]"))
    case .object:
      sink.append(UInt8(ascii: "{"))
      var items = JSONItems(item.text)
      var isFirst = true
      while let (key, value) = items.member() {
        if !isFirst { sink.append(UInt8(ascii: ",")) }
        isFirst = false
        try appendName(key, isTopLevel: false, into: &sink)
        sink.append(UInt8(ascii: ":"))
        try append(value, isInArray: isInArray, into: &sink)
      }
      sink.append(UInt8(ascii: "}"))
    }
  }

  /// R116, R117: a date is a time, but not inside an array.
  private func appendString(
    _ item: JSONItem,
    isInArray: Bool,
    into sink: inout ByteSink
  ) throws(RowIssue) {
    guard NestedValue(limits: limits).fits(item.inner) else {
      throw .propertyTooLong(limits.stringLength)
    }
    let start = sink.count
    if item.inner.hasBackslash {
      JSONText.appendCompact(item.text, into: &sink)
    } else {
      sink.append(item.text)
    }
    guard !isInArray else { return }
    let written = sink.bytes(from: start)
    let characters = UnsafeRawBufferPointer(rebasing: written[1..<(written.count - 1)])
    guard let time = PayloadTime.civil(characters), PayloadTime.attributeYears.contains(time.year)
    else { return }
    sink.truncate(to: start)
    Coercion.append(time, into: &sink)
  }

  /// R113 to R115.
  private func appendName(
    _ key: UnsafeRawBufferPointer,
    isTopLevel: Bool,
    into sink: inout ByteSink
  ) throws(RowIssue) {
    let start = sink.count
    sink.append(UInt8(ascii: "\""))
    if key.hasBackslash {
      var characters = ByteSink(capacity: key.count)
      JSONText.unescape(key, into: &characters)
      try check(characters.bytes, isTopLevel: isTopLevel)
      sink.truncate(to: start)
      return JSONText.appendString(characters.bytes, into: &sink)
    }
    try check(key, isTopLevel: isTopLevel)
    sink.append(key)
    sink.append(UInt8(ascii: "\""))
  }

  private func check(_ name: UnsafeRawBufferPointer, isTopLevel: Bool) throws(RowIssue) {
    guard name.count > 0, name[0] != UInt8(ascii: "$"), !name.isLonger(than: limits.stringLength)
    else { throw .propertyNameInvalid(limits.stringLength) }
    guard isTopLevel else { return }
    for reserved in reserved where name.sameBytes(as: reserved) {
      throw .propertyNameReserved(reserved)
    }
  }
}
