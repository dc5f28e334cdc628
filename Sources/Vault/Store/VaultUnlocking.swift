import Crypto
import SQLDatabase
import SyncModel

/// Finds the root key of a database, or makes the first one.
enum VaultUnlocking {
  /// - Throws: `Failure` `wrong_master_key` or `damaged_store`.
  static func unlock(
    _ database: any SQLDatabase,
    masterKey: MasterKey,
    world: World
  ) async throws -> CredentialStore {
    try await database.transaction { connection in
      if let vaultID = try connection.first("SELECT vault_id FROM vault_meta", [], { $0.string(0) })
      {
        return try open(vaultID, masterKey: masterKey, in: connection)
      }
      return try initialise(masterKey: masterKey, world: world, in: connection)
    }
  }

  private static func open(
    _ vaultID: String,
    masterKey: MasterKey,
    in connection: any SQLConnection
  ) throws -> CredentialStore {
    let slots = try connection.rows(
      """
      SELECT slot, root_id, created_at, root_salt, root_nonce, wrapped_root, canary_salt,
        canary_nonce, canary FROM unlock_slot ORDER BY slot
      """
    ) { row in
      UnlockSlot(
        number: row.int64(0),
        rootID: row.int64(1),
        createdAt: row.int64(2),
        wrappedRoot: SealedBytes(salt: row.blob(3), nonce: row.blob(4), ciphertext: row.blob(5)),
        canary: SealedBytes(salt: row.blob(6), nonce: row.blob(7), ciphertext: row.blob(8))
      )
    }
    guard !slots.isEmpty else { throw damaged("it has no root key") }
    for slot in slots {
      do {
        return CredentialStore(
          vaultID: vaultID,
          root: try slot.open(vaultID: vaultID, masterKey: masterKey)
        )
      } catch UnlockSlot.Refusal.wrongMasterKey {
        continue
      } catch UnlockSlot.Refusal.damaged {
        throw damaged("its root key was changed")
      }
    }
    throw Failure(
      "wrong_master_key",
      "the master key does not belong to this vault's database; give the key that the vault was "
        + "made with",
      recovery: .needsOperator
    )
  }

  private static func initialise(
    masterKey: MasterKey,
    world: World,
    in connection: any SQLConnection
  ) throws -> CredentialStore {
    for table in ["unlock_slot", "credential", "secret_version"] {
      let isEmpty = try connection.first("SELECT 1 FROM \(table)", [], { _ in true }) == nil
      guard isEmpty else { throw damaged("it has lost its identity") }
    }
    let now = world.now().nanoseconds
    let vaultID = world.newID()
    let slot = try UnlockSlot(
      newRoot: 1,
      number: 1,
      createdAt: now,
      vaultID: vaultID,
      masterKey: masterKey
    )
    try connection.execute(
      "INSERT INTO vault_meta (only_row, vault_id, created_at) VALUES (1, ?1, ?2)",
      [.text(vaultID), .integer(now)]
    )
    try connection.execute(
      """
      INSERT INTO unlock_slot (slot, root_id, created_at, root_salt, root_nonce, wrapped_root,
        canary_salt, canary_nonce, canary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """,
      [
        .integer(slot.number), .integer(slot.rootID), .integer(slot.createdAt),
        .blob(slot.wrappedRoot.salt), .blob(slot.wrappedRoot.nonce),
        .blob(slot.wrappedRoot.ciphertext), .blob(slot.canary.salt), .blob(slot.canary.nonce),
        .blob(slot.canary.ciphertext),
      ]
    )
    return CredentialStore(
      vaultID: vaultID,
      root: try slot.open(vaultID: vaultID, masterKey: masterKey)
    )
  }

  private static func damaged(_ what: String) -> Failure {
    Failure(
      "damaged_store",
      "the vault's database is damaged (\(what)); restore it from a backup",
      recovery: .needsOperator
    )
  }
}
