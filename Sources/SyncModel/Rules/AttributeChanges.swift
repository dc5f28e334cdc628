/// What one row wants to change of a profile's attributes, sorted by name for a merge in one pass.
///
/// Safety: every view is valid until the next call that changes it, and as long as the payload and
/// the scanner that it was read with.
public struct AttributeChanges: ~Copyable {
  private var changes = TrivialStack<AttributeChange>(capacity: 64)
  /// Names and values that had to be rewritten.
  var made = ByteSink(capacity: 1024)
  /// For a string's characters, and for what is rewritten from `made`.
  var text = ByteSink(capacity: 256)
  let policy: PayloadPolicy

  /// `_update_existing_only` of the payload.
  public internal(set) var updatesExistingOnly = false
  /// `push_token_import` of the payload (R73).
  public internal(set) var importsPushToken = false
  public internal(set) var hasPushToken = false
  /// A subscription state is among the changes (R70).
  public internal(set) var hasShared = false

  public init(policy: PayloadPolicy = PayloadPolicy()) { self.policy = policy }

  public var count: Int { changes.count }

  public mutating func removeAll() {
    changes.truncate(to: 0)
    made.removeAll()
    text.removeAll()
    updatesExistingOnly = false
    importsPushToken = false
    hasPushToken = false
    hasShared = false
  }

  /// Takes over the members of a payload by the rules R61 to R109.
  ///
  /// - Parameter warnings: takes what was left out.
  /// - Throws: the issue that rejects the row.
  public mutating func read(
    _ payload: JSONObject,
    warnings: inout RowWarnings
  ) throws(RowIssue) {
    var wasTrimmed = false
    var isMerging: Bool?
    for index in 0..<payload.count {
      let member = payload[index]
      let name = Self.trimmed(member.key)
      if name.count != member.key.count { wasTrimmed = true }
      if let standard = StandardAttribute(name) {
        try readStandard(standard, member, &warnings)
      } else if let identifier = PayloadRules.identifierKey(name) {
        // R40 also holds with spaces around the name; null has no effect (R71).
        guard member.kind == .null else { throw .identifierInPayload(identifier) }
      } else if member.kind == .object {
        if isMerging == nil { isMerging = try Self.mergesObjects(payload) }
        readObject(name, member, isMerging: isMerging ?? false, &warnings)
      } else {
        readCustom(name, member, &warnings)
      }
    }
    if wasTrimmed { try checkNames() }
  }

  /// Sets a text attribute from a column, unless the payload has a word on it already.
  public mutating func setUnlessPresent(
    _ attribute: StandardAttribute,
    to characters: UnsafeRawBufferPointer
  ) {
    let name = attribute.name.bytes
    // The names of lists' items lie in memory that moves.
    for index in 0..<changes.count where changes.base[index].nameAt < 0 {
      if changes.base[index].name.sameBytes(as: name) { return }
    }
    let start = made.count
    JSONText.appendString(characters, into: &made)
    push(made: start, name, attribute == .email ? .email : attribute == .phone ? .phone : .standard)
  }

  public mutating func setUnlessPresent(_ attribute: StandardAttribute, to phone: PhoneNumber) {
    // Through a copy: a closure cannot borrow this value while it changes it.
    var text = ByteSink(capacity: 64)
    phone.withBytes { text.append($0) }
    setUnlessPresent(attribute, to: text.bytes)
  }

  // MARK: Changes

  /// A change before they are sorted: its value may be nil although it has one.
  public subscript(index: Int) -> AttributeChange { changes.base[index] }

  func value(at index: Int) -> UnsafeRawBufferPointer? {
    let change = changes.base[index]
    guard change.valueAt >= 0 else { return change.value }
    return UnsafeRawBufferPointer(
      rebasing: made.bytes[change.valueAt..<(change.valueAt + change.valueCount)]
    )
  }

  mutating func replace(_ index: Int, valueFrom start: Int, type: AttributeType) {
    changes.base[index].valueAt = start
    changes.base[index].valueCount = made.count - start
    changes.base[index].type = type
  }

  /// Takes a change out; the last one comes in its place.
  mutating func drop(_ index: Int) {
    changes.base[index] = changes.base[changes.count - 1]
    changes.truncate(to: changes.count - 1)
  }

