import SyncModel
import TestSupport

/// A source row as the model knows it: what it means, not how it is written.
struct ModelRow: Hashable {
  enum User: Hashable {
    case external(String)
    case alias(String)
    case email(String)
    case phone(String)
    case externalWithEmail(String, String)
    case nobody
  }

  enum Content: Hashable {
    /// Name and JSON value; nil removes.
    case attributes([String: String?])
    case event(name: String, time: ModelTime?)
    case purchase(product: String, cents: Int, quantity: Int, time: ModelTime?)
    case delete
    case broken
  }

  var updatedAt: Int64
  var user: User
  var content: Content

  /// The row as a driver would read it.
  var owned: OwnedRow {
    var row = OwnedRow(updatedAt: updatedAt)
    switch user {
    case .external(let id): row.externalID = Array(id.utf8)
    case .alias(let name):
      row.aliasName = Array(name.utf8)
      row.aliasLabel = Array("label".utf8)
    case .email(let email): row.email = Array(email.utf8)
    case .phone(let phone): row.phone = Array(phone.utf8)
    case .externalWithEmail(let id, let email):
      row.externalID = Array(id.utf8)
      row.email = Array(email.utf8)
    case .nobody: break
    }
    row.payload = payload.map { Array($0.utf8) }
    return row
  }

  private var payload: String? {
    func member(_ time: ModelTime?) -> String { time.map { ",\"time\":\"\($0.written)\"" } ?? "" }
    switch content {
    case .attributes(let attributes):
      let members = attributes.sorted { $0.key < $1.key }.map {
        "\"\($0.key)\" : \($0.value ?? "null")"
      }
      return "{" + members.joined(separator: " , ") + "}"
    case .event(let name, let time): return "{\"name\":\"\(name)\"\(member(time))}"
    case .purchase(let product, let cents, let quantity, let time):
      return
        "{\"product_id\":\"\(product)\",\"currency\":\"EUR\",\"price\":\(Self.money(cents, padded: true)),\"quantity\":\(quantity)\(member(time))}"
    case .delete: return nil
    case .broken: return "{\"broken\":}"
    }
  }

  static func money(_ cents: Int, padded: Bool = false) -> String {
    let (whole, rest) = (abs(cents) / 100, abs(cents) % 100)
    let sign = cents < 0 ? "-" : ""
    if padded { return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)" }
    if rest == 0 { return "\(sign)\(whole)" }
    return rest % 10 == 0
      ? "\(sign)\(whole).\(rest / 10)" : "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }
}

/// A time that a payload gives, and how a profile shows it.
enum ModelTime: Hashable, CaseIterable {
  case past
  case future

  var written: String { self == .past ? "2020-01-01 00:00:00" : "2999-01-01T00:00:00Z" }
  var shown: Int64 { self == .past ? 1_577_836_800_000_000_000 : SimulatedWorld.start.nanoseconds }
}

/// The profile store as the rules say it, without batches, caches, ledgers that end, or bytes.
struct ProfileModel {
  struct Summary {
    var first: Int64
    var last: Int64
    var count: Int
  }

  struct Profile {
    var externalID: String?
    var alias: String?
    var updatedAt = Int64.min
    var attributes: [String: (value: String?, stamp: Int64)] = [:]
    var events: [String: Summary] = [:]
    var purchases: [String: Summary] = [:]
    var cents = 0
    var single: [(time: Int64, json: String)] = []
    var bought: [(time: Int64, json: String)] = []

    func text(_ name: String) -> String? { attributes[name]?.value }
  }

  /// In the order in which they were made.
  var profiles: [Profile] = []
  /// What deleted profiles leave: aggregates, and nothing else.
  var deleted = (events: 0, purchases: 0, cents: 0)

  /// Applies a row that no earlier run applied.
  mutating func apply(
    _ row: ModelRow,
    updateExistingOnly: Bool,
    limit: Int64
  ) -> String {
    if row.user == .nobody || row.content == .broken { return "rejected" }
    if row.content == .delete {
      guard let index = find(row.user) else { return "skipped" }
      let profile = profiles.remove(at: index)
      deleted.events += profile.single.count
      deleted.purchases += profile.bought.count
      deleted.cents += profile.cents
      return "applied"
    }
    var index = find(row.user)
    let isNew = index == nil
    if isNew {
      if updateExistingOnly { return "skipped" }
      index = profiles.count
      profiles.append(make(row.user))
    }
    guard let index else { return "rejected" }
    let outcome = change(&profiles[index], row, isNew)
    if outcome != "superseded" {
      profiles[index].updatedAt = max(profiles[index].updatedAt, min(row.updatedAt, limit))
    }
    return outcome
  }

  private func change(_ profile: inout Profile, _ row: ModelRow, _ isNew: Bool) -> String {
    switch row.content {
    case .attributes(var attributes):
      if case .externalWithEmail(_, let email) = row.user, attributes["email"] == nil {
        attributes["email"] = "\"\(email)\""
      }
      if isNew { Self.nameSelf(&attributes, row.user) }
      var (changed, confirmed, late) = (0, 0, 0)
      for (name, value) in attributes {
        let old = profile.attributes[name]
        if let old, old.stamp > row.updatedAt {
          late += 1
          continue
        }
        if old?.value == value { confirmed += 1 } else { changed += 1 }
        profile.attributes[name] = (value, row.updatedAt)
      }
      if changed > 0 || isNew { return "applied" }
      return confirmed == 0 && late > 0 ? "superseded" : "unchanged"
    case .event(let name, let time):
      let at = time?.shown ?? row.updatedAt
      if isNew { Self.introduce(&profile, row) }
      Self.add(&profile.events, name, at, 1)
      profile.single.append((at, "{\"name\":\"\(name)\",\"time\":\"\(Self.text(at))\"}"))
      return "applied"
    case .purchase(let product, let cents, let quantity, let time):
      let at = time?.shown ?? row.updatedAt
      if isNew { Self.introduce(&profile, row) }
      Self.add(&profile.purchases, product, at, quantity)
      profile.cents += cents * quantity
      profile.bought.append(
        (
          at,
          "{\"product_id\":\"\(product)\",\"time\":\"\(Self.text(at))\",\"currency\":\"EUR\",\"price\":\(ModelRow.money(cents)),\"quantity\":\(quantity)}"
        )
      )
      return "applied"
    case .delete, .broken: return "rejected"
    }
  }

