/// The operators of arrays of objects: `$add`, then `$remove`, then `$update` (R103 to R107).
///
/// All text is compact and checked: what `ObjectArrayOperand` wrote, and what the store holds.
enum ObjectArray {
  /// Appends the array that `stored` becomes.
  ///
  /// - Parameter isMerging: `$update` merges deeply (R104) instead of replacing (R105).
  static func append(
    _ stored: UnsafeRawBufferPointer,
    _ operand: UnsafeRawBufferPointer,
    isMerging: Bool,
    into sink: inout ByteSink
  ) {
    var added: UnsafeRawBufferPointer?
    var removals: [Match] = []
    var updates: [Match] = []
    var parts = JSONItems(operand)
    while let (key, value) = parts.member() {
      if key.sameBytes(as: "$add") {
        added = value.text
      } else if key.sameBytes(as: "$remove") {
        removals = matches(value.text)
      } else {
        updates = matches(value.text)
      }
    }
    sink.append(UInt8(ascii: "["))
    var isFirst = true
    var current = ByteSink(capacity: 64)
    var next = ByteSink(capacity: 64)
    for list in [stored, added] {
      guard let list else { continue }
      var items = JSONItems(list)
      while let item = items.element() {
        if removals.contains(where: { $0.fits(item.text) }) { continue }
        if !isFirst { sink.append(UInt8(ascii: ",")) }
        isFirst = false
        append(item.text, updates, isMerging: isMerging, &current, &next, into: &sink)
      }
    }
    sink.append(UInt8(ascii: "]"))
  }

  /// Appends one object after all updates that fit it, each on what the one before made.
  private static func append(
    _ object: UnsafeRawBufferPointer,
    _ updates: [Match],
    isMerging: Bool,
    _ current: inout ByteSink,
    _ next: inout ByteSink,
    into sink: inout ByteSink
  ) {
    guard updates.contains(where: { $0.fits(object) }) else { return sink.append(object) }
    current.removeAll()
    current.append(object)
    for update in updates where update.fits(current.bytes) {
      guard let new = update.new else { continue }
      next.removeAll()
      if isMerging {
        ObjectMerge.append(current.bytes, new, into: &next)
      } else {
        next.append(new)
      }
      swap(&current, &next)
    }
    sink.append(current.bytes)
  }

  /// An item of `$remove` or `$update`.
  private struct Match {
    var key: UnsafeRawBufferPointer
    var value: UnsafeRawBufferPointer
    var new: UnsafeRawBufferPointer?

    func fits(_ object: UnsafeRawBufferPointer) -> Bool {
      JSONItems.member(key, of: object)?.text.sameBytes(as: value) ?? false
    }
  }

  private static func matches(_ list: UnsafeRawBufferPointer) -> [Match] {
    var matches: [Match] = []
    var items = JSONItems(list)
    while let item = items.element() {
      guard let key = JSONItems.member(Self.key, of: item.text),
        let value = JSONItems.member(Self.value, of: item.text)
      else { continue }
      matches.append(
        Match(
          key: key.inner,
          value: value.text,
          new: JSONItems.member(Self.newObject, of: item.text)?.text
        )
      )
    }
    return matches
  }

  static var key: UnsafeRawBufferPointer { StaticString("$identifier_key").bytes }
  static var value: UnsafeRawBufferPointer { StaticString("$identifier_value").bytes }
  static var newObject: UnsafeRawBufferPointer { StaticString("$new_object").bytes }
}

extension StaticString {
  /// Safety: static memory. Only for literals of more than one character.
  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
  }
}

/// Checks the object that holds `$add`, `$remove` and `$update`, and writes it compactly.
struct ObjectArrayOperand {
  enum Problem: Error {
    case shape(String)
    case nested(NestedProblem)
  }

  let nested: NestedValue

  /// True when the object is meant as operators on an array of objects.
  static func isOperator(_ key: UnsafeRawBufferPointer) -> Bool {
    key.sameBytes(as: "$add") || key.sameBytes(as: "$remove") || key.sameBytes(as: "$update")
  }

  /// - Returns: whether something is added.
  /// - Throws: with the operand's beginning appended.
  func append(
    _ text: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) throws(Problem) -> Bool {
    sink.append(UInt8(ascii: "{"))
    var items = JSONItems(text)
    var isFirst = true
    var adds = false
    while let (key, value) = items.member() {
      guard Self.isOperator(key) else {
        throw .shape("beside '$add', '$remove' and '$update' there must be no other key")
      }
      guard value.kind == .array else {
        throw .shape("'$add', '$remove' and '$update' each take an array of objects")
      }
      if !isFirst { sink.append(UInt8(ascii: ",")) }
      isFirst = false
      sink.append(UInt8(ascii: "\""))
      sink.append(key)
      sink.append("\":")
      let isAdd = key.sameBytes(as: "$add")
      let isUpdate = key.sameBytes(as: "$update")
      let count = try appendList(value.text, isAdd: isAdd, isUpdate: isUpdate, into: &sink)
      if isAdd, count > 0 { adds = true }
    }
    sink.append(UInt8(ascii: "}"))
    return adds
  }

  private func appendList(
    _ list: UnsafeRawBufferPointer,
    isAdd: Bool,
    isUpdate: Bool,
    into sink: inout ByteSink
  ) throws(Problem) -> Int {
    sink.append(UInt8(ascii: "["))
    var items = JSONItems(list)
    var count = 0
    while let item = items.element() {
      guard item.kind == .object else {
        throw .shape("'$add', '$remove' and '$update' each take an array of objects")
      }
      if count > 0 { sink.append(UInt8(ascii: ",")) }
      count += 1
      if isAdd {
        try appendObject(item.text, into: &sink)
      } else {
        guard count <= nested.limits.arrayLength else {
          throw .shape("'$remove' and '$update' take at most \(nested.limits.arrayLength) objects")
        }
        try appendMatch(item.text, isUpdate: isUpdate, into: &sink)
      }
    }
    sink.append(UInt8(ascii: "]"))
    return count
  }

  private func appendMatch(
    _ text: UnsafeRawBufferPointer,
    isUpdate: Bool,
    into sink: inout ByteSink
  ) throws(Problem) {
    var (key, value, new): (JSONItem?, JSONItem?, JSONItem?)
    var items = JSONItems(text)
    while let (name, item) = items.member() {
      if name.sameBytes(as: ObjectArray.key) {
        key = item
      } else if name.sameBytes(as: ObjectArray.value) {
        value = item
      } else if name.sameBytes(as: ObjectArray.newObject), isUpdate {
        new = item
      } else {
        throw .shape(Self.demand)
      }
    }
    guard let key, key.kind == .string, let value, (new != nil) == isUpdate else {
      throw .shape(Self.demand)
    }
    switch value.kind {
    case .string, .number, .true, .false: break
    case .object, .array, .null: throw .shape(Self.demand)
    }
    sink.append("{\"$identifier_key\":")
    JSONText.appendCompact(key.text, into: &sink)
    sink.append(",\"$identifier_value\":")
    JSONText.appendCompact(value.text, into: &sink)
    if let new {
      guard new.kind == .object else { throw .shape(Self.demand) }
      sink.append(",\"$new_object\":")
      try appendObject(new.text, into: &sink)
    }
    sink.append(UInt8(ascii: "}"))
  }

  private func appendObject(
    _ text: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) throws(Problem) {
    do {
      try nested.appendObject(text, into: &sink)
    } catch {
      throw .nested(error)
    }
  }

  private static let demand =
    "'$remove' takes objects of '$identifier_key' and '$identifier_value', '$update' takes "
    + "'$new_object' besides"
}
