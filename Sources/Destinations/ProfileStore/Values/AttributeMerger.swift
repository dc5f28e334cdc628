import SyncModel

/// Merges one row's changes into a profile's attributes: for each attribute the version with the
/// later UPDATED_AT wins, whenever it arrives; of equal ones the one that arrives later (design,
/// decision 5).
///
/// A function of its arguments; the value only keeps the memory from one merge to the next.
struct AttributeMerger: ~Copyable {
  struct Outcome: Equatable {
    /// Attributes that have another value now, or none any more.
    var changed = 0
    /// Attributes that keep their value under a later stamp.
    var confirmed = 0
    /// Changes that came too late.
    var superseded = 0
    /// The value of `email` or `phone`, by which profiles are found, is another one.
    var emailChanged = false
    var phoneChanged = false
  }

  /// What the last merge made.
  private(set) var merged = ByteSink(capacity: 2048)
  private var stored = TrivialStack<AttributeVersion>(capacity: 64)
  private var kept = TrivialStack<AttributeVersion>(capacity: 64)
  /// For each stored version its index among `kept`, or -1 as long as no attribute needs it.
  private var renumbered = TrivialStack<Int32>(capacity: 64)

  init() {}

  /// - Parameter changes: sorted by name, each name once.
  mutating func merge(
    _ changes: UnsafeBufferPointer<AttributeChanges.Change>,
    version: AttributeVersion,
    into bytes: UnsafeRawBufferPointer
  ) throws(DamagedValue) -> Outcome {
    var outcome = Outcome()
    var attributes = try StoredAttributes(bytes)
    try begin(attributes)
    var newIndex: Int32 = -1
    var next = 0
    var entry = try attributes.next()
    while entry != nil || next < changes.count {
      let order: Int
      if let entry, next < changes.count {
        order = entry.name.compareBytes(with: changes[next].name)
      } else {
        order = entry != nil ? -1 : 1
      }
      if order < 0, let current = entry {
        try keep(current)
        entry = try attributes.next()
        continue
      }
      let change = changes[next]
      next += 1
      if order == 0, let current = entry {
        entry = try attributes.next()
        guard current.version < stored.count else { throw DamagedValue(what: "version") }
        if stored.base[current.version].stamp > version.stamp {
          outcome.superseded += 1
          try keep(current)
          continue
        }
        outcome.count(change, isChanged: !Self.same(current.value, change.value))
      } else {
        outcome.count(change, isChanged: change.value != nil)
      }
      if newIndex < 0 { newIndex = index(of: version) }
      append(change)
      merged.appendVarint(UInt64(newIndex))
    }
    finish()
    return outcome
  }

  private static func same(_ a: UnsafeRawBufferPointer?, _ b: UnsafeRawBufferPointer?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return a.sameBytes(as: b)
  }

  private mutating func begin(_ attributes: StoredAttributes) throws(DamagedValue) {
    try attributes.readVersions(into: &stored)
    kept.truncate(to: 0)
    renumbered.truncate(to: 0)
    for _ in 0..<stored.count { renumbered.push(-1) }
    merged.removeAll()
    merged.append(StoredAttributes.format)
    // The versions' offset, known at the end.
    for _ in 0..<4 { merged.append(UInt8(0)) }
  }

  private mutating func keep(_ entry: StoredAttributes.Entry) throws(DamagedValue) {
    guard entry.version < stored.count else { throw DamagedValue(what: "version") }
    var index = renumbered.base[entry.version]
    if index < 0 {
      index = self.index(of: stored.base[entry.version])
      renumbered.base[entry.version] = index
    }
    merged.append(entry.content)
    merged.appendVarint(UInt64(index))
  }

  private mutating func append(_ change: AttributeChanges.Change) {
    merged.appendVarint(UInt64(change.name.count))
    merged.append(change.name)
    guard let value = change.value else {
      merged.append(UInt8(0))
      return
    }
    merged.appendVarint(UInt64(value.count) + 1)
    merged.append(value)
  }

  /// The version's index among those that are written.
  private mutating func index(of version: AttributeVersion) -> Int32 {
    for index in 0..<kept.count where kept.base[index] == version { return Int32(index) }
    kept.push(version)
    return Int32(kept.count - 1)
  }

  private mutating func finish() {
    merged.replace(UInt32(truncatingIfNeeded: merged.count), at: 1)
    merged.appendVarint(UInt64(kept.count))
    for index in 0..<kept.count {
      merged.appendFixed64(kept.base[index].stamp)
      merged.appendVarint(UInt64(max(kept.base[index].origin, 0)))
    }
  }
}

extension AttributeMerger.Outcome {
  fileprivate mutating func count(_ change: AttributeChanges.Change, isChanged: Bool) {
    guard isChanged else {
      confirmed += 1
      return
    }
    changed += 1
    guard change.name.count == 5 else { return }
    if change.name.sameBytes(as: "email") { emailChanged = true }
    if change.name.sameBytes(as: "phone") { phoneChanged = true }
  }
}
