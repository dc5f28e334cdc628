import Crypto
import SQLDatabase

/// Keys of the vault's own that outlive a root key, sealed as secrets are.
enum VaultKeyStore {
  enum Label: String {
    /// Chains the audit log.
    case audit
  }

  /// nil when there is none. - Throws: `CryptoError` when it does not open.
  static func open(
    _ label: Label,
    _ root: RootKey,
    _ vaultID: String,
    in connection: any SQLConnection
  ) throws -> SecretBytes? {
    try sealed(label, in: connection)?.open(under: root, for: fields(label, vaultID))
  }

  static func save(
    _ label: Label,
    _ key: SecretBytes,
    _ root: RootKey,
    _ vaultID: String,
    in connection: any SQLConnection
  ) throws {
    let sealed = try SealedSecret(sealing: key, under: root, for: fields(label, vaultID))
    try VaultTable.keys.insert([.text(label.rawValue)] + sealed.columns, in: connection)
  }

  /// Wraps the key anew, under `newRoot`.
  static func rewrap(
    _ label: Label,
    from root: RootKey,
    to newRoot: RootKey,
    _ vaultID: String,
    in connection: any SQLConnection
  ) throws {
    guard let sealed = try sealed(label, in: connection) else { return }
    let rewrapped = try sealed.rewrapped(from: root, to: newRoot, for: fields(label, vaultID))
    try connection.execute("DELETE FROM vault_key WHERE label = ?1", [.text(label.rawValue)])
    try VaultTable.keys.insert([.text(label.rawValue)] + rewrapped.columns, in: connection)
  }

  private static func sealed(
    _ label: Label,
    in connection: any SQLConnection
  ) throws -> SealedSecret? {
    try connection.first(
      """
      SELECT root_id, key_salt, key_nonce, wrapped_key, nonce, ciphertext FROM vault_key
      WHERE label = ?1
      """,
      [.text(label.rawValue)]
    ) { SealedSecret($0) }
  }

  private static func fields(_ label: Label, _ vaultID: String) -> CanonicalFields {
    var fields = CanonicalFields("vault key")
    fields.append(vaultID)
    fields.append(label.rawValue)
    return fields
  }
}
