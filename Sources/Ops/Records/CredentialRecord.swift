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
    fields.append("keys", .list(credential.keys.map { .object(Record($0).fields) }))
    let details = credential.details.sorted { $0.key < $1.key }
    fields.append(
      "details",
      .object(OutputObject(fields: details.map { .init(name: $0.key, value: .text($0.value)) }))
    )
    fields.append("holders", .texts(credential.holders))
  }

  init(_ key: CredentialKey) {
    self.init(
      name: "\(key.version)",
      fields: [
        "version": .integer(Int64(key.version)),
        "state": .text("\(key.state)"),
        "slot": .integer(Int64(key.slot)),
        "bits": .integer(Int64(key.bits)),
        "public_key": .text(orNull: key.publicKey),
        "fingerprint": .text(orNull: key.fingerprint),
        "created_at": .time(key.createdAt),
        "changed_at": .time(key.changedAt),
        "retire_at": .time(orNullIfZero: key.retireAt),
      ]
    )
  }

  static let keyColumns = [
    Column("KEY", "version", .right), Column("STATE", "state"), Column("SLOT", "slot", .right),
    Column("FINGERPRINT", "fingerprint"), Column("SINCE", "changed_at", .time),
    Column("GOES", "retire_at", .time),
  ]

  static let credentialColumns = [
    Column("NAME", "name"), Column("TYPE", "type"), Column("USERNAME", "username"),
    Column("VERSION", "version", .right), Column("UPDATED", "updated_at", .time),
  ]
}

extension Credential {
  /// The key whose public half is to be registered: the next one, or the first.
  var keyToRegister: CredentialKey? {
    keys.first { $0.version > version && [.pending, .published, .proven].contains($0.state) }
      ?? keys.first { $0.version == version }
      ?? (type.isPair ? CredentialKey(slot: 1, publicKey: publicKey) : nil)
  }

  /// What the owner of the other side does so that the key pair is accepted; nil for what has no
  /// public key.
  var registration: String? {
    guard let key = keyToRegister, !key.publicKey.isEmpty else { return nil }
    switch type {
    // The key's base64 on one line, without PEM's first and last (Snowflake, "Key-pair
    // authentication").
    case .keyPair:
      let body = key.publicKey.split(whereSeparator: \.isNewline)
        .filter { !$0.hasPrefix("-----") }.joined()
      let user = username.isEmpty ? "<user>" : Self.identifier(username)
      let property = key.slot == 2 ? "RSA_PUBLIC_KEY_2" : "RSA_PUBLIC_KEY"
      return "ALTER USER \(user) SET \(property)='\(body)';"
    case .sshKeyPair:
      return "echo '\(key.publicKey)' >> ~\(username)/.ssh/authorized_keys"
    default: return nil
    }
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
