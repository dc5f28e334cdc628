import SQLDatabase

/// The statements of the hot paths, prepared once a transaction.
struct ProfileStatements {
  let byExternalID: any SQLStatement
  let byID: any SQLStatement
  let insert: any SQLStatement
  let update: any SQLStatement
  let aliasOwner: any SQLStatement
  let insertAlias: any SQLStatement
  let emails: Lookup
  let phones: Lookup
  let standing: any SQLStatement
  let insertEvent: any SQLStatement
  let insertPurchase: any SQLStatement
  private let deletions: [any SQLStatement]

  /// An index from a value to the profiles that have it.
  struct Lookup {
    let select: any SQLStatement
    let insert: any SQLStatement
    let delete: any SQLStatement

    init(_ table: StaticString, _ column: StaticString, _ connection: any SQLConnection) throws {
      select = try connection.prepare(
        "SELECT profile FROM \(table) WHERE workspace = ?1 AND \(column) = ?2"
      )
      insert = try connection.prepare(
        "INSERT INTO \(table) (workspace, \(column), profile) VALUES (?1, ?2, ?3) "
          + "ON CONFLICT DO NOTHING"
      )
      delete = try connection.prepare(
        "DELETE FROM \(table) WHERE workspace = ?1 AND \(column) = ?2 AND profile = ?3"
      )
    }
  }

  /// What `ProfileSet` reads of a profile.
  static let columns = "id, salt, updated_at, attributes, activity, external_id"

  init(_ connection: any SQLConnection) throws {
    byExternalID = try connection.prepare(
      "SELECT \(Self.columns) FROM profiles WHERE workspace = ?1 AND external_id = ?2"
    )
    byID = try connection.prepare("SELECT \(Self.columns) FROM profiles WHERE id = ?1")
    insert = try connection.prepare(
      """
      INSERT INTO profiles (id, updated_at, attributes, activity, workspace, external_id, salt)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """
    )
    update = try connection.prepare(
      "UPDATE profiles SET updated_at = ?2, attributes = ?3, activity = ?4 WHERE id = ?1"
    )
    aliasOwner = try connection.prepare(
      "SELECT profile FROM aliases WHERE workspace = ?1 AND label = ?2 AND name = ?3"
    )
    insertAlias = try connection.prepare(
      "INSERT INTO aliases (workspace, label, name, profile) VALUES (?1, ?2, ?3, ?4)"
    )
    emails = try Lookup("emails", "email", connection)
    phones = try Lookup("phones", "phone", connection)
    standing = try connection.prepare(
      "SELECT external_id IS NOT NULL, updated_at FROM profiles WHERE id = ?1"
    )
    insertEvent = try connection.prepare(
      """
      INSERT INTO events (profile, name, time, properties, origin) VALUES (?1, ?2, ?3, ?4, ?5)
      """
    )
    insertPurchase = try connection.prepare(
      """
      INSERT INTO purchases (profile, product_id, time, properties, origin, currency, price,
        quantity) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """
    )
    deletions = try [
      "DELETE FROM events WHERE profile = ?1",
      "DELETE FROM purchases WHERE profile = ?1",
      "DELETE FROM aliases WHERE profile = ?1",
      "DELETE FROM profiles WHERE id = ?1",
    ].map { try connection.prepare($0) }
  }

  /// Removes a profile's rows in every table but those of `Lookup`.
  func deleteRows(of profile: Int64) throws {
    for statement in deletions {
      statement.bind(profile, at: 1)
      try statement.run()
    }
  }
}
