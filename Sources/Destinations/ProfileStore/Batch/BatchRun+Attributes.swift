import SQLDatabase
import SyncModel

extension BatchRun {
  mutating func setAttributes(
    _ identified: IdentifiedRow,
    _ row: SourceRow,
    _ payload: JSONObject
  ) throws -> RowOutcome {
    changes.removeAll()
    try changes.read(payload, warnings: &warnings)
    if changes.importsPushToken { try checkPushTokenImport(identified.identity) }
    guard
      let (slot, isNew) = try findOrCreate(
        identified.identity,
        existingOnly: changes.updatesExistingOnly
      )
    else { return .skipped }
    see(slot, isNew: isNew)
    try settleTypes()
    // Beside another identifier, email and phone are attributes (design, decision 10).
    if let email = identified.email { changes.setUnlessPresent(.email, to: email) }
    if let phone = identified.phone { changes.setUnlessPresent(.phone, to: phone) }
    if isNew { addOwnIdentifier(identified.identity) }
    let outcome = try merge(into: slot, at: row.updatedAt)
    if outcome.changed > 0 || isNew {
      profiles.touch(slot, at: standing(row))
      return .applied
    }
    if outcome.confirmed == 0, outcome.superseded > 0 { return .superseded }
    guard sync.skipsUnchanged else {
      profiles.touch(slot, at: standing(row))
      return .applied
    }
    profiles.confirm(slot, at: standing(row))
    return .unchanged
  }

  /// R73: a token without a user makes or finds one by alias, email or phone only.
  private func checkPushTokenImport(_ identity: RowIdentity) throws {
    switch identity {
    case .externalID, .brazeID: throw RowIssue.pushTokenImportInvalid
    case .alias, .email, .phone:
      guard changes.hasPushToken else { throw RowIssue.pushTokenImportInvalid }
    }
  }

  /// R87: brings every custom attribute to its type, and fixes the type of those that are new.
  private mutating func settleTypes() throws {
    var index = 0
    while index < changes.count {
      let change = changes[index]
      guard change.role == .custom, let own = change.type else {
        index += 1
        continue
      }
      let known = try types.type(of: change.name)
      guard own != known.type else {
        index += 1
        continue
      }
      switch changes.settle(index, as: known.type, warnings: &warnings) {
      case .dropped: continue
      case .stands(let first):
        if let first { try types.fix(known.entry, first) }
        index += 1
      }
    }
  }

  /// Merges `changes` into a profile's attributes, and what is shared into its namesakes'.
  mutating func merge(
    into slot: Int,
    at time: Timestamp
  ) throws -> AttributeMerger.Outcome {
    let sorted = changes.sorted()
    let version = AttributeVersion(stamp: time.nanoseconds, origin: sync.origin)
    let outcome = try merge(sorted, version, into: slot)
    if changes.hasShared { try share(sorted, version, from: slot) }
    return outcome
  }

  private mutating func merge(
    _ sorted: UnsafeBufferPointer<AttributeChange>,
    _ version: AttributeVersion,
    into slot: Int
  ) throws -> AttributeMerger.Outcome {
    let outcome = try profiles[slot].attributes.withUnsafeBytes { stored in
      try merger.merge(sorted, version: version, into: stored, warnings: &warnings)
    }
    guard outcome.changed + outcome.confirmed > 0 else { return outcome }
    if outcome.emailChanged || outcome.phoneChanged {
      try profiles.reindex(slot, attributes: merger.merged.bytes)
    }
    // An equal value under a later stamp is another version: without the stamp a row from in between
    // that comes late would win (design, decision 5). The very same version is not written again.
    let isSame = profiles[slot].attributes.withUnsafeBytes { $0.sameBytes(as: merger.merged.bytes) }
    if !isSame {
      profiles[slot].attributes = [UInt8](merger.merged.bytes)
      profiles[slot].isChanged = true
    }
    return outcome
  }

  /// R70: a subscription state holds for every profile with the same email address.
  ///
  /// The others' place among those that share an email does not move: nobody updated them.
  private mutating func share(
    _ sorted: UnsafeBufferPointer<AttributeChange>,
    _ version: AttributeVersion,
    from slot: Int
  ) throws {
    let limit = policy.limits.sharedProfiles
    let found = try profiles.sharingEmail(with: slot, limit: limit + 1)
    if found.count > limit { warnings.add(.subscriptionSharedPartly(limit)) }
    guard !found.isEmpty else { return }
    var shared = TrivialStack<AttributeChange>(capacity: 16)
    for change in sorted where change.role == .shared { shared.push(change) }
    for id in found.prefix(limit) {
      guard let other = try profiles.find(id: id) else { continue }
      let changes = UnsafeBufferPointer(start: shared.base, count: shared.count)
      let outcome = try merge(changes, version, into: other)
      if outcome.changed + outcome.confirmed > 0 { profiles[other].isChanged = true }
    }
  }

  /// A profile that an email or a phone number made has it as an attribute (R45).
  mutating func addOwnIdentifier(_ identity: RowIdentity) {
    switch identity {
    case .email(let email): changes.setUnlessPresent(.email, to: email)
    case .phone(let phone): changes.setUnlessPresent(.phone, to: phone)
    case .externalID, .alias, .brazeID: break
    }
  }
}
