import Crypto
import RPC
import SQLDatabase
import VaultAPI

extension CredentialStore {
  /// The versions of a credential's secret, the newest first.
  func secrets(
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws -> [StoredSecret] {
    try connection.rows(
      """
      SELECT version, state, slot, key_bits, public_key, fingerprint, created_at, changed_at,
        retire_at, row_mac FROM secret_version WHERE workspace = ?1 AND name = ?2
      ORDER BY version DESC
      """,
      [.text(credential.workspace), .text(credential.name)]
    ) { row in
      guard let version = UInt32(exactly: row.int64(0)), let state = KeyState(name: row.string(1)),
        let slot = UInt32(exactly: row.int64(2))
      else { throw RPCError.damaged(credential.workspace, credential.name) }
      let secret = StoredSecret(
        version: version,
        state: state,
        slot: slot,
        keyBits: row.int64(3),
        publicKey: row.string(4),
        fingerprint: row.string(5),
        createdAt: row.int64(6),
        changedAt: row.int64(7),
        retireAt: row.int64(8)
      )
      guard
        try root.verify(row.blob(9), credential.rowFields(of: secret, vaultID: vaultID))
      else { throw RPCError.damaged(credential.workspace, credential.name) }
      return secret
    }
  }

  /// Decrypts one version of a credential's secret.
  /// - Throws: DATA_LOSS when it does not open; it must not be destroyed.
  func open(
    _ secret: StoredSecret,
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws -> SecretBytes {
    do {
      return try sealed(secret, of: credential, in: connection)
        .open(under: root, for: credential.sealFields(of: secret, vaultID: vaultID))
    } catch let error as CryptoError {
      throw RPCError.damaged(credential.workspace, credential.name, cause: error)
    }
  }

  /// Decrypts the secret in force.
  func openCurrent(
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws -> SecretBytes {
    guard let current = credential.current else {
      throw RPCError.damaged(credential.workspace, credential.name)
    }
    return try open(current, of: credential, in: connection)
  }

  /// Seals `payload` as a new version. The credential's row must be there.
  func add(
    _ secret: StoredSecret,
    _ payload: SecretBytes,
    to credential: StoredCredential,
    in connection: any SQLConnection
  ) throws {
    let sealed = try SealedSecret(
      sealing: payload,
      under: root,
      for: credential.sealFields(of: secret, vaultID: vaultID)
    )
    try VaultTable.secrets.insert(
      [
        .text(credential.workspace), .text(credential.name), .integer(Int64(secret.version)),
        .integer(secret.keyBits), .text(secret.publicKey), .text(secret.fingerprint),
      ] + sealed.columns + [
        .integer(secret.createdAt), .blob(try mac(of: secret, of: credential)),
        .text(secret.state.name), .integer(Int64(secret.slot)), .integer(secret.changedAt),
        .integer(secret.retireAt),
      ],
      in: connection
    )
  }

  /// Writes what changes in a version: its state and times. A destroyed one loses its ciphertext,
  /// and with it the only copy of the private key.
  func update(
    _ secret: StoredSecret,
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws {
    let key = Self.key(secret, credential)
    try connection.execute(
      """
      UPDATE secret_version SET state = ?4, changed_at = ?5, retire_at = ?6, row_mac = ?7
      WHERE workspace = ?1 AND name = ?2 AND version = ?3
      """,
      key + [
        .text(secret.state.name), .integer(secret.changedAt), .integer(secret.retireAt),
        .blob(try mac(of: secret, of: credential)),
      ]
    )
    guard secret.state == .destroyed else { return }
    try connection.execute(
      """
      UPDATE secret_version SET key_salt = ?4, key_nonce = ?4, wrapped_key = ?4, nonce = ?4,
        ciphertext = ?4 WHERE workspace = ?1 AND name = ?2 AND version = ?3
      """,
      key + [.blob([])]
    )
  }

  /// Removes every version but `version`: a password that was replaced is of no use to anybody but a
  /// thief.
  func removeAllSecrets(
    of credential: StoredCredential,
    but version: UInt32,
    in connection: any SQLConnection
  ) throws {
    try connection.execute(
      "DELETE FROM secret_version WHERE workspace = ?1 AND name = ?2 AND version <> ?3",
      [.text(credential.workspace), .text(credential.name), .integer(Int64(version))]
    )
  }

  /// Seals every secret anew under `newRoot`, with the MACs of all rows.
  func rewrap(
    _ credential: StoredCredential,
    under newStore: CredentialStore,
    in connection: any SQLConnection
  ) throws {
    try newStore.save(credential, in: connection)
    for secret in credential.secrets {
      try connection.execute(
        """
        UPDATE secret_version SET row_mac = ?4 WHERE workspace = ?1 AND name = ?2 AND version = ?3
        """,
        Self.key(secret, credential) + [.blob(try newStore.mac(of: secret, of: credential))]
      )
      guard secret.state != .destroyed else { continue }
      let sealed = try sealed(secret, of: credential, in: connection)
        .rewrapped(
          from: root,
          to: newStore.root,
          for: credential.sealFields(of: secret, vaultID: vaultID)
        )
      try connection.execute(
        """
        UPDATE secret_version SET root_id = ?4, key_salt = ?5, key_nonce = ?6, wrapped_key = ?7
        WHERE workspace = ?1 AND name = ?2 AND version = ?3
        """,
        Self.key(secret, credential) + sealed.columns.prefix(4)
      )
    }
  }

  private func sealed(
    _ secret: StoredSecret,
    of credential: StoredCredential,
    in connection: any SQLConnection
  ) throws -> SealedSecret {
    let sealed = try connection.first(
      """
      SELECT root_id, key_salt, key_nonce, wrapped_key, nonce, ciphertext FROM secret_version
      WHERE workspace = ?1 AND name = ?2 AND version = ?3
      """,
      Self.key(secret, credential)
    ) { SealedSecret($0) }
    guard let sealed else { throw RPCError.damaged(credential.workspace, credential.name) }
    return sealed
  }

  private func mac(of secret: StoredSecret, of credential: StoredCredential) throws -> [UInt8] {
    try root.authenticate(credential.rowFields(of: secret, vaultID: vaultID))
  }

  private static func key(_ secret: StoredSecret, _ credential: StoredCredential) -> [SQLValue] {
    [.text(credential.workspace), .text(credential.name), .integer(Int64(secret.version))]
  }
}

extension SealedSecret {
  /// From the columns in the order of `columns`.
  init(_ row: any SQLRow, from first: Int = 0) {
    self.init(
      rootID: row.int64(first),
      wrappedKey: SealedBytes(
        salt: row.blob(first + 1),
        nonce: row.blob(first + 2),
        ciphertext: row.blob(first + 3)
      ),
      nonce: row.blob(first + 4),
      ciphertext: row.blob(first + 5)
    )
  }

  /// `root_id`, `key_salt`, `key_nonce`, `wrapped_key`, `nonce`, `ciphertext`.
  var columns: [SQLValue] {
    [
      .integer(rootID), .blob(wrappedKey.salt), .blob(wrappedKey.nonce),
      .blob(wrappedKey.ciphertext), .blob(nonce), .blob(ciphertext),
    ]
  }
}
