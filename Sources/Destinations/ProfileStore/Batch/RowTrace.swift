import Destination
import SQLDatabase
import SyncModel

/// What an evaluation sees of one row as the rules run over it.
struct RowTrace {
  /// Its user's slot, once found or made.
  var slot: Int?
  var isNew = false
  var deletesProfile = false
  /// The user's attributes before the row.
  var before: [UInt8] = []
  var activity = ""
  /// The origin of an equal event or purchase that the profile has.
  var recorded: RowEffect.Origin?
  var skip: RowIssue?
}

extension BatchRun {
  /// The row's user is known.
  mutating func see(_ slot: Int, isNew: Bool) {
    guard trace != nil else { return }
    trace?.slot = slot
    trace?.isNew = isNew
    trace?.before = profiles[slot].attributes
  }

  mutating func see(
    event name: UnsafeRawBufferPointer,
    at time: Int64,
    _ properties: UnsafeRawBufferPointer?,
    of slot: Int
  ) throws {
    guard trace != nil else { return }
    let shown = RowIdentifierText.text(name, atMost: 64)
    trace?.activity = "event \(shown) at \(Self.text(time))"
    trace?.recorded = try connection.first(
      """
      SELECT syncs.name, origins.run_id FROM events JOIN origins ON origins.id = events.origin
      JOIN syncs ON syncs.id = origins.sync
      WHERE events.profile = ?1 AND events.name = ?2 AND events.time = ?3
        AND (events.properties = ?4 OR (events.properties IS NULL AND ?5 = 1))
      ORDER BY events.id DESC LIMIT 1
      """,
      [
        .integer(profiles[slot].id), .blob([UInt8](name)), .integer(time),
        .blob(properties.map { [UInt8]($0) } ?? []), SQLValue(properties == nil),
      ]
    ) { RowEffect.Origin(sync: $0.string(0), runID: $0.string(1)) }
  }

  mutating func see(_ purchase: CheckedPurchase, at time: Int64, of slot: Int) throws {
    guard trace != nil else { return }
    let shown = RowIdentifierText.text(purchase.productID, atMost: 64)
    let currency = purchase.currency.withBytes { RowIdentifierText.text($0, atMost: 8) }
    trace?.activity =
      "purchase of \(purchase.quantity) \(shown) for \(purchase.price) \(currency) at "
      + Self.text(time)
    trace?.recorded = try connection.first(
      """
      SELECT syncs.name, origins.run_id FROM purchases
      JOIN origins ON origins.id = purchases.origin JOIN syncs ON syncs.id = origins.sync
      WHERE purchases.profile = ?1 AND purchases.product_id = ?2 AND purchases.time = ?3
        AND purchases.price = ?4 AND purchases.quantity = ?5
      ORDER BY purchases.id DESC LIMIT 1
      """,
      [
        .integer(profiles[slot].id), .blob([UInt8](purchase.productID)), .integer(time),
        .text(purchase.price.description), .integer(purchase.quantity),
      ]
    ) { RowEffect.Origin(sync: $0.string(0), runID: $0.string(1)) }
  }

  private static func text(_ time: Int64) -> String {
    var sink = ByteSink(capacity: 40)
    Timestamp(nanoseconds: time).appendRFC3339(into: &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }
}

/// Why a row is skipped.
extension RowIssue {
  /// R58, R59.
  static let existingOnly = RowIssue(
    "user_unknown",
    "There is no such user, and only existing ones are updated (updateExistingOnly of the sync, or "
      + "_update_existing_only of the row)"
  )

  /// R44.
  static let brazeIDUnknown = RowIssue(
    "braze_id_unknown",
    "No profile has this BRAZE_ID, and one cannot be made with it"
  )

  static let userUnknown = RowIssue("user_unknown", "There is no such user to delete")

  /// R92.
  static let eventBlocked = RowIssue("event_blocked", "This writer does not store that event")

  /// R92.
  static let productBlocked = RowIssue(
    "product_blocked",
    "This writer does not store purchases of that product"
  )
}
