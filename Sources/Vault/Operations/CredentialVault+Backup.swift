import Crypto
import Logging
public import RPC
import SQLDatabase
import SyncModel
public import VaultAPI

extension CredentialVault {
  /// A backup is held in memory while it goes in or out; a vault with a million audit entries has
  /// some 300 MB.
  private static let largestBackup = 512 << 20
  /// How far a restored vault's generation is ahead of its backup's: more than the lost vault can
  /// have counted since, so that nobody who knew that one takes this for a roll-back.
  static let generationsAfterRestore: Int64 = 1_000_000

  public func backupVault(
    _ request: BackupVaultRequest,
    responses: RPCWriter<BackupChunk>,
    context: ServerContext
  ) async throws {
    try await changing(context) { change in try change.audit(.backedUp) }
    let bytes = try await reading(context) { view in
      try VaultBackup.write(from: view.connection)
    }
    for start in stride(from: 0, to: bytes.count, by: 64 << 10) {
      let chunk = bytes[start..<min(start + 64 << 10, bytes.count)]
      try await responses.write(BackupChunk(data: Array(chunk)))
    }
  }

  public func restoreVault(
    _ requests: RPCReader<RestoreVaultRequest>,
    context: ServerContext
  ) async throws -> VaultStatus {
    var bytes: [UInt8] = []
    var passphrase: [UInt8] = []
    while let request = try await requests.next() {
      if !request.passphrase.isEmpty { passphrase = request.passphrase }
      guard bytes.count + request.data.count <= Self.largestBackup else {
        throw RPCError(
          .resourceExhausted,
          "a backup of more than \(Self.largestBackup >> 20) MiB is not restored",
          reason: "backup_too_large"
        )
      }
      bytes += request.data
    }
    let rows = try VaultBackup.read(bytes)
    let keys = try await answering(context) { [rows, passphrase] in
      let secret = try self.unlockSecret(passphrase)
      return try await self.database.transaction { [world = self.world] connection in
        try VaultRestore(rows: rows, unlocking: VaultUnlocking(secret: secret, world: world))
          .run(context.peer, now: world.now(), in: connection)
      }
    }
    become(keys)
    logger.notice("restored from a backup", metadata: ["vault.id": "\(keys.vaultID)"])
    return try await status(context)
  }
}
