import Crypto
import VaultAPI

/// A credential as its row says, with its secrets' rows, and the fields that MACs and seals are bound to.
struct StoredCredential: Sendable, Equatable {
  var workspace: String
  var name: String
  var kind: CredentialKind
  var username: String
  /// Of the secret in force: the active key, or the first while none is active.
  var version: UInt32
  /// Nanoseconds since 1970 UTC, as all the times here.
  var createdAt: Int64
  var updatedAt: Int64
  /// What else is known and not secret.
  var details: [String: String] = [:]
  /// Every version, the newest first.
  var secrets: [StoredSecret] = []
  var holders: [String] = []

  /// The secret in force.
  var current: StoredSecret? { secret(version) }

  func secret(_ version: UInt32) -> StoredSecret? { secrets.first { $0.version == version } }

  /// The key that is to be the next one: not yet active, not destroyed.
  var next: StoredSecret? { secrets.first { $0.version > version && $0.state.isNext } }

  /// The columns of `credential`.
  func rowFields(vaultID: String) -> CanonicalFields {
    var fields = place("credential row", vaultID)
    fields.append(kind.name ?? "")
    fields.append(username)
    fields.append(Int64(version))
    fields.append(createdAt)
    fields.append(updatedAt)
    if !details.isEmpty { fields.append(detailsText) }
    return fields
  }

  /// What the details are kept as: a line each, sorted; neither holds a line break.
  var detailsText: String {
    details.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
  }

  static func details(_ text: String) -> [String: String] {
    var details: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      details[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    return details
  }

  /// What a version's secret is sealed for: a row that is moved, renamed, re-slotted or given another
  /// version does not open.
  func sealFields(of secret: StoredSecret, vaultID: String) -> CanonicalFields {
    var fields = place("secret", vaultID)
    fields.append(Int64(secret.version))
    fields.append(kind.name ?? "")
    fields.append(secret.createdAt)
    // The first slot is left out: so it was before there were two.
    if secret.slot != 1 { fields.append(Int64(secret.slot)) }
    return fields
  }

  /// The columns of `secret_version` that are neither encrypted nor part of the encryption. A public
  /// key that somebody exchanged would end up at the warehouse.
  func rowFields(of secret: StoredSecret, vaultID: String) -> CanonicalFields {
    var fields = place("secret version row", vaultID)
    fields.append(Int64(secret.version))
    fields.append(secret.keyBits)
    fields.append(secret.publicKey)
    fields.append(secret.fingerprint)
    fields.append(secret.createdAt)
    // All or none, none while they are as they were before there were any.
    if secret.state != .active || secret.slot != 1 || secret.changedAt != 0 || secret.retireAt != 0
    {
      fields.append(secret.state.name)
      fields.append(Int64(secret.slot))
      fields.append(secret.changedAt)
      fields.append(secret.retireAt)
    }
    return fields
  }

  private func place(_ purpose: StaticString, _ vaultID: String) -> CanonicalFields {
    var fields = CanonicalFields(purpose)
    fields.append(vaultID)
    fields.append(workspace)
    fields.append(name)
    return fields
  }
}

/// One version of a secret, as its row says.
struct StoredSecret: Sendable, Equatable {
  var version: UInt32
  var state: KeyState
  /// Which of a Snowflake user's two public keys; 1 for everything else.
  var slot: UInt32 = 1
  /// 0 for what is no key.
  var keyBits: Int64 = 0
  var publicKey = ""
  var fingerprint = ""
  var createdAt: Int64
  /// When it came into its state; 0 for `createdAt`.
  var changedAt: Int64 = 0
  /// `retiring` only.
  var retireAt: Int64 = 0
}

extension KeyState {
  /// As the database keeps it.
  var name: String { "\(self)" }

  init?(name: String) {
    guard let state = Self.allCases.first(where: { $0.name == name }), state != .unspecified else {
      return nil
    }
    self = state
  }

  /// Made to become the active one, and not it yet.
  var isNext: Bool { self == .pending || self == .published || self == .proven }
}

extension StoredCredential {
  /// As callers see it.
  var credential: Credential {
    let current = current
    return Credential(
      workspace: workspace,
      name: name,
      type: kind,
      username: username,
      version: version,
      publicKey: current?.publicKey ?? "",
      fingerprint: current?.fingerprint ?? "",
      createdAt: createdAt,
      updatedAt: updatedAt,
      keys: kind.isPair ? secrets.map(\.key) : [],
      details: details,
      holders: holders
    )
  }
}

extension StoredSecret {
  fileprivate var key: CredentialKey {
    CredentialKey(
      version: version,
      state: state,
      slot: slot,
      // A pending key must not get to the warehouse: it does not sign yet.
      publicKey: state == .pending ? "" : publicKey,
      fingerprint: fingerprint,
      bits: UInt32(clamping: keyBits),
      createdAt: createdAt,
      changedAt: changedAt == 0 ? createdAt : changedAt,
      retireAt: retireAt
    )
  }
}
