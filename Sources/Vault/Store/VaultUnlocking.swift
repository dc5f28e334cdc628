import Crypto
import SQLDatabase
import SyncModel

/// Finds the keys of a database, or makes the first ones.
struct VaultUnlocking: Sendable {
  let secret: UnlockSecret
  let world: World

  /// Unlocks the vault that is there. Its rows are not looked at yet: each call does that, and says so.
  /// - Parameter mayCreate: whether an empty database gets a new vault.
  /// - Throws: `Failure` `wrong_master_key`, `damaged_store` or `vault_not_created`.
  func unlock(_ database: any SQLDatabase, mayCreate: Bool) async throws -> VaultKeys {
    try await database.transaction { connection in
      if let vaultID = try Self.vaultID(in: connection) {
        let (keys, isFirstForm) = try open(vaultID, in: connection)
        return isFirstForm ? try upgrade(keys, in: connection) : keys
      }
      guard mayCreate else {
        throw Failure(
          "vault_not_created",
          "there is no vault yet; make one with: sluice vault unseal --create",
          recovery: .needsOperator
        )
      }
      return try create(in: connection)
    }
  }

  static func vaultID(in connection: any SQLConnection) throws -> String? {
    try connection.first("SELECT vault_id FROM vault_meta", [], { $0.string(0) })
  }

  /// Opens the slot that the secret fits.
  func open(
    _ vaultID: String,
    in connection: any SQLConnection
  ) throws -> (VaultKeys, isFirstForm: Bool) {
    let slots: [UnlockSlot]
    do {
      slots = try UnlockSlot.all(in: connection)
    } catch UnlockSlot.Refusal.damaged {
      throw Self.damaged("an unlock slot was changed")
    }
    guard !slots.isEmpty else { throw Self.damaged("it has no root key") }
    for slot in slots {
      guard let masterKey = try secret.masterKey(for: slot) else { continue }
      guard let (root, isFirstForm) = try Self.root(in: slot, masterKey, vaultID) else { continue }
      let auditKey = isFirstForm ? SecretBytes([]) : try Self.auditKey(root, vaultID, connection)
      let keys = VaultKeys(
        vaultID: vaultID,
        slot: slot,
        masterKey: masterKey,
        root: root,
        auditKey: auditKey
      )
      return (keys, isFirstForm)
    }
    throw Failure("wrong_master_key", wrongKey, recovery: .needsOperator)
  }

  /// Opens the slot that `old` came from again, with the very key that opened it.
  func reopen(_ old: VaultKeys, in connection: any SQLConnection) throws -> VaultKeys {
    let slots = try UnlockSlot.all(in: connection)
    guard let slot = slots.first(where: { $0.number == old.slot.number }),
      let (root, isFirstForm) = try Self.root(in: slot, old.masterKey, old.vaultID), !isFirstForm
    else { throw Failure("wrong_master_key", wrongKey, recovery: .needsOperator) }
    return VaultKeys(
      vaultID: old.vaultID,
      slot: slot,
      masterKey: old.masterKey,
      root: root,
      auditKey: try Self.auditKey(root, old.vaultID, connection)
    )
  }

  private var wrongKey: String {
    switch secret {
    case .key:
      "the master key does not belong to this vault's database; give the key that the vault was "
        + "made with"
    case .passphrase: "the passphrase does not open this vault"
    }
  }

  /// nil when the slot is of another master key.
  private static func root(
    in slot: UnlockSlot,
    _ masterKey: MasterKey,
    _ vaultID: String
  ) throws -> (RootKey, isFirstForm: Bool)? {
    do {
      return (try slot.open(vaultID: vaultID, masterKey: masterKey), false)
    } catch UnlockSlot.Refusal.damaged {
      throw damaged("its root key was changed")
    } catch UnlockSlot.Refusal.wrongMasterKey {
      do {
        return (try slot.openFirstForm(vaultID: vaultID, masterKey: masterKey), true)
      } catch UnlockSlot.Refusal.damaged {
        throw damaged("its root key was changed")
      } catch UnlockSlot.Refusal.wrongMasterKey {
        return nil
      }
    }
  }

  private static func auditKey(
    _ root: RootKey,
    _ vaultID: String,
    _ connection: any SQLConnection
  ) throws -> SecretBytes {
    do {
      guard let key = try VaultKeyStore.open(.audit, root, vaultID, in: connection) else {
        throw damaged("the key of its audit log is missing")
      }
      return key
    } catch is CryptoError {
      throw damaged("the key of its audit log was changed")
    }
  }

  /// A vault of the first release: its slot is sealed anew, and a manifest made of the rows as they
  /// are, each of which has its MAC.
  private func upgrade(
    _ keys: VaultKeys,
    in connection: any SQLConnection
  ) throws -> VaultKeys {
    let (slot, _) = try UnlockSlot.make(
      number: keys.slot.number,
      sealing: keys.root,
      for: secret,
      vaultID: keys.vaultID,
      at: world.now()
    )
    try slot.write(in: connection)
    let upgraded = try Self.complete(keys, slot: slot, in: connection)
    let entries =
      try connection.first("SELECT MAX(seq) FROM audit", [], { $0.int64(0) }) ?? 0
    try begin(upgraded, .vaultUpgraded, auditSeq: entries, in: connection)
    return upgraded
  }

  private func create(in connection: any SQLConnection) throws -> VaultKeys {
    for table in VaultTable.all where table.name != VaultTable.meta.name {
      let isEmpty = try connection.first("SELECT 1 FROM \(table.name)", [], { _ in true }) == nil
      guard isEmpty else { throw Self.damaged("it has lost its identity") }
    }
    let now = world.now()
    let vaultID = world.newID()
    let root = try RootKey(id: 1, secret: RandomBytes.secret(count: AESGCM.keyLength))
    try VaultTable.meta.insert(
      [.integer(1), .text(vaultID), .integer(now.nanoseconds)],
      in: connection
    )
    let (slot, masterKey) = try UnlockSlot.make(
      number: 1,
      sealing: root,
      for: secret,
      vaultID: vaultID,
      at: now
    )
    try slot.write(in: connection)
    let bare = VaultKeys(
      vaultID: vaultID,
      slot: slot,
      masterKey: masterKey,
      root: root,
      auditKey: SecretBytes([])
    )
    let keys = try Self.complete(bare, slot: slot, in: connection)
    try begin(keys, .vaultCreated, auditSeq: 0, in: connection)
    return keys
  }

  /// With a new key for the audit log.
  private static func complete(
    _ keys: VaultKeys,
    slot: UnlockSlot,
    in connection: any SQLConnection
  ) throws -> VaultKeys {
    let auditKey = try RandomBytes.secret(count: AESGCM.keyLength)
    try VaultKeyStore.save(.audit, auditKey, keys.root, keys.vaultID, in: connection)
    return VaultKeys(
      vaultID: keys.vaultID,
      slot: slot,
      masterKey: keys.masterKey,
      root: keys.root,
      auditKey: auditKey
    )
  }

  private func begin(
    _ keys: VaultKeys,
    _ action: AuditAction,
    auditSeq: Int64,
    in connection: any SQLConnection
  ) throws {
    let manifest = Manifest(generation: 0, auditStart: 0, auditSeq: auditSeq, auditHead: "")
    let change = VaultTransaction(
      keys,
      peer: nil,
      now: world.now(),
      manifest: manifest,
      in: connection
    )
    try change.audit(action)
    try change.finish()
  }

  static func damaged(_ what: String) -> Failure {
    Failure(
      "damaged_store",
      "the vault's database is damaged (\(what)); restore it from a backup",
      recovery: .needsOperator
    )
  }
}
