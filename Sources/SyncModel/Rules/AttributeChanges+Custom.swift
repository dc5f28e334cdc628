/// Custom attributes: R75 to R109.
extension AttributeChanges {
  /// Everything but objects.
  @inline(__always)
  mutating func readCustom(
    _ name: UnsafeRawBufferPointer,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) {
    guard mayStore(name, &warnings) else { return }
    switch member.kind {
    case .null: push(name, nil, .custom)
    case .true, .false: push(name, member.value, .custom, .boolean)
    case .number:
      guard member.value.count <= policy.limits.stringLength else {
        return warnings.add(.standardNotValid(name, "the number is too long"))
      }
      push(name, member.value, .custom, .number)
    case .string: readString(name, member, &warnings)
    case .array: readArray(name, member, &warnings)
    case .object: readObject(name, member, isMerging: false, &warnings)
    }
  }

  private func mayStore(
    _ name: UnsafeRawBufferPointer,
    _ warnings: inout RowWarnings
  ) -> Bool {
    guard name.count > 0, !name.isLonger(than: policy.limits.stringLength) else {
      warnings.add(.nameNotValid(name, policy.limits.stringLength))
      return false
    }
    // R92: whoever blocks a name does not want to hear of it in every row.
    return policy.blockedAttributes.isEmpty || !policy.blockedAttributes.contains(name)
  }

  /// R75, R78.
  private mutating func readString(
    _ name: UnsafeRawBufferPointer,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) {
    let limit = policy.limits.stringLength
    if member.isCompact {
      // Two of the characters are the quotes.
      guard !member.value.isLonger(than: limit + 2) else {
        return warnings.add(.stringTooLong(name, limit))
      }
      return push(name, member.value, .custom, .string)
    }
    text.removeAll()
    let characters = PayloadField.string(member, text: &text)
    guard !characters.isLonger(than: limit) else {
      return warnings.add(.stringTooLong(name, limit))
    }
    let start = made.count
    JSONText.appendString(characters, into: &made)
    push(made: start, name, .custom, .assign, .string)
  }

  // MARK: Arrays

  private mutating func readArray(
    _ name: UnsafeRawBufferPointer,
    _ member: JSONMember,
    _ warnings: inout RowWarnings
  ) {
    var items = JSONItems(member.value)
    guard let first = items.element() else {
      let start = made.count
      made.append("[]")
      return push(made: start, name, .custom)
    }
    let start = made.count
    if first.kind == .object {
      if let issue = appendObjects(member.value, name) {
        made.truncate(to: start)
        return warnings.add(issue)
      }
      return push(made: start, name, .custom, .assign, .objects)
    }
    if let issue = appendScalars(member.value, name, &warnings) {
      made.truncate(to: start)
      return warnings.add(issue)
    }
    push(made: start, name, .custom, .assign, .array)
  }

  /// R108, R109.
  private mutating func appendObjects(
    _ array: UnsafeRawBufferPointer,
    _ name: UnsafeRawBufferPointer
  ) -> RowIssue? {
    let nested = NestedValue(limits: policy.limits)
    let start = made.count
    made.append(UInt8(ascii: "["))
    var items = JSONItems(array)
    var isFirst = true
    while let item = items.element() {
      guard item.kind == .object else {
        return item.kind == .null ? .nullInside(name) : .arrayNotValid(name)
      }
      if !isFirst { made.append(UInt8(ascii: ",")) }
      isFirst = false
      do {
        try nested.appendObject(item.text, into: &made)
      } catch {
        return error.issue(name, policy.limits)
      }
    }
    made.append(UInt8(ascii: "]"))
    return sizeIssue(name, from: start)
  }

  /// R82, R86: compact, each element once, not more than allowed.
  private mutating func appendScalars(
    _ array: UnsafeRawBufferPointer,
    _ name: UnsafeRawBufferPointer,
    _ warnings: inout RowWarnings
  ) -> RowIssue? {
    text.removeAll()
    JSONText.appendCompact(array, into: &text)
    if let issue = scalarIssue(text.bytes, name) { return issue }
    let elements = ScalarArray.distinct(ScalarArray.elements(of: text.bytes) ?? [])
    if elements.count > policy.limits.arrayLength {
      warnings.add(.arrayShortened(name, policy.limits.arrayLength))
    }
    let start = made.count
    ScalarArray.append(elements.suffix(policy.limits.arrayLength), into: &made)
    return sizeIssue(name, from: start)
  }

