import VaultAPI

/// A credential as a command or a YAML document describes it.
struct CredentialManifest: Sendable, Equatable {
  var name: String
  var type: CredentialKind
  var username = ""
  var secret: SecretText?
  /// Of an encrypted private key.
  var passphrase: SecretText?
  /// 0 leaves it to the vault.
  var keyBits: UInt32 = 0
  /// Empty leaves it to the vault.
  var algorithm = ""

  /// What a type's secret is; nil where the vault makes it itself.
  static func secret(of type: CredentialKind) -> String? {
    switch type {
    case .password: "the password"
    case .serviceAccount: "the key file (JSON) of the Google service account"
    case .token: "the token"
    case .oauthClient: "the client's secret"
    case .apiKey: "the API key"
    case .smtp: "the password at the mail server"
    case .keyPair, .sshKeyPair, .unspecified: nil
    }
  }

  /// What is wrong with a combination of fields that are each right; `names` are the words that the
  /// user wrote them under.
  static func problem(
    _ type: CredentialKind,
    has secret: Bool,
    passphrase: Bool,
    keyBits: Bool,
    algorithm: String?,
    names: (secret: String, passphrase: String, keyBits: String, algorithm: String)
  ) -> String? {
    let word = type.name ?? ""
    if let wanted = Self.secret(of: type), !secret {
      return "a \(word) needs \(names.secret), the file of \(wanted), or - for standard input"
    }
    if type == .sshKeyPair, secret {
      return "an ssh_key_pair has no \(names.secret): the vault makes the pair itself"
    }
    if passphrase, type != .keyPair || !secret {
      return "\(names.passphrase) is for a key_pair whose private key is taken from \(names.secret)"
    }
    if keyBits, !type.isPair { return "\(names.keyBits) is for key pairs only" }
    if keyBits, secret { return "\(names.keyBits) is for a pair that the vault makes itself" }
    if let algorithm {
      if type != .sshKeyPair { return "\(names.algorithm) is for an ssh_key_pair only" }
      if !["ed25519", "rsa"].contains(algorithm) {
        return "\(names.algorithm) must be ed25519 or rsa, not \"\(algorithm)\""
      }
    }
    if type == .sshKeyPair, keyBits, algorithm != "rsa" {
      return "\(names.keyBits) is for \(names.algorithm) rsa"
    }
    return nil
  }
}

/// A secret on its way to the vault; it prints as dots.
struct SecretText: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  let bytes: [UInt8]
  var description: String { "•••" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
