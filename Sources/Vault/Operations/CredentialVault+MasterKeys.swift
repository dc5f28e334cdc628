import Crypto
import Logging
public import RPC
import SQLDatabase
import SyncModel
public import VaultAPI

// A master key is changed in two calls, with the installation of the new one between: at every moment
// a key that somebody has opens the vault. Nothing is encrypted anew.
extension CredentialVault {
  public func addMasterKey(
    _ request: AddMasterKeyRequest,
    context: ServerContext
  ) async throws -> VaultStatus {
    guard request.key.isEmpty != request.passphrase.isEmpty else {
      throw RPCError.invalid(
        "give a key or a passphrase, one of them",
        reason: "invalid_master_key"
      )
    }
    try Self.checkLength(of: request.passphrase)
    let secret = try await answering(context) { () -> UnlockSecret in
      request.key.isEmpty
        ? .passphrase(SecretBytes(request.passphrase))
        : .key(try MasterKey(SecretBytes(request.key)))
    }
    try await changing(context) { change in
      let slots = try UnlockSlot.all(in: change.connection)
      guard slots.count == 1, let old = slots.first else {
        throw RPCError(
          .failedPrecondition,
          "a second master key is there already; finish that change first: sluice vault "
            + "rotate-master --finish",
          reason: "master_key_rotation_under_way"
        )
      }
      if let key = try secret.masterKey(for: old),
        (try? old.open(vaultID: change.keys.vaultID, masterKey: key)) != nil
      {
        throw RPCError.invalid("this is the master key already", reason: "same_master_key")
      }
      let (slot, masterKey) = try UnlockSlot.make(
        number: old.number + 1,
        sealing: change.keys.root,
        for: secret,
        vaultID: change.keys.vaultID,
        at: change.now
      )
      // Opened once before anybody relies on it.
      _ = try slot.open(vaultID: change.keys.vaultID, masterKey: masterKey)
      try slot.write(in: change.connection)
      try change.audit(.masterKeyAdded, detail: "slot \(slot.number), a \(slot.kind.rawValue)")
    }
    logger.notice("a second master key unlocks the vault now")
    return try await status(context)
  }

  public func finishMasterKey(
    _ request: FinishMasterKeyRequest,
    context: ServerContext
  ) async throws -> VaultStatus {
    // What the next start would use: asked for anew, so that the key that is kept is one that is there.
    let secret = try await answering(context) { try self.unlockSecret(request.passphrase) }
    let keys = try await changing(context) { [world] change in
      let slots = try UnlockSlot.all(in: change.connection)
      let (opened, _) = try VaultUnlocking(secret: secret, world: world)
        .open(change.keys.vaultID, in: change.connection)
      let newest = slots.map(\.number).max()
      guard slots.count == 1 || opened.slot.number == newest else {
        throw RPCError(
          .failedPrecondition,
          "the vault is still configured with the old master key: install the new one first",
          reason: "old_master_key_configured"
        )
      }
      for slot in slots where slot.number != opened.slot.number {
        try change.connection.execute(
          "DELETE FROM unlock_slot WHERE slot = ?1",
          [.integer(slot.number)]
        )
        try change.audit(.masterKeyFinished, detail: "slot \(slot.number) removed")
      }
      return opened
    }
    become(keys)
    logger.notice("one master key unlocks the vault now", metadata: ["slot": "\(keys.slot.number)"])
    return try await status(context)
  }

  public func rotateRootKey(
    _ request: RotateRootKeyRequest,
    context: ServerContext
  ) async throws -> VaultStatus {
    // `changing` writes the manifest under the key it began with; this ends under another.
    let keys = try await answering(context) {
      guard let keys = self.keys else { throw RPCError.sealed }
      return try await self.database.transaction { [world = self.world] connection in
        let change = try VaultTransaction(
          keys,
          peer: context.peer,
          now: world.now(),
          in: connection
        )
        let new = try RootKeyRotation.run(in: change)
        try change.audit(.rootKeyRotated, detail: "root key \(new.root.id)")
        try change.finish(under: new)
        return new
      }
    }
    become(keys)
    logger.notice("the root key was changed", metadata: ["root.id": "\(keys.root.id)"])
    return try await status(context)
  }
}

/// Wraps everything anew under another root key, in one transaction: a crash leaves the old one or the
/// new one, never both or half.
enum RootKeyRotation {
  static func run(in change: VaultTransaction) throws -> VaultKeys {
    let (old, connection) = (change.keys, change.connection)
    guard try UnlockSlot.all(in: connection).count == 1 else {
      throw RPCError(
        .failedPrecondition,
        "two master keys unlock the vault; finish that change first: sluice vault rotate-master "
          + "--finish",
        reason: "master_key_rotation_under_way"
      )
    }
    let root = try RootKey(
      id: old.root.id + 1,
      secret: RandomBytes.secret(count: AESGCM.keyLength)
    )
    let slot = try UnlockSlot(
      sealing: root.secret,
      rootID: root.id,
      number: old.slot.number,
      createdAt: old.slot.createdAt,
      kind: old.slot.kind,
      scrypt: old.slot.scrypt,
      vaultID: old.vaultID,
      masterKey: old.masterKey
    )
    let new = VaultKeys(
      vaultID: old.vaultID,
      slot: slot,
      masterKey: old.masterKey,
      root: root,
      auditKey: old.auditKey
    )
    let newStore = CredentialStore(new)
    // All are read, and believed, before the first is written.
    let credentials = try change.store.all(in: connection)
    try change.store.rewrapUses(under: newStore, in: connection)
    for credential in credentials {
      try change.store.rewrap(credential, under: newStore, in: connection)
    }
    try VaultKeyStore.rewrap(.audit, from: old.root, to: root, old.vaultID, in: connection)
    try slot.write(in: connection)
    // A second pass believes nothing of the first: everything opens under the new key alone.
    for credential in try newStore.all(in: connection) {
      for secret in credential.secrets where secret.state != .destroyed {
        _ = try newStore.open(secret, of: credential, in: connection)
      }
    }
    return new
  }
}
