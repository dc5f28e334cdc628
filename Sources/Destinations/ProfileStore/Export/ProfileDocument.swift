import Destination
import SQLDatabase
import SyncModel

/// Writes a profile as one JSON object in the shape of Braze's user export, its keys always in the
/// same order (design, section 6).
struct ProfileDocument: ~Copyable {
  private let connection: any SQLConnection
  private let withEvents: Bool
  private var json = ByteSink(capacity: 4096)
  private var isFirst = true

  /// Single events and purchases are shown up to about this many bytes, since a profile travels as
  /// one message; then the profile says how many it does not show.
  static let maximumEventBytes = 2_000_000

  init(_ connection: any SQLConnection, withEvents: Bool) {
    self.connection = connection
    self.withEvents = withEvents
  }

  /// - Parameter row: has `ProfileStatements.columns`.
  mutating func export(_ row: any SQLRow) throws -> ExportedProfile {
    let id = row.int64(0)
    let brazeID = BrazeID(salt: UInt32(truncatingIfNeeded: row.int64(1)), profile: id).text
    let externalID = row.string(5)
    json.removeAll()
    json.append("{")
    isFirst = true
    if !row.isNull(5) {
      member("external_id")
      row.withBytes(5) { JSONText.appendString($0, into: &json) }
    }
    try appendAliases(id)
    member("braze_id")
    JSONText.appendString(brazeID, into: &json)
    try row.withBytes(3) { try appendAttributes($0) }
    try row.withBytes(4) { try appendActivity($0) }
    if withEvents { try appendSingleEvents(id) }
    json.append("}")
    return ExportedProfile(brazeID: brazeID, externalID: externalID, json: [UInt8](json.bytes))
  }

  private mutating func member(_ name: StaticString) {
    separate()
    json.append("\"")
    json.append(name)
    json.append("\":")
  }

  private mutating func separate() {
    if !isFirst { json.append(",") }
    isFirst = false
  }

  /// Writes an object or a list around `body`.
  private mutating func nested(
    _ open: StaticString,
    _ close: StaticString,
    _ body: (inout Self) throws -> Void
  ) throws {
    json.append(open)
    isFirst = true
    try body(&self)
    isFirst = false
    json.append(close)
  }

  private mutating func appendAliases(_ id: Int64) throws {
    member("user_aliases")
    let aliases = try connection.rows(
      "SELECT name, label FROM aliases WHERE profile = ?1 ORDER BY label",
      [.integer(id)]
    ) { (name: $0.blob(0), label: $0.blob(1)) }
    try nested("[", "]") { document in
      for alias in aliases {
        document.separate()
        try document.nested("{", "}") { document in
          document.member("alias_name")
          alias.name.withUnsafeBytes { JSONText.appendString($0, into: &document.json) }
          document.member("alias_label")
          alias.label.withUnsafeBytes { JSONText.appendString($0, into: &document.json) }
        }
      }
    }
  }

  private mutating func appendAttributes(_ bytes: UnsafeRawBufferPointer) throws {
    var standard = [UnsafeRawBufferPointer?](
      repeating: nil,
      count: StandardAttribute.allCases.count
    )
    var custom: [(UnsafeRawBufferPointer, UnsafeRawBufferPointer)] = []
    var groups: [(UnsafeRawBufferPointer, UnsafeRawBufferPointer)] = []
    var tokens: [(UnsafeRawBufferPointer, UnsafeRawBufferPointer)] = []
    var attributes = try StoredAttributes(bytes)
    while let entry = try attributes.next() {
      guard let value = entry.value else { continue }
      if let attribute = StandardAttribute(entry.name) {
        standard[Int(attribute.rawValue)] = value
      } else if let (list, key) = ListedAttribute.parts(of: entry.name) {
        if list.sameBytes(as: "push_tokens") {
          tokens.append((key, value))
        } else {
          groups.append((key, value))
        }
      } else {
        custom.append((entry.name, value))
      }
    }
    for attribute in StandardAttribute.shown {
      switch attribute {
      case .subscriptionGroups: try appendGroups(groups)
      case .pushTokens: try appendTokens(tokens)
      default:
        guard let value = standard[Int(attribute.rawValue)] else { continue }
        member(attribute.name)
        json.append(value)
      }
    }
    member("custom_attributes")
    try nested("{", "}") { document in
      for (name, value) in custom {
        document.separate()
        JSONText.appendString(name, into: &document.json)
        document.json.append(":")
        document.json.append(value)
      }
    }
  }

