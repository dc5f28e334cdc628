/// What one row wants to change of a profile's attributes, sorted by name for a merge in one pass.
///
/// Safety: every view is valid until the next `removeAll`, and as long as the payload and the
/// scanner that it was read with.
public struct AttributeChanges: ~Copyable {
  public struct Change: BitwiseCopyable {
    public var name: UnsafeRawBufferPointer
    /// Compact JSON text; nil removes the attribute.
    public var value: UnsafeRawBufferPointer?
    /// Where the value begins in `made`; -1 when it is a view of the payload.
    fileprivate var madeAt: Int
    fileprivate var madeCount: Int
  }

  private var changes = TrivialStack<Change>(capacity: 64)
  /// Values that had to be rewritten.
  private var made = ByteSink(capacity: 1024)

  public init() {}

  public var count: Int { changes.count }

  public mutating func removeAll() {
    changes.truncate(to: 0)
    made.removeAll()
  }

  /// Takes over every member of a payload: null removes (R75), anything else replaces.
  ///
  /// - Throws: R65 for an `email`, R56 for a `phone` that is none: they decide who is found by them.
  public mutating func read(_ payload: JSONObject) throws(RowIssue) {
    for index in 0..<payload.count {
      let member = payload[index]
      guard member.kind != .null else {
        changes.push(Change(name: member.key, value: nil, madeAt: -1, madeCount: 0))
        continue
      }
      if member.key.count == 5 {
        if member.key.sameBytes(as: "email") {
          try readEmail(member)
          continue
        }
        if member.key.sameBytes(as: "phone") {
          try readPhone(member)
          continue
        }
      }
      if member.isCompact {
        changes.push(
          Change(name: member.key, value: member.value, madeAt: -1, madeCount: 0)
        )
      } else {
        let start = made.count
        JSONText.appendCompact(member.value, into: &made)
        pushMade(member.key, from: start)
      }
    }
  }

  /// Sets a text attribute from a column, unless the payload has a word on it already.
  public mutating func setUnlessPresent(_ name: StaticString, to text: UnsafeRawBufferPointer) {
    let key = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    for index in 0..<changes.count where changes.base[index].name.sameBytes(as: key) { return }
    let start = made.count
    JSONText.appendString(text, into: &made)
    pushMade(key, from: start)
  }

  public mutating func setUnlessPresent(_ name: StaticString, to phone: PhoneNumber) {
    // Through a copy: a closure cannot borrow this value while it changes it.
    var text = ByteSink(capacity: 64)
    phone.withBytes { text.append($0) }
    setUnlessPresent(name, to: text.bytes)
  }

  /// The changes in the order of their names' bytes, each name once.
  public mutating func sorted() -> UnsafeBufferPointer<Change> {
    let all = UnsafeMutableBufferPointer(start: changes.base, count: changes.count)
    // Only now does `made` stay where it is.
    for index in 0..<all.count where all[index].madeAt >= 0 {
      let start = all[index].madeAt
      all[index].value = UnsafeRawBufferPointer(
        rebasing: made.bytes[start..<(start + all[index].madeCount)]
      )
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

  private mutating func pushMade(_ name: UnsafeRawBufferPointer, from start: Int) {
    changes.push(Change(name: name, value: nil, madeAt: start, madeCount: made.count - start))
  }

  private mutating func readEmail(_ member: JSONMember) throws(RowIssue) {
    guard member.kind == .string else { throw .invalidEmail }
    var text = ByteSink(capacity: 64)
    let address = PayloadField.string(member, text: &text)
    guard EmailAddress.isValid(address) else { throw .invalidEmail }
    let start = made.count
    JSONText.appendString(address, into: &made)
    pushMade(member.key, from: start)
  }

  private mutating func readPhone(_ member: JSONMember) throws(RowIssue) {
    guard member.kind == .string else { throw .invalidPhone }
    var text = ByteSink(capacity: 64)
    guard let phone = PhoneNumber(PayloadField.string(member, text: &text)) else {
      throw .invalidPhone
    }
    let start = made.count
    made.append(UInt8(ascii: "\""))
    phone.withBytes { made.append($0) }
    made.append(UInt8(ascii: "\""))
    pushMade(member.key, from: start)
  }
}
