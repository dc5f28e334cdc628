import Crypto
import RPC
import SQLDatabase
import SyncModel

/// What a call does to the vault's database: checked against the manifest before, audited, and under
/// the manifest again after, all in one transaction of the database.
final class VaultTransaction {
  let keys: VaultKeys
  let store: CredentialStore
  let connection: any SQLConnection
  let now: Timestamp
  private let peer: PeerIdentity?
  private(set) var manifest: Manifest

  /// - Throws: `Manifest.Refusal`.
  init(
    _ keys: VaultKeys,
    peer: PeerIdentity?,
    now: Timestamp,
    in connection: any SQLConnection
  ) throws {
    self.keys = keys
    self.connection = connection
    self.peer = peer
    self.now = now
    store = CredentialStore(keys)
    manifest = try Manifest.read(keys, in: connection)
  }

  /// For who makes a vault, or fills one from a backup.
  init(
    _ keys: VaultKeys,
    peer: PeerIdentity?,
    now: Timestamp,
    manifest: Manifest,
    in connection: any SQLConnection
  ) {
    self.keys = keys
    self.connection = connection
    self.peer = peer
    self.now = now
    self.manifest = manifest
    store = CredentialStore(keys)
  }

  func find(_ workspace: String, _ name: String) throws -> StoredCredential? {
    try store.find(workspace, name, in: connection)
  }

  func get(_ workspace: String, _ name: String) throws -> StoredCredential {
    try store.get(workspace, name, in: connection)
  }

  /// Appends to the audit log.
  /// - Parameter secret: what was stored or given out; only its digest is kept.
  func audit(
    _ action: AuditAction,
    _ credential: StoredCredential? = nil,
    version: UInt32? = nil,
    purpose: String = "",
    runID: String = "",
    detail: String = "",
    secret: SecretBytes? = nil
  ) throws {
    let record = AuditRecord(
      at: now.nanoseconds,
      role: peer?.role ?? "vault",
      instance: peer?.instance ?? "",
      action: action.rawValue,
      workspace: credential?.workspace ?? "",
      name: credential?.name ?? "",
      version: version ?? credential?.version ?? 0,
      purpose: purpose,
      runID: runID,
      detail: detail,
      digest: try secret.map { try AuditLog.digest(of: $0, keys) } ?? ""
    )
    try AuditLog.append(record, to: &manifest, keys, in: connection)
  }

  /// Counts the generation on and writes the manifest; the last thing in the transaction.
  /// - Parameter keys: the new ones, where the transaction has changed the root key.
  func finish(under keys: VaultKeys? = nil) throws {
    manifest.generation += 1
    try manifest.write(keys ?? self.keys, in: connection)
  }

  /// Skips generations: what was restored must be newer than whatever anybody has seen.
  func skipGenerations(_ count: Int64) { manifest.generation += count }
}
