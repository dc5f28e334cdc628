import Crypto
import VaultAPI

/// A credential as its two rows say, with the fields that its seals are bound to.
struct StoredCredential: Sendable, Equatable {
  var workspace: String
  var name: String
  var kind: CredentialKind
  var username: String
  /// Of the secret in force.
  var version: UInt32
  /// Nanoseconds since 1970 UTC, as all the times here.
  var createdAt: Int64
  var updatedAt: Int64
  /// When the version in force was made.
  var versionCreatedAt: Int64
  /// 0 for a password.
  var keyBits: Int64 = 0
  var publicKey = ""
  var fingerprint = ""

  var credential: Credential {
    Credential(
      workspace: workspace,
      name: name,
      type: kind,
      username: username,
      version: version,
      publicKey: publicKey,
      fingerprint: fingerprint,
      createdAt: createdAt,
      updatedAt: updatedAt
    )
  }

  /// What the secret is sealed for: a row that is moved, renamed or given another version does not
  /// open.
  func secretFields(vaultID: String) -> CanonicalFields {
    var fields = place("secret", vaultID)
    fields.append(Int64(version))
    fields.append(kind.name ?? "")
    fields.append(versionCreatedAt)
    return fields
  }

  /// The columns of `credential`.
  func rowFields(vaultID: String) -> CanonicalFields {
    var fields = place("credential row", vaultID)
    fields.append(kind.name ?? "")
    fields.append(username)
    fields.append(Int64(version))
    fields.append(createdAt)
    fields.append(updatedAt)
    return fields
  }

  /// The columns of `secret_version` that are neither encrypted nor part of the encryption. A public
  /// key that somebody exchanged would end up at the warehouse.
  func versionRowFields(vaultID: String) -> CanonicalFields {
    var fields = place("secret version row", vaultID)
    fields.append(Int64(version))
    fields.append(keyBits)
    fields.append(publicKey)
    fields.append(fingerprint)
    fields.append(versionCreatedAt)
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
