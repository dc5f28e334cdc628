import Crypto
import RPC
import SQLDatabase

// Who uses what: syncs hold credentials (R144), Snowflake users belong to workspaces (R146).
extension CredentialStore {
  /// The syncs that hold the credential, by name.
  func holders(
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws -> [String] {
    try connection.rows(
      """
      SELECT holder, since, row_mac FROM holder WHERE workspace = ?1 AND name = ?2 ORDER BY holder
      """,
      [.text(credential.workspace), .text(credential.name)]
    ) { row in
      let holder = row.string(0)
      let fields = holderFields(credential, holder, since: row.int64(1))
      guard try root.verify(row.blob(2), fields) else {
        throw RPCError.damaged(credential.workspace, credential.name)
      }
      return holder
    }
  }

  func hold(
    _ credential: StoredCredential,
    by holder: String,
    since: Int64,
    in connection: any SQLConnection
  ) throws {
    try connection.execute(
      """
      INSERT INTO holder (workspace, name, holder, since, row_mac) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (workspace, name, holder) DO UPDATE SET since = excluded.since,
        row_mac = excluded.row_mac
      """,
      [
        .text(credential.workspace), .text(credential.name), .text(holder), .integer(since),
        .blob(try root.authenticate(holderFields(credential, holder, since: since))),
      ]
    )
  }

  func drop(
    _ credential: StoredCredential,
    by holder: String,
    in connection: any SQLConnection
  ) throws {
    try connection.execute(
      "DELETE FROM holder WHERE workspace = ?1 AND name = ?2 AND holder = ?3",
      [.text(credential.workspace), .text(credential.name), .text(holder)]
    )
  }

  /// Takes a Snowflake user for the credential's workspace, unless it is taken.
  /// - Throws: FAILED_PRECONDITION `snowflake_user_taken`; the other workspace is not named.
  func claim(
    _ user: SnowflakeUser,
    for credential: StoredCredential,
    at: Int64,
    in connection: any SQLConnection
  ) throws {
    let owner = try connection.first(
      """
      SELECT workspace, name, claimed_at, row_mac FROM snowflake_user
      WHERE account = ?1 AND username = ?2
      """,
      [.text(user.account), .text(user.name)]
    ) { row in
      let owner = (workspace: row.string(0), name: row.string(1))
      guard try root.verify(row.blob(3), claimFields(user, owner, at: row.int64(2))) else {
        throw RPCError.damaged(credential.workspace, credential.name)
      }
      return owner
    }
    if let owner {
      guard owner.workspace == credential.workspace else {
        throw RPCError(
          .failedPrecondition,
          "Snowflake's user \(user.name) of account \(user.account) is used by another workspace; "
            + "make a user of its own for workspace \"\(credential.workspace)\"",
          reason: "snowflake_user_taken"
        )
      }
      return
    }
    try write(user, (credential.workspace, credential.name), at: at, in: connection)
  }

  /// Lets the Snowflake users of a credential go that is deleted. A user that another key pair of the
  /// workspace signs in as stays with the workspace (R146).
  func handOnClaims(of credential: StoredCredential, in connection: any SQLConnection) throws {
    let claims = try connection.rows(
      """
      SELECT account, username, claimed_at, row_mac FROM snowflake_user
      WHERE workspace = ?1 AND name = ?2
      """,
      [.text(credential.workspace), .text(credential.name)]
    ) { row in
      let user = SnowflakeUser(account: row.string(0), name: row.string(1))
      let owner = (workspace: credential.workspace, name: credential.name)
      guard try root.verify(row.blob(3), claimFields(user, owner, at: row.int64(2))) else {
        throw RPCError.damaged(credential.workspace, credential.name)
      }
      return (user, row.int64(2))
    }
    guard !claims.isEmpty else { return }
    let others = try connection.rows(
      """
      SELECT name, username FROM credential
      WHERE workspace = ?1 AND name <> ?2 AND kind = 'key_pair' ORDER BY name
      """,
      [.text(credential.workspace), .text(credential.name)]
    ) { (name: $0.string(0), login: Array($0.string(1).uppercased().utf8)) }
    for (user, claimedAt) in claims {
      try connection.execute(
        "DELETE FROM snowflake_user WHERE account = ?1 AND username = ?2",
        [.text(user.account), .text(user.name)]
      )
      guard let heir = others.first(where: { $0.login == Array(user.name.utf8) }) else { continue }
      try write(user, (credential.workspace, heir.name), at: claimedAt, in: connection)
    }
  }

  /// Writes the MACs of holders and claims anew, under `newStore`'s root key.
  func rewrapUses(under newStore: CredentialStore, in connection: any SQLConnection) throws {
    for credential in try all(in: connection) {
      let since = try connection.rows(
        "SELECT holder, since FROM holder WHERE workspace = ?1 AND name = ?2",
        [.text(credential.workspace), .text(credential.name)]
      ) { ($0.string(0), $0.int64(1)) }
      for (holder, since) in since {
        try newStore.hold(credential, by: holder, since: since, in: connection)
      }
    }
    let claims = try connection.rows(
      "SELECT account, username, workspace, name, claimed_at, row_mac FROM snowflake_user"
    ) { row in
      let user = SnowflakeUser(account: row.string(0), name: row.string(1))
      let owner = (workspace: row.string(2), name: row.string(3))
      guard try root.verify(row.blob(5), claimFields(user, owner, at: row.int64(4))) else {
        throw RPCError.damaged(owner.workspace, owner.name)
      }
      return (user, owner, row.int64(4))
    }
    for (user, owner, at) in claims { try newStore.write(user, owner, at: at, in: connection) }
  }

  private func write(
    _ user: SnowflakeUser,
    _ owner: (workspace: String, name: String),
    at: Int64,
    in connection: any SQLConnection
  ) throws {
    try connection.execute(
      """
      INSERT INTO snowflake_user (account, username, workspace, name, claimed_at, row_mac)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (account, username) DO UPDATE SET row_mac = excluded.row_mac
      """,
      [
        .text(user.account), .text(user.name), .text(owner.workspace), .text(owner.name),
        .integer(at), .blob(try root.authenticate(claimFields(user, owner, at: at))),
      ]
    )
  }

  private func holderFields(
    _ credential: StoredCredential,
    _ holder: String,
    since: Int64
  ) -> CanonicalFields {
    var fields = CanonicalFields("holder row")
    fields.append(vaultID)
    fields.append(credential.workspace)
    fields.append(credential.name)
    fields.append(holder)
    fields.append(since)
    return fields
  }

  private func claimFields(
    _ user: SnowflakeUser,
    _ owner: (workspace: String, name: String),
    at: Int64
  ) -> CanonicalFields {
    var fields = CanonicalFields("snowflake user row")
    fields.append(vaultID)
    fields.append(user.account)
    fields.append(user.name)
    fields.append(owner.workspace)
    fields.append(owner.name)
    fields.append(at)
    return fields
  }
}