  mutating func push(
    _ name: UnsafeRawBufferPointer,
    _ value: UnsafeRawBufferPointer?,
    _ role: AttributeRole,
    _ type: AttributeType? = nil
  ) {
    changes.push(
      AttributeChange(name: name, value: value, operation: .assign, role: role, type: type)
    )
  }

  /// A value that was appended to `made`.
  mutating func push(
    made start: Int,
    _ name: UnsafeRawBufferPointer,
    _ role: AttributeRole,
    _ operation: AttributeOperation = .assign,
    _ type: AttributeType? = nil
  ) {
    changes.push(
      AttributeChange(
        name: name,
        value: nil,
        operation: operation,
        role: role,
        type: type,
        valueAt: start,
        valueCount: made.count - start
      )
    )
  }

  /// An item of a list: name and value were both appended to `made`.
  mutating func pushItem(nameAt: Int, valueAt: Int, _ role: AttributeRole) {
    let name = UnsafeRawBufferPointer(rebasing: made.bytes[nameAt..<valueAt])
    for index in 0..<changes.count where changes.base[index].nameAt >= 0 {
      let other = changes.base[index]
      let otherName = made.bytes[other.nameAt..<(other.nameAt + other.nameCount)]
      // Of an item that comes twice the last one counts.
      if UnsafeRawBufferPointer(rebasing: otherName).sameBytes(as: name) {
        drop(index)
        break
      }
    }
    changes.push(
      AttributeChange(
        name: name,
        value: nil,
        operation: .assign,
        role: role,
        type: nil,
        nameAt: nameAt,
        nameCount: valueAt - nameAt,
        valueAt: valueAt,
        valueCount: made.count - valueAt
      )
    )
  }

  // MARK: Sorting

  /// The changes in the order of their names' bytes, each name once.
  public mutating func sorted() -> UnsafeBufferPointer<AttributeChange> {
    let all = UnsafeMutableBufferPointer(start: changes.base, count: changes.count)
    // Only now does `made` stay where it is.
    for index in 0..<all.count {
      all[index].value = value(at: index)
      if all[index].nameAt >= 0 {
        let start = all[index].nameAt
        all[index].name = UnsafeRawBufferPointer(
          rebasing: made.bytes[start..<(start + all[index].nameCount)]
        )
      }
    }
    // Warehouses write keys in one order, row after row: mostly a row is sorted with few moves.
    if all.count <= 24 {
      for index in 1..<max(all.count, 1) {
        let change = all[index]
        var hole = index
        while hole > 0, all[hole - 1].name.compareBytes(with: change.name) > 0 {
          all[hole] = all[hole - 1]
          hole -= 1
        }
        all[hole] = change
      }
    } else {
      var sortable = all
      sortable.sort { $0.name.compareBytes(with: $1.name) < 0 }
    }
    return UnsafeBufferPointer(all)
  }

  // MARK: Names

  /// R76: without the spaces around it.
  private static func trimmed(_ key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard key.first == 0x20 || key.last == 0x20 else { return key }
    guard let first = key.firstIndex(where: { $0 != 0x20 }),
      let last = key.lastIndex(where: { $0 != 0x20 })
    else { return UnsafeRawBufferPointer(rebasing: key[..<0]) }
    return UnsafeRawBufferPointer(rebasing: key[first...last])
  }

  private mutating func checkNames() throws(RowIssue) {
    let all = sorted()
    for index in 1..<max(all.count, 1) where all[index - 1].name.sameBytes(as: all[index].name) {
      throw .duplicateAttribute
    }
  }

  /// R95, R96: `_merge_objects` true or "true".
  static func mergesObjects(_ payload: JSONObject) throws(RowIssue) -> Bool {
    guard let member = payload.first("_merge_objects") else { return false }
    guard let flag = flag(member) else { throw .mergeObjectsInvalid }
    return flag
  }

  /// null is as if it were not there.
  static func flag(_ member: JSONMember) -> Bool? {
    switch member.kind {
    case .true: return true
    case .false, .null: return false
    case .string:
      guard let text = member.plainString else { return nil }
      return text.sameBytes(as: "true") ? true : text.sameBytes(as: "false") ? false : nil
    case .object, .array, .number: return nil
    }
  }
}
