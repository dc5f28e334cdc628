import Crypto
import RPC
import SQLDatabase
import VaultAPI

/// Reads and writes credentials inside a transaction, and believes no row whose MAC is wrong.
struct CredentialStore: Sendable {
  let vaultID: String
  let root: RootKey

  init(_ keys: VaultKeys) {
    vaultID = keys.vaultID
    root = keys.root
  }

  /// The credential of that name, or nil.
  func find(
    _ workspace: String,
    _ name: String,
    in connection: any SQLConnection
  ) throws -> StoredCredential? {
    try connection.first(
      Self.select + " WHERE workspace = ?1 AND name = ?2",
      [.text(workspace), .text(name)]
    ) { try stored($0) }.map { try complete($0, in: connection) }
  }

  /// As `find`. - Throws: NOT_FOUND.
  func get(
    _ workspace: String,
    _ name: String,
    in connection: any SQLConnection
  ) throws -> StoredCredential {
    guard let found = try find(workspace, name, in: connection) else {
      throw RPCError.noCredential(workspace, name)
    }
    return found
  }

  /// The next `limit` credentials of a workspace after `name`, by name.
  func page(
    of workspace: String,
    after name: String,
    limit: Int,
    in connection: any SQLConnection
  ) throws -> [StoredCredential] {
    try connection.rows(
      Self.select + " WHERE workspace = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
      [.text(workspace), .text(name), .integer(Int64(limit))]
    ) { try stored($0) }.map { try complete($0, in: connection) }
  }

  /// Every credential there is, for who goes through all.
  func all(in connection: any SQLConnection) throws -> [StoredCredential] {
    try connection.rows(Self.select + " ORDER BY workspace, name") { try stored($0) }
      .map { try complete($0, in: connection) }
  }

  /// Writes the credential's own row, new or changed.
  func save(_ credential: StoredCredential, in connection: any SQLConnection) throws {
    try connection.execute(
      """
      INSERT INTO credential
        (workspace, name, kind, username, version, created_at, updated_at, row_mac, details)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      ON CONFLICT (workspace, name) DO UPDATE SET username = excluded.username,
        version = excluded.version, updated_at = excluded.updated_at, row_mac = excluded.row_mac,
        details = excluded.details
      """,
      [
        .text(credential.workspace), .text(credential.name), .text(credential.kind.name ?? ""),
        .text(credential.username), .integer(Int64(credential.version)),
        .integer(credential.createdAt), .integer(credential.updatedAt),
        .blob(try root.authenticate(credential.rowFields(vaultID: vaultID))),
        .text(credential.detailsText),
      ]
    )
  }

  /// Removes the credential with everything that hangs from it.
  func delete(_ credential: StoredCredential, in connection: any SQLConnection) throws {
    let place: [SQLValue] = [.text(credential.workspace), .text(credential.name)]
    try handOnClaims(of: credential, in: connection)
    for table in ["secret_version", "holder", "credential"] {
      try connection.execute("DELETE FROM \(table) WHERE workspace = ?1 AND name = ?2", place)
    }
  }

  private static let select = """
    SELECT workspace, name, kind, username, version, created_at, updated_at, row_mac, details
    FROM credential
    """

  private func stored(_ row: any SQLRow) throws -> StoredCredential {
    let (workspace, name) = (row.string(0), row.string(1))
    guard let kind = CredentialKind(name: row.string(2)),
      let version = UInt32(exactly: row.int64(4))
    else { throw RPCError.damaged(workspace, name) }
    let stored = StoredCredential(
      workspace: workspace,
      name: name,
      kind: kind,
      username: row.string(3),
      version: version,
      createdAt: row.int64(5),
      updatedAt: row.int64(6),
      details: StoredCredential.details(row.string(8))
    )
    guard try root.verify(row.blob(7), stored.rowFields(vaultID: vaultID)),
      stored.detailsText == row.string(8)
    else { throw RPCError.damaged(workspace, name) }
    return stored
  }

  private func complete(
    _ credential: StoredCredential,
    in connection: any SQLConnection
  ) throws -> StoredCredential {
    var credential = credential
    credential.secrets = try secrets(of: credential, in: connection)
    credential.holders = try holders(of: credential, in: connection)
    guard credential.current != nil else {
      throw RPCError.damaged(credential.workspace, credential.name)
    }
    return credential
  }
}
