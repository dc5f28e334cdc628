import Crypto
import RPC
import SQLDatabase
import VaultAPI

/// Reads and writes credentials inside a transaction, and believes no row whose MAC is wrong.
struct CredentialStore: Sendable {
  let vaultID: String
  let root: RootKey

  /// The credential of that name, or nil.
  func find(
    _ workspace: String,
    _ name: String,
    in connection: any SQLConnection
  ) throws -> StoredCredential? {
    try connection.first(
      Self.select + " WHERE c.workspace = ?1 AND c.name = ?2",
      [.text(workspace), .text(name)]
    ) { try stored($0) }
  }

  /// The next `limit` credentials of a workspace after `name`, by name.
  func page(
    of workspace: String,
    after name: String,
    limit: Int,
    in connection: any SQLConnection
  ) throws -> [StoredCredential] {
    try connection.rows(
      Self.select + " WHERE c.workspace = ?1 AND c.name > ?2 ORDER BY c.name LIMIT ?3",
      [.text(workspace), .text(name), .integer(Int64(limit))]
    ) { try stored($0) }
  }

  /// Decrypts the secret in force.
  func secret(
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws -> SecretBytes {
    let sealed = try connection.first(
      """
      SELECT root_id, key_salt, key_nonce, wrapped_key, nonce, ciphertext FROM secret_version
      WHERE workspace = ?1 AND name = ?2 AND version = ?3
      """,
      Self.key(credential)
    ) { row in
      SealedSecret(
        rootID: row.int64(0),
        wrappedKey: SealedBytes(salt: row.blob(1), nonce: row.blob(2), ciphertext: row.blob(3)),
        nonce: row.blob(4),
        ciphertext: row.blob(5)
      )
    }
    do {
      guard let sealed else { throw CryptoError(.authentication, "the secret is missing") }
      return try sealed.open(under: root, for: credential.secretFields(vaultID: vaultID))
    } catch {
      throw RPCError.damaged(credential.workspace, credential.name, cause: error)
    }
  }

  /// Writes the credential's own row, new or changed.
  func save(_ credential: StoredCredential, in connection: any SQLConnection) throws {
    try connection.execute(
      """
      INSERT INTO credential
        (workspace, name, kind, username, version, created_at, updated_at, row_mac)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (workspace, name) DO UPDATE SET username = excluded.username,
        version = excluded.version, updated_at = excluded.updated_at, row_mac = excluded.row_mac
      """,
      [
        .text(credential.workspace), .text(credential.name), .text(credential.kind.name ?? ""),
        .text(credential.username), .integer(Int64(credential.version)),
        .integer(credential.createdAt), .integer(credential.updatedAt),
        .blob(try root.authenticate(credential.rowFields(vaultID: vaultID))),
      ]
    )
  }

  /// Seals `secret` as the version in force, and destroys the ones before it: a password that was
  /// replaced is of no use to anybody but a thief. The credential's row must be there.
  func saveSecret(
    _ secret: SecretBytes,
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws {
    let sealed = try SealedSecret(
      sealing: secret,
      under: root,
      for: credential.secretFields(vaultID: vaultID)
    )
    try connection.execute(
      """
      INSERT INTO secret_version (workspace, name, version, key_bits, public_key, fingerprint,
        root_id, key_salt, key_nonce, wrapped_key, nonce, ciphertext, created_at, row_mac)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
      """,
      Self.key(credential) + [
        .integer(credential.keyBits), .text(credential.publicKey), .text(credential.fingerprint),
        .integer(sealed.rootID), .blob(sealed.wrappedKey.salt), .blob(sealed.wrappedKey.nonce),
        .blob(sealed.wrappedKey.ciphertext), .blob(sealed.nonce), .blob(sealed.ciphertext),
        .integer(credential.versionCreatedAt),
        .blob(try root.authenticate(credential.versionRowFields(vaultID: vaultID))),
      ]
    )
    try connection.execute(
      "DELETE FROM secret_version WHERE workspace = ?1 AND name = ?2 AND version <> ?3",
      Self.key(credential)
    )
  }

  private static func key(_ credential: StoredCredential) -> [SQLValue] {
    [.text(credential.workspace), .text(credential.name), .integer(Int64(credential.version))]
  }

  // LEFT JOIN: a credential whose secret was deleted is damaged, not absent.
  private static let select = """
    SELECT c.workspace, c.name, c.kind, c.username, c.version, c.created_at, c.updated_at,
      c.row_mac, v.created_at, v.key_bits, v.public_key, v.fingerprint, v.row_mac
    FROM credential c LEFT JOIN secret_version v
      ON v.workspace = c.workspace AND v.name = c.name AND v.version = c.version
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
      versionCreatedAt: row.int64(8),
      keyBits: row.int64(9),
      publicKey: row.string(10),
      fingerprint: row.string(11)
    )
    guard try root.verify(row.blob(7), stored.rowFields(vaultID: vaultID)),
      try root.verify(row.blob(12), stored.versionRowFields(vaultID: vaultID))
    else { throw RPCError.damaged(workspace, name) }
    return stored
  }
}
