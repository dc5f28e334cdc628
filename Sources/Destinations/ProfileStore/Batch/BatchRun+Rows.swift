import SQLDatabase
import SyncModel

extension BatchRun {
  // MARK: Attributes

  mutating func setAttributes(
    _ identified: IdentifiedRow,
    _ row: SourceRow,
    _ payload: JSONObject
  ) throws -> RowOutcome {
    changes.removeAll()
    try changes.read(payload)
    guard let (slot, isNew) = try findOrCreate(identified.identity) else { return .skipped }
    // Beside another identifier, email and phone are attributes (design, decision 10).
    if let email = identified.email { changes.setUnlessPresent("email", to: email) }
    if let phone = identified.phone { changes.setUnlessPresent("phone", to: phone) }
    if isNew { addOwnIdentifier(identified.identity) }
    let outcome = try merge(into: slot, at: row.updatedAt)
    if outcome.changed > 0 || isNew {
      profiles.touch(slot, at: standing(row))
      return .applied
    }
    if outcome.confirmed == 0, outcome.superseded > 0 { return .superseded }
    profiles.touch(slot, at: standing(row))
    return .unchanged
  }

  /// Merges `changes` into a profile's attributes.
  private mutating func merge(
    into slot: Int,
    at time: Timestamp
  ) throws -> AttributeMerger.Outcome {
    let sorted = changes.sorted()
    let version = AttributeVersion(stamp: time.nanoseconds, origin: sync.origin)
    let outcome = try profiles[slot].attributes.withUnsafeBytes { stored in
      try merger.merge(sorted, version: version, into: stored)
    }
    guard outcome.changed + outcome.confirmed > 0 else { return outcome }
    if outcome.emailChanged || outcome.phoneChanged {
      try profiles.reindex(slot, attributes: merger.merged.bytes)
    }
    profiles[slot].attributes = [UInt8](merger.merged.bytes)
    return outcome
  }

  /// A profile that an email or a phone number made has it as an attribute (R45).
  private mutating func addOwnIdentifier(_ identity: RowIdentity) {
    switch identity {
    case .email(let email): changes.setUnlessPresent("email", to: email)
    case .phone(let phone): changes.setUnlessPresent("phone", to: phone)
    case .externalID, .alias, .brazeID: break
    }
  }

  // MARK: Events and purchases

  mutating func addEvent(
    _ identified: IdentifiedRow,
    _ row: SourceRow,
    _ payload: JSONObject
  ) throws -> RowOutcome {
    text.removeAll()
    let event = try CheckedEvent(payload, text: &text)
    let time = happened(event.time, row)
    guard
      let slot = try add(
        StoredActivity.Summary(
          kind: .event,
          name: event.name,
          first: time,
          last: time,
          count: 1
        ),
        revenue: .zero,
        identified,
        row
      )
    else { return .skipped }
    let statement = profiles.statements.insertEvent
    statement.bind(profiles[slot].id, at: 1)
    statement.bind(blob: event.name, at: 2)
    statement.bind(time, at: 3)
    sink.removeAll()
    if let properties = event.properties {
      JSONText.appendCompact(properties.value, into: &sink)
      statement.bind(blob: sink.bytes, at: 4)
    } else {
      statement.bindNull(at: 4)
    }
    statement.bind(sync.origin, at: 5)
    try statement.run()
    profiles.workspace.events += 1
    return .applied
  }

  mutating func addPurchase(
    _ identified: IdentifiedRow,
    _ row: SourceRow,
    _ payload: JSONObject
  ) throws -> RowOutcome {
    text.removeAll()
    let purchase = try CheckedPurchase(payload, text: &text)
    let time = happened(purchase.time, row)
    guard let revenue = purchase.revenue,
      let total = profiles.workspace.revenue.adding(revenue)
    else { throw RowIssue.revenueOutOfRange }
    guard
      let slot = try add(
        StoredActivity.Summary(
          kind: .purchase,
          name: purchase.productID,
          first: time,
          last: time,
          count: purchase.quantity
        ),
        revenue: revenue,
        identified,
        row
      )
    else { return .skipped }
    let statement = profiles.statements.insertPurchase
    statement.bind(profiles[slot].id, at: 1)
    statement.bind(blob: purchase.productID, at: 2)
    statement.bind(time, at: 3)
    sink.removeAll()
    if let properties = purchase.properties {
      JSONText.appendCompact(properties.value, into: &sink)
      statement.bind(blob: sink.bytes, at: 4)
    } else {
      statement.bindNull(at: 4)
    }
    statement.bind(sync.origin, at: 5)
    statement.bind(text: purchase.price.description, at: 7)
    statement.bind(purchase.quantity, at: 8)
    try purchase.currency.withBytes { currency in
      statement.bind(blob: currency, at: 6)
      try statement.run()
    }
    profiles.workspace.purchases += 1
    profiles.workspace.revenue = total
    return .applied
  }

  /// Adds one happening to its user's summary; nil where the user is unknown and is not made.
  private mutating func add(
    _ summary: StoredActivity.Summary,
    revenue: ExactDecimal,
    _ identified: IdentifiedRow,
    _ row: SourceRow
  ) throws -> Int? {
    if let known = try profiles.find(identified.identity) {
      try add(summary, revenue: revenue, to: known)
      profiles.touch(known, at: standing(row))
      return known
    }
    guard let (slot, _) = try createIfAllowed(identified.identity) else { return nil }
    changes.removeAll()
    addOwnIdentifier(identified.identity)
    if changes.count > 0 { _ = try merge(into: slot, at: row.updatedAt) }
    try add(summary, revenue: revenue, to: slot)
    profiles.touch(slot, at: standing(row))
    return slot
  }

  private mutating func add(
    _ summary: StoredActivity.Summary,
    revenue: ExactDecimal,
    to slot: Int
  ) throws {
    try profiles[slot].activity.withUnsafeBytes { stored in
      guard let total = try StoredActivity(stored).revenue.adding(revenue) else {
        throw RowIssue.revenueOutOfRange
      }
      try StoredActivity.add(summary, revenue: total, to: stored, into: &sink)
    }
    profiles[slot].activity = [UInt8](sink.bytes)
  }

  /// R35, R37, R110.
  private func happened(_ time: Timestamp?, _ row: SourceRow) -> Int64 {
    min(time ?? row.updatedAt, now).nanoseconds
  }

  // MARK: Deletes

  mutating func delete(_ identified: IdentifiedRow, _ row: SourceRow) throws -> RowOutcome {
    guard row.payload == nil, row.oversizedPayload == nil else {
      throw RowIssue.payloadInDelete
    }
    guard let slot = try profiles.find(identified.identity) else { return .skipped }
    try profiles.delete(slot)
    return .applied
  }

  // MARK: Users

  private mutating func findOrCreate(
    _ identity: RowIdentity
  ) throws -> (slot: Int, isNew: Bool)? {
    if let slot = try profiles.find(identity) { return (slot, false) }
    return try createIfAllowed(identity)
  }

  /// R41, R43 to R45, R58.
  private mutating func createIfAllowed(
    _ identity: RowIdentity
  ) throws -> (slot: Int, isNew: Bool)? {
    guard !sync.updateExistingOnly, let slot = try profiles.create(identity) else { return nil }
    return (slot, true)
  }
}