  private func scalarIssue(
    _ array: UnsafeRawBufferPointer,
    _ name: UnsafeRawBufferPointer
  ) -> RowIssue? {
    let nested = NestedValue(limits: policy.limits)
    var items = JSONItems(array)
    while let item = items.element() {
      switch item.kind {
      case .true, .false: continue
      case .number where item.text.count <= policy.limits.stringLength: continue
      case .string where nested.fits(item.inner): continue
      case .string: return .stringTooLong(name, policy.limits.stringLength)
      case .null: return .nullInside(name)
      case .number, .object, .array: return .arrayNotValid(name)
      }
    }
    return nil
  }

  private func sizeIssue(_ name: UnsafeRawBufferPointer, from start: Int) -> RowIssue? {
    let limit = policy.limits.valueBytes
    return made.count - start <= limit ? nil : .valueTooLarge(name, limit)
  }

  // MARK: Objects

  mutating func readObject(
    _ name: UnsafeRawBufferPointer,
    _ member: JSONMember,
    isMerging: Bool,
    _ warnings: inout RowWarnings
  ) {
    guard mayStore(name, &warnings) else { return }
    let start = made.count
    do {
      try appendObject(name, member.value, isMerging: isMerging, &warnings)
    } catch {
      made.truncate(to: start)
      warnings.add(error)
    }
  }

  private mutating func appendObject(
    _ name: UnsafeRawBufferPointer,
    _ object: UnsafeRawBufferPointer,
    isMerging: Bool,
    _ warnings: inout RowWarnings
  ) throws(RowIssue) {
    let nested = NestedValue(limits: policy.limits)
    let start = made.count
    var items = JSONItems(object)
    if let (key, value) = items.member() {
      if ObjectArrayOperand.isOperator(key) {
        return try appendOperand(name, object, nested, isMerging: isMerging)
      }
      if key.sameBytes(as: "inc"), items.member() == nil {
        guard value.kind == .number else {
          throw .operatorNotValid(name, "'inc' takes a number")
        }
        made.append(value.text)
        return push(made: start, name, .custom, .increment, .number)
      }
      if Self.isElementOperator(object) {
        return try appendElementOperand(name, object)
      }
    }
    do {
      if try nested.appendTime(object, into: &made) {
        return push(made: start, name, .custom, .assign, .time)
      }
      try nested.appendObject(object, into: &made)
    } catch {
      throw error.issue(name, policy.limits)
    }
    if let issue = sizeIssue(name, from: start) { throw issue }
    push(made: start, name, .custom, isMerging ? .merge : .assign, .object)
  }

  /// True for an object of `add` and `remove` and nothing else.
  private static func isElementOperator(_ object: UnsafeRawBufferPointer) -> Bool {
    var items = JSONItems(object)
    var count = 0
    while let (key, _) = items.member() {
      guard key.sameBytes(as: "add") || key.sameBytes(as: "remove") else { return false }
      count += 1
    }
    return count > 0
  }

  private mutating func appendElementOperand(
    _ name: UnsafeRawBufferPointer,
    _ object: UnsafeRawBufferPointer
  ) throws(RowIssue) {
    let start = made.count
    var adds = false
    var items = JSONItems(object)
    while let (key, value) = items.member() {
      guard value.kind == .array else {
        throw .operatorNotValid(name, "'add' and 'remove' each take an array")
      }
      if let issue = scalarIssue(value.text, name) { throw issue }
      var elements = JSONItems(value.text)
      if key.sameBytes(as: "add"), elements.element() != nil { adds = true }
    }
    JSONText.appendCompact(object, into: &made)
    push(made: start, name, .custom, .elements, adds ? .array : nil)
  }

  private mutating func appendOperand(
    _ name: UnsafeRawBufferPointer,
    _ object: UnsafeRawBufferPointer,
    _ nested: NestedValue,
    isMerging: Bool
  ) throws(RowIssue) {
    let start = made.count
    let adds: Bool
    do {
      adds = try ObjectArrayOperand(nested: nested).append(object, into: &made)
    } catch {
      switch error {
      case .shape(let demand): throw .operatorNotValid(name, demand)
      case .nested(let problem): throw problem.issue(name, policy.limits)
      }
    }
    push(made: start, name, .custom, isMerging ? .objectsMerging : .objects, adds ? .objects : nil)
  }
}