  private static func introduce(_ profile: inout Profile, _ row: ModelRow) {
    var attributes: [String: String?] = [:]
    nameSelf(&attributes, row.user)
    for (name, value) in attributes { profile.attributes[name] = (value, row.updatedAt) }
  }

  private static func nameSelf(_ attributes: inout [String: String?], _ user: ModelRow.User) {
    switch user {
    case .email(let email) where attributes["email"] == nil: attributes["email"] = "\"\(email)\""
    case .phone(let phone) where attributes["phone"] == nil: attributes["phone"] = "\"\(phone)\""
    default: break
    }
  }

  private static func add(
    _ summaries: inout [String: Summary],
    _ name: String,
    _ time: Int64,
    _ count: Int
  ) {
    var summary = summaries[name] ?? Summary(first: time, last: time, count: 0)
    summary.first = min(summary.first, time)
    summary.last = max(summary.last, time)
    summary.count += count
    summaries[name] = summary
  }

  private func make(_ user: ModelRow.User) -> Profile {
    var profile = Profile()
    switch user {
    case .external(let id), .externalWithEmail(let id, _): profile.externalID = id
    case .alias(let name): profile.alias = name
    case .email, .phone, .nobody: break
    }
    return profile
  }

  private func find(_ user: ModelRow.User) -> Int? {
    switch user {
    case .external(let id), .externalWithEmail(let id, _):
      return profiles.firstIndex { $0.externalID == id }
    case .alias(let name): return profiles.firstIndex { $0.alias == name }
    case .email(let email):
      let key = "\"\(email.lowercased())\""
      let found = profiles.indices.filter { profiles[$0].text("email")?.lowercased() == key }
      let external = found.filter { profiles[$0].externalID != nil }
      return lastUpdated(external.isEmpty ? found : external)
    case .phone(let phone):
      return lastUpdated(profiles.indices.filter { profiles[$0].text("phone") == "\"\(phone)\"" })
    case .nobody: return nil
    }
  }

  private func lastUpdated(_ indices: [Int]) -> Int? {
    indices.max { (profiles[$0].updatedAt, $0) < (profiles[$1].updatedAt, $1) }
  }
}

// MARK: As it is exported

extension ProfileModel {
  var export: [String] { profiles.map(Self.json) }

  var counts: String {
    let cents = profiles.reduce(deleted.cents) { $0 + $1.cents }
    return
      "\(profiles.count) \(events + deleted.events) \(purchases + deleted.purchases) \(ModelRow.money(cents))"
  }

  /// Rows that are there.
  var events: Int { profiles.reduce(0) { $0 + $1.single.count } }
  var purchases: Int { profiles.reduce(0) { $0 + $1.bought.count } }

  private static func json(_ profile: Profile) -> String {
    var parts: [String] = []
    if let id = profile.externalID { parts.append("\"external_id\":\"\(id)\"") }
    let alias = profile.alias.map { "{\"alias_name\":\"\($0)\",\"alias_label\":\"label\"}" }
    parts.append("\"user_aliases\":[\(alias ?? "")]")
    parts.append("\"braze_id\":\"*\"")
    for name in ["first_name", "email", "phone"] {
      if let value = profile.text(name) { parts.append("\"\(name)\":\(value)") }
    }
    let custom = profile.attributes.filter { !["first_name", "email", "phone"].contains($0.key) }
      .sorted { $0.key < $1.key }
      .compactMap { name, held in held.value.map { "\"\(name)\":\($0)" } }
    parts.append("\"custom_attributes\":{\(custom.joined(separator: ","))}")
    parts.append("\"custom_events\":[\(list(profile.events))]")
    parts.append("\"purchases\":[\(list(profile.purchases))]")
    parts.append("\"total_revenue\":\(ModelRow.money(profile.cents))")
    parts.append("\"events\":[\(inOrder(profile.single))]")
    parts.append("\"purchase_events\":[\(inOrder(profile.bought))]")
    return "{" + parts.joined(separator: ",") + "}"
  }

  private static func list(_ summaries: [String: Summary]) -> String {
    summaries.sorted { $0.key < $1.key }.map { name, summary in
      "{\"name\":\"\(name)\",\"first\":\"\(text(summary.first))\",\"last\":\"\(text(summary.last))\",\"count\":\(summary.count)}"
    }.joined(separator: ",")
  }

  private static func inOrder(_ rows: [(time: Int64, json: String)]) -> String {
    rows.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
      .map(\.element.json).joined(separator: ",")
  }

  /// The histories' clock stays within the first millisecond of 1970.
  private static func text(_ time: Int64) -> String {
    switch time {
    case ModelTime.past.shown: return "2020-01-01T00:00:00Z"
    case ModelTime.future.shown: return "2024-01-01T00:00:00Z"
    case 0: return "1970-01-01T00:00:00Z"
    default:
      let digits = String(time % 1_000 == 0 ? time / 1_000 : time)
      let width = time % 1_000 == 0 ? 6 : 9
      return "1970-01-01T00:00:00." + String(repeating: "0", count: width - digits.count) + digits
        + "Z"
    }
  }
}
