import Crypto

/// What an unsealed vault holds in memory; sealing it lets them go.
struct VaultKeys: Sendable {
  let vaultID: String
  /// Which slot opened, and the key that opened it: a change of the root key is wrapped with it.
  let slot: UnlockSlot
  let masterKey: MasterKey
  let root: RootKey
  /// Chains the audit log. A key of its own, not derived from the root key: the log outlives that.
  let auditKey: SecretBytes
}

/// What a vault is unlocked with.
enum UnlockSecret: Sendable {
  case key(MasterKey)
  case passphrase(SecretBytes)

  var kind: UnlockSlot.Kind {
    switch self {
    case .key: .key
    case .passphrase: .passphrase
    }
  }

  /// The key that may open `slot`; nil when the slot is of another kind. Of a passphrase this takes
  /// a tenth of a second and more.
  func masterKey(for slot: UnlockSlot) throws -> MasterKey? {
    switch (self, slot.kind) {
    case (.key(let key), .key): key
    case (.passphrase(let text), .passphrase):
      try slot.scrypt.map { try MasterKey($0.derive(from: text)) }
    default: nil
    }
  }
}
