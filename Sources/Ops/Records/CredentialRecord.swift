import VaultAPI

/// A credential as it is printed; the vault never sends the secret.
extension Record {
  init(_ credential: Credential) {
    self.init(
      name: credential.name,
      fields: [
        "name": .text(credential.name),
        "workspace": .text(credential.workspace),
        "type": .text(credential.type.name ?? "unknown"),
        "username": .text(orNull: credential.username),
        "version": .integer(Int64(credential.version)),
        "public_key": .text(orNull: credential.publicKey),
        "fingerprint": .text(orNull: credential.fingerprint),
        "created_at": .time(credential.createdAt),
        "updated_at": .time(credential.updatedAt),
      ]
    )
  }

  static let credentialColumns = [
    Column("NAME", "name"), Column("TYPE", "type"), Column("USERNAME", "username"),
    Column("VERSION", "version", .right), Column("UPDATED", "updated_at", .time),
  ]
}

extension Credential {
  /// What the owner of the Snowflake account runs so that the key pair is accepted: the key's base64
  /// on one line, without PEM's first and last (Snowflake, "Key-pair authentication").
  var registrationStatement: String? {
    guard type == .keyPair, !publicKey.isEmpty else { return nil }
    let body = publicKey.split(whereSeparator: \.isNewline)
      .filter { !$0.hasPrefix("-----") }.joined()
    let user = username.isEmpty ? "<user>" : Self.identifier(username)
    return "ALTER USER \(user) SET RSA_PUBLIC_KEY='\(body)';"
  }

  /// Plain where Snowflake takes it plain in any case, else in double quotes.
  private static func identifier(_ name: String) -> String {
    let isPlain = name.utf8.enumerated().allSatisfy { index, byte in
      switch byte {
      case 0x41...0x5A, 0x61...0x7A, 0x5F: true
      case 0x30...0x39, 0x24: index > 0
      default: false
      }
    }
    guard !isPlain else { return name }
    return "\""
      + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