  private typealias Items = [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)]

  private mutating func appendGroups(_ groups: Items) throws {
    guard !groups.isEmpty else { return }
    member(StandardAttribute.subscriptionGroups.name)
    try nested("[", "]") { document in
      for (key, value) in groups {
        document.separate()
        try document.nested("{", "}") { document in
          document.member("subscription_group_id")
          JSONText.appendString(key, into: &document.json)
          document.member("subscription_state")
          document.json.append(value)
        }
      }
    }
  }

  private mutating func appendTokens(_ tokens: Items) throws {
    guard !tokens.isEmpty else { return }
    member(StandardAttribute.pushTokens.name)
    try nested("[", "]") { document in
      for (key, device) in tokens {
        guard let (app, token) = ListedAttribute.parts(of: key) else { continue }
        document.separate()
        try document.nested("{", "}") { document in
          document.member("app_id")
          JSONText.appendString(app, into: &document.json)
          document.member("token")
          JSONText.appendString(token, into: &document.json)
          if device.count > 2 {
            document.member("device_id")
            document.json.append(device)
          }
        }
      }
    }
  }

  private mutating func appendActivity(_ bytes: UnsafeRawBufferPointer) throws {
    for (kind, name): (StoredActivity.Kind, StaticString) in [
      (.event, "custom_events"), (.purchase, "purchases"),
    ] {
      member(name)
      try nested("[", "]") { document in
        var activity = try StoredActivity(bytes)
        while let summary = try activity.next() {
          guard summary.kind == kind else { continue }
          document.separate()
          try document.nested("{", "}") { document in
            document.member("name")
            JSONText.appendString(summary.name, into: &document.json)
            document.append(time: summary.first, as: "first")
            document.append(time: summary.last, as: "last")
            document.member("count")
            document.json.append(String(summary.count))
          }
        }
      }
    }
    member("total_revenue")
    json.append(try StoredActivity(bytes).revenue.description)
  }

  private mutating func append(time: Int64, as name: StaticString) {
    member(name)
    json.append("\"")
    Timestamp(nanoseconds: time).appendRFC3339(into: &json)
    json.append("\"")
  }

  // MARK: Single events and purchases

  private mutating func appendSingleEvents(_ id: Int64) throws {
    let end = json.count + Self.maximumEventBytes
    var omitted = 0
    member("events")
    try nested("[", "]") { document in
      try document.connection.query(
        "SELECT name, time, properties FROM events WHERE profile = ?1 ORDER BY time, id",
        [.integer(id)]
      ) { row in
        guard document.json.count < end else {
          omitted += 1
          return
        }
        document.separate()
        try document.nested("{", "}") { document in
          document.member("name")
          row.withBytes(0) { JSONText.appendString($0, into: &document.json) }
          document.append(time: row.int64(1), as: "time")
          document.appendProperties(row, 2)
        }
      }
    }
    member("purchase_events")
    try nested("[", "]") { document in
      try document.connection.query(
        """
        SELECT product_id, time, properties, currency, price, quantity FROM purchases
        WHERE profile = ?1 ORDER BY time, id
        """,
        [.integer(id)]
      ) { row in
        guard document.json.count < end else {
          omitted += 1
          return
        }
        document.separate()
        try document.nested("{", "}") { try $0.appendPurchase(row) }
      }
    }
    if omitted > 0 {
      member("events_omitted")
      json.append(String(omitted))
    }
  }

  private mutating func appendPurchase(_ row: any SQLRow) throws {
    member("product_id")
    row.withBytes(0) { JSONText.appendString($0, into: &json) }
    append(time: row.int64(1), as: "time")
    member("currency")
    row.withBytes(3) { JSONText.appendString($0, into: &json) }
    member("price")
    row.withBytes(4) { json.append($0) }
    member("quantity")
    json.append(String(row.int64(5)))
    appendProperties(row, 2)
  }

  private mutating func appendProperties(_ row: any SQLRow, _ column: Int) {
    guard !row.isNull(column) else { return }
    member("properties")
    row.withBytes(column) { json.append($0) }
  }
}
