import SyncModel

/// Merges one row's changes into a profile's attributes: for each attribute the version with the
/// later UPDATED_AT wins, whenever it arrives; of equal ones the one that arrives later (design,
/// decision 5).
///
/// An operator works on what is there, so a late one still counts: only a later assignment, after
/// which what came before does not matter, supersedes it.
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
    /// Operators that the value does not allow; a warning tells why.
    var refused = 0
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

  /// What an operator makes of a value.
  private var computed = ByteSink(capacity: 256)
  /// The version of the row that is merged, and its index among `kept`; -1 as long as none needs it.
  private var new = AttributeVersion(stamp: 0, origin: 0)
  private var newIndex: Int32 = -1
  private let limits: PayloadLimits

  /// Of equal stamps the value that is there wins: of a row that is retried nobody knows whether it
  /// came before the other.
  var yieldsTies = false

  init(limits: PayloadLimits = PayloadLimits()) { self.limits = limits }

  /// - Parameters:
  ///   - changes: sorted by name, each name once.
  ///   - warnings: takes why an operator was refused.
  mutating func merge(
    _ changes: UnsafeBufferPointer<AttributeChange>,
    version: AttributeVersion,
    into bytes: UnsafeRawBufferPointer,
    warnings: inout RowWarnings
  ) throws(DamagedValue) -> Outcome {
    var outcome = Outcome()
    var attributes = try StoredAttributes(bytes)
    try begin(attributes)
    new = version
    newIndex = -1
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
        try apply(change, to: current, &outcome, &warnings)
      } else {
        apply(change, &outcome, &warnings)
      }
    }
    finish()
    return outcome
  }

  /// A change of an attribute that the profile has, or had.
  private mutating func apply(
    _ change: AttributeChange,
    to current: StoredAttributes.Entry,
    _ outcome: inout Outcome,
    _ warnings: inout RowWarnings
  ) throws(DamagedValue) {
    guard current.version < stored.count, (current.assigned ?? 0) < stored.count else {
      throw DamagedValue(what: "version")
    }
    let last = stored.base[current.version]
    guard change.operation != .assign else {
      let isTie = yieldsTies && last.stamp == new.stamp
      guard last.stamp <= new.stamp, !isTie || Self.same(current.value, change.value) else {
        outcome.superseded += 1
        return try keep(current)
      }
      let isSame = Self.same(current.value, change.value)
      // The very version that is there, read again after a move of the cursor: it stays whose it is.
      if isSame, last.stamp == new.stamp, current.assigned == current.version {
        outcome.confirmed += 1
        return try keep(current)
      }
      outcome.count(change, isChanged: !isSame)
      return append(change.name, change.value, version: indexOfNew())
    }
    if let assigned = current.assigned, stored.base[assigned].stamp > new.stamp {
      outcome.superseded += 1
      return try keep(current)
    }
    computed.removeAll()
    let result = change.operation.apply(
      change,
      to: current.value,
      limits: limits,
      warnings: &warnings,
      into: &computed
    )
    switch result {
    case .refused(let issue):
      warnings.add(issue)
      outcome.refused += 1
      try keep(current)
    case .unset:
      outcome.confirmed += 1
      try keep(current)
    case .value:
      outcome.count(change, isChanged: !Self.same(current.value, computed.bytes))
      let assigned = current.assigned.map { renumber($0) }
      let version = last.stamp > new.stamp ? renumber(current.version) : indexOfNew()
      append(change.name, computed.bytes, version: version, assigned: .some(assigned))
    }
  }

  /// A change of an attribute that the profile never had.
  private mutating func apply(
    _ change: AttributeChange,
    _ outcome: inout Outcome,
    _ warnings: inout RowWarnings
  ) {
    guard change.operation != .assign else {
      outcome.count(change, isChanged: change.value != nil)
      return append(change.name, change.value, version: indexOfNew())
    }
    computed.removeAll()
    let result = change.operation.apply(
      change,
      to: nil,
      limits: limits,
      warnings: &warnings,
      into: &computed
    )
    switch result {
    case .refused(let issue):
      warnings.add(issue)
      outcome.refused += 1
    case .unset:
      outcome.confirmed += 1
    case .value:
      outcome.count(change, isChanged: true)
      append(change.name, computed.bytes, version: indexOfNew(), assigned: .some(nil))
    }
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
    guard entry.version < stored.count, (entry.assigned ?? 0) < stored.count else {
      throw DamagedValue(what: "version")
    }
    merged.append(entry.content)
    let version = renumber(entry.version)
    guard entry.assigned != entry.version else { return merged.appendVarint(UInt64(version) << 1) }
    let assigned = entry.assigned.map { renumber($0) }
    appendVersions(version, assigned)
  }

  /// - Parameter assigned: nil where the same version assigned it; a nil inside where none did.
  private mutating func append(
    _ name: UnsafeRawBufferPointer,
    _ value: UnsafeRawBufferPointer?,
    version: Int32,
    assigned: Int32?? = nil
  ) {
    merged.appendVarint(UInt64(name.count))
    merged.append(name)
    if let value {
      merged.appendVarint(UInt64(value.count) + 1)
      merged.append(value)
    } else {
      merged.append(UInt8(0))
    }
    guard let assigned else { return merged.appendVarint(UInt64(version) << 1) }
    appendVersions(version, assigned)
  }

  private mutating func appendVersions(_ version: Int32, _ assigned: Int32?) {
    merged.appendVarint(UInt64(version) << 1 | 1)
    merged.appendVarint(assigned.map { UInt64($0) + 1 } ?? 0)
  }

  private mutating func renumber(_ version: Int) -> Int32 {
    var index = renumbered.base[version]
    if index < 0 {
      index = self.index(of: stored.base[version])
      renumbered.base[version] = index
    }
    return index
  }

  private mutating func indexOfNew() -> Int32 {
    if newIndex < 0 { newIndex = index(of: new) }
    return newIndex
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
  fileprivate mutating func count(_ change: AttributeChange, isChanged: Bool) {
    guard isChanged else {
      confirmed += 1
      return
    }
    changed += 1
    if change.role == .email { emailChanged = true }
    if change.role == .phone { phoneChanged = true }
  }
}
