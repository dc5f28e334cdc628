import Destination
import SQLDatabase
import SyncModel

extension BatchRun {
  // MARK: Events and purchases

  mutating func addEvent(
    _ identified: IdentifiedRow,
    _ row: SourceRow,
    _ payload: JSONObject
  ) throws -> RowOutcome {
    text.removeAll()
    let event = try CheckedEvent(payload, limits: policy.limits, text: &text)
    // R92, of events.
    if policy.blockedEvents.contains(event.name) {
      trace?.skip = .eventBlocked
      return .skipped
    }
    let hasProperties = try read(event.properties)
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
        row,
        payload
      )
    else { return .skipped }
    if isEvaluation {
      try see(event: event.name, at: time, hasProperties ? properties.bytes : nil, of: slot)
      profiles.workspace.events += 1
      return .applied
    }
    let statement = profiles.statements.insertEvent
    statement.bind(profiles[slot].id, at: 1)
    statement.bind(blob: event.name, at: 2)
    statement.bind(time, at: 3)
    if hasProperties {
      statement.bind(blob: properties.bytes, at: 4)
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
    let purchase = try CheckedPurchase(payload, limits: policy.limits, text: &text)
    // R92, of products.
    if policy.blockedProducts.contains(purchase.productID) {
      trace?.skip = .productBlocked
      return .skipped
    }
    let hasProperties = try read(purchase.properties)
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
        row,
        payload
      )
    else { return .skipped }
    if isEvaluation {
      try see(purchase, at: time, of: slot)
      profiles.workspace.purchases += 1
      profiles.workspace.revenue = total
      return .applied
    }
    let statement = profiles.statements.insertPurchase
    statement.bind(profiles[slot].id, at: 1)
    statement.bind(blob: purchase.productID, at: 2)
    statement.bind(time, at: 3)
    if hasProperties {
      statement.bind(blob: properties.bytes, at: 4)
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
    _ row: SourceRow,
    _ payload: JSONObject
  ) throws -> Int? {
    let existingOnly = try PayloadRules.updatesExistingOnly(payload)
    if let known = try profiles.find(identified.identity) {
      see(known, isNew: false)
      try add(summary, revenue: revenue, to: known)
      profiles.touch(known, at: standing(row))
      return known
    }
    guard let (slot, _) = try createIfAllowed(identified.identity, existingOnly: existingOnly)
    else { return nil }
    see(slot, isNew: true)
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

  /// Puts checked properties into `properties`; false where there are none.
  private mutating func read(_ member: JSONMember?) throws -> Bool {
    guard let member else { return false }
    properties.removeAll()
    try EventProperties(of: sync.data, limits: policy.limits).append(
      member.value,
      warnings: &warnings,
      into: &properties
    )
    return true
  }

  /// R35, R37, R110.
  private func happened(_ time: Timestamp?, _ row: SourceRow) -> Int64 {
    min(time ?? row.updatedAt, now).nanoseconds
  }

  // MARK: Deletes

  mutating func delete(_ identified: IdentifiedRow, _ row: SourceRow) throws -> RowOutcome {
    // R26: a PAYLOAD says that this table was not meant for deleting. The whole batch fails.
    guard row.payload == nil, row.oversizedPayload == nil else {
      throw Failure(
        "payload_in_deletes",
        "A row of the deletes sync \(batch.sync) has a PAYLOAD, so its source was not made for "
          + "deleting users: nobody of this batch was deleted; remove the column PAYLOAD, or choose "
          + "another data type",
        recovery: .needsOperator
      )
    }
    guard let slot = try profiles.find(identified.identity) else {
      trace?.skip = .userUnknown
      return .skipped
    }
    see(slot, isNew: false)
    // A run's rows come in their order; a row that is retried must not delete what came after it.
    if isRetry, profiles[slot].updatedAt > row.updatedAt.nanoseconds { return .superseded }
    trace?.deletesProfile = true
    try profiles.delete(slot)
    return .applied
  }

  // MARK: Users

  mutating func findOrCreate(
    _ identity: RowIdentity,
    existingOnly: Bool
  ) throws -> (slot: Int, isNew: Bool)? {
    if let slot = try profiles.find(identity) { return (slot, false) }
    return try createIfAllowed(identity, existingOnly: existingOnly)
  }

  /// R41, R43 to R45, R58.
  private mutating func createIfAllowed(
    _ identity: RowIdentity,
    existingOnly: Bool
  ) throws -> (slot: Int, isNew: Bool)? {
    guard !sync.updateExistingOnly, !existingOnly else {
      trace?.skip = .existingOnly
      return nil
    }
    guard let slot = try profiles.create(identity) else {
      trace?.skip = .brazeIDUnknown
      return nil
    }
    return (slot, true)
  }
}
