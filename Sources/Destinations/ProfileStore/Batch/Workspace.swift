import SQLDatabase
import SyncModel

/// A tenant's number and its totals, which change in the transaction that changes what they count.
struct Workspace: Equatable {
  var id: Int64
  /// The next profile's number within the workspace; none is ever used again.
  var nextProfile: Int64
  var profiles: Int64
  var events: Int64
  var purchases: Int64
  var revenue: ExactDecimal

  /// A workspace's profiles are numbered from `id << numberBits` on.
  static let numberBits: Int64 = 40

  /// The numbers that its profiles can have.
  var profileIDs: ClosedRange<Int64> {
    let first = id << Self.numberBits
    return first...(first | (1 << Self.numberBits - 1))
  }

  static func find(_ name: String, _ connection: any SQLConnection) throws -> Workspace? {
    try connection.first(
      """
      SELECT id, next_profile, profiles, events, purchases, revenue FROM workspaces
      WHERE name = ?1
      """,
      [.name(name)]
    ) { row in
      guard let revenue = ExactDecimal.sum(row.string(5)),
        // So that no later sum can overflow.
        (0..<5).allSatisfy({ (0..<(1 << 62)).contains(row.int64($0)) }),
        row.int64(0) < 1 << (62 - numberBits)
      else { throw DamagedValue(what: "a workspace's totals") }
      return Workspace(
        id: row.int64(0),
        nextProfile: row.int64(1),
        profiles: row.int64(2),
        events: row.int64(3),
        purchases: row.int64(4),
        revenue: revenue
      )
    }
  }

  static func findOrCreate(
    _ name: String,
    _ connection: any SQLConnection
  ) throws -> Workspace {
    if let workspace = try find(name, connection) { return workspace }
    let count = try connection.first("SELECT count(*) FROM workspaces") { $0.int64(0) } ?? 0
    guard count < 1 << (62 - numberBits) else {
      throw Failure(
        "too_many_workspaces",
        "The profile store holds no more workspaces",
        recovery: .needsOperator
      )
    }
    try connection.execute("INSERT INTO workspaces (name) VALUES (?1)", [.name(name)])
    guard let workspace = try find(name, connection) else {
      throw DamagedValue(what: "a workspace")
    }
    return workspace
  }

  func save(_ connection: any SQLConnection) throws {
    try connection.execute(
      """
      UPDATE workspaces SET next_profile = ?2, profiles = ?3, events = ?4, purchases = ?5,
        revenue = ?6 WHERE id = ?1
      """,
      [
        .integer(id), .integer(nextProfile), .integer(profiles), .integer(events),
        .integer(purchases), .text(revenue.description),
      ]
    )
  }
}
