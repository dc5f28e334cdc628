import SQLDatabase
import SyncModel
import Warehouse

/// Where a bastion is, the host key that it must show, and who signs in.
struct SSHBastion: Sendable {
  var host: String
  var port: Int
  var user: String
  /// nil while nobody has confirmed one.
  var hostKey: SSHHostKey?
  /// The credential's public half.
  var publicKey: SSHPublicKey
  var signer: any WarehouseSigner

  /// From a source's settings; nil where they name no bastion.
  ///
  /// Host and user become arguments of `ssh`, so both are checked by a strict grammar (CVE-2023-51385,
  /// reliability.md 5.4).
  /// - Throws: `Failure` `invalid_settings`, `credential_missing`.
  init?(_ settings: [String: String], _ credential: WarehouseCredential?) throws(Failure) {
    guard let host = settings["tunnel_host"] else {
      // The port has a default; what else is set without a host is a slip.
      for name in ["tunnel_user", "tunnel_host_key", "tunnel_credential"]
      where settings[name] != nil {
        throw invalidSettings(
          "setting \"\(name)\" is for a tunnel: set \"tunnel_host\" too, or remove it"
        )
      }
      return nil
    }
    guard PostgreSQLConfiguration.isHost(host) else {
      throw invalidSettings(
        "setting \"tunnel_host\": \"\(host.prefix(80))\" is neither one host name nor one IP address"
      )
    }
    guard let credential, let signer = credential.signer else {
      throw Failure(
        "credential_missing",
        """
        a tunnel needs an SSH key pair: create one with `sluice credential create --type ssh_key_pair` \
        and name it as \"tunnel_credential\"
        """,
        recovery: .needsOperator
      )
    }
    let user = settings["tunnel_user"] ?? credential.username
    guard Self.isUser(user) else {
      throw invalidSettings("setting \"tunnel_user\": \"\(user.prefix(80))\" is no user's name")
    }
    // The vault signs for that user alone.
    guard Array(user.utf8) == Array(credential.username.utf8) else {
      throw invalidSettings(
        """
        setting \"tunnel_user\" is \"\(user)\", but the key pair signs in as \
        \"\(credential.username)\" only: use the same name in both
        """
      )
    }
    guard let publicKey = SSHPublicKey(line: signer.publicKey) else {
      throw Failure(
        "tunnel_key_unreadable",
        "the vault's public key for the tunnel cannot be read",
        recovery: .needsOperator
      )
    }
    if let text = settings["tunnel_host_key"] {
      guard let key = SSHHostKey(text) else {
        throw invalidSettings(
          """
          setting \"tunnel_host_key\" must be a fingerprint such as SHA256:AbC… (43 characters), or a line \
          of known_hosts such as \"ssh-ed25519 AAAA…\"
          """
        )
      }
      hostKey = key
    }
    self.host = host
    port = Int(settings["tunnel_port"] ?? "") ?? 22
    self.user = user
    self.publicKey = publicKey
    self.signer = signer
  }

  var place: String { "\(host):\(port)" }

  /// What useradd(8) makes, capitals and dots too, which directories have.
  private static func isUser(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...64).contains(bytes.count), let first = bytes.first, first != UInt8(ascii: "-") else {
      return false
    }
    return bytes.allSatisfy { byte in
      (48...57).contains(byte) || (97...122).contains(byte | 0x20)
        || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(byte)
    }
  }
}
