import Crypto
import Logging
public import RPC
import SQLDatabase
import SyncModel
public import VaultAPI

extension CredentialVault {
  /// The fewest bytes of a passphrase.
  static let shortestPassphrase = 12

  public func getVaultStatus(
    _ request: GetVaultStatusRequest,
    context: ServerContext
  ) async throws -> VaultStatus {
    return try await status(context)
  }

  public func sealVault(
    _ request: SealVaultRequest,
    context: ServerContext
  ) async throws -> VaultStatus {
    if keys != nil {
      try await changing(context) { change in try change.audit(.sealed) }
      become(nil)
      logger.notice("sealed", metadata: ["peer.instance": "\(context.peer?.instance ?? "")"])
    }
    return try await status(context)
  }

  public func unsealVault(
    _ request: UnsealVaultRequest,
    context: ServerContext
  ) async throws -> VaultStatus {
    try await answering(context) {
      guard self.keys == nil else { return }
      if request.create { try Self.checkLength(of: request.passphrase) }
      let secret = try self.unlockSecret(request.passphrase)
      try await self.unseal(with: secret, mayCreate: request.create || self.masterKeySource != nil)
    }
    // Fail-closed: an unsealing that cannot be audited does not count.
    do {
      try await changing(context) { change in try change.audit(.unsealed) }
    } catch {
      become(nil)
      throw error
    }
    return try await status(context)
  }

  func unseal(with secret: UnlockSecret, mayCreate: Bool) async throws {
    let keys = try await VaultUnlocking(secret: secret, world: world)
      .unlock(database, mayCreate: mayCreate)
    become(keys)
    logger.notice("unsealed", metadata: ["vault.id": "\(keys.vaultID)"])
    // A damaged vault is unsealed all the same, so that it can be looked at; no call is answered by it.
    let check = try await database.read { try VaultCheck.run(keys, in: $0) }
    if !check.problems.isEmpty {
      logger.critical("the vault is damaged", metadata: ["problems": "\(check.problems)"])
    }
  }

  /// Opens the vault again with the master key in memory: the root key is another one now.
  func reopen(_ keys: VaultKeys) async throws -> VaultKeys {
    do {
      let reopened = try await database.read { [world] connection in
        // The slot's own key: of a passphrase too, whose scrypt was done once.
        try VaultUnlocking(secret: .key(keys.masterKey), world: world)
          .reopen(keys, in: connection)
      }
      become(reopened)
      return reopened
    } catch {
      become(nil)
      throw error
    }
  }

  /// What `passphrase` or the configuration says.
  func unlockSecret(_ passphrase: [UInt8]) throws -> UnlockSecret {
    if !passphrase.isEmpty { return .passphrase(SecretBytes(passphrase)) }
    guard let masterKeySource else {
      throw RPCError.invalid(
        "this vault has no configured master key: give its passphrase",
        reason: "passphrase_needed"
      )
    }
    return .key(try masterKeySource.load())
  }

  static func checkLength(of passphrase: [UInt8]) throws(RPCError) {
    guard passphrase.isEmpty || shortestPassphrase...1024 ~= passphrase.count else {
      throw .invalid(
        "a passphrase has \(shortestPassphrase) to 1024 bytes, not \(passphrase.count)",
        reason: "invalid_passphrase"
      )
    }
  }

  func status(_ context: ServerContext) async throws -> VaultStatus {
    var status = VaultStatus(
      sealed: keys == nil,
      masterKeySource: masterKeySource?.name ?? "passphrase",
      store: settings.store
    )
    guard let keys else {
      status.vaultId = try await answering(context) {
        try await self.database.read { try VaultUnlocking.vaultID(in: $0) } ?? ""
      }
      return status
    }
    let found = try await reading(context) { view in
      (
        manifest: view.manifest, slots: try UnlockSlot.all(in: view.connection),
        credentials: try view.connection.first(
          "SELECT COUNT(*) FROM credential",
          []
        ) { $0.int64(0) } ?? 0
      )
    }
    status.vaultId = keys.vaultID
    status.generation = UInt64(clamping: found.manifest.generation)
    status.rootId = UInt32(clamping: keys.root.id)
    status.slots = found.slots.map { slot in
      VaultSlot(
        number: UInt32(clamping: slot.number),
        kind: slot.kind.rawValue,
        createdAt: slot.createdAt,
        inUse: slot.number == keys.slot.number
      )
    }
    status.credentials = UInt64(clamping: found.credentials)
    status.auditEntries = UInt64(clamping: found.manifest.auditSeq)
    status.auditHead = Hex.decode(Array(found.manifest.auditHead.utf8)) ?? []
    return status
  }
}
