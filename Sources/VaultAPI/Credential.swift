public import Wire

/// `sluice.vault.v1.CredentialKey`.
public struct CredentialKey: WireMessage, Equatable {
  public var version: UInt32 = 0
  public var state = KeyState.unspecified
  /// Which of the user's two public keys at Snowflake it is: 1 is RSA_PUBLIC_KEY, 2 is
  /// RSA_PUBLIC_KEY_2.
  public var slot: UInt32 = 0
  public var publicKey = ""
  public var fingerprint = ""
  public var bits: UInt32 = 0
  public var createdAt: Int64 = 0
  /// When it came into its state.
  public var changedAt: Int64 = 0
  /// retiring only: when it will be destroyed.
  public var retireAt: Int64 = 0

  public init() {}

  public init(
    version: UInt32 = 0,
    state: KeyState = KeyState.unspecified,
    slot: UInt32 = 0,
    publicKey: String = "",
    fingerprint: String = "",
    bits: UInt32 = 0,
    createdAt: Int64 = 0,
    changedAt: Int64 = 0,
    retireAt: Int64 = 0
  ) {
    self.version = version
    self.state = state
    self.slot = slot
    self.publicKey = publicKey
    self.fingerprint = fingerprint
    self.bits = bits
    self.createdAt = createdAt
    self.changedAt = changedAt
    self.retireAt = retireAt
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): version = try reader.uint32()
      case (2, .varint): state = try reader.enumeration()
      case (3, .varint): slot = try reader.uint32()
      case (4, .lengthDelimited): publicKey = try reader.string()
      case (5, .lengthDelimited): fingerprint = try reader.string()
      case (6, .varint): bits = try reader.uint32()
      case (7, .varint): createdAt = try reader.int64()
      case (8, .varint): changedAt = try reader.int64()
      case (9, .varint): retireAt = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint32(1, version)
    writer.enumeration(2, state)
    writer.uint32(3, slot)
    writer.string(4, publicKey)
    writer.string(5, fingerprint)
    writer.uint32(6, bits)
    writer.int64(7, createdAt)
    writer.int64(8, changedAt)
    writer.int64(9, retireAt)
  }
}

/// `sluice.vault.v1.Credential`.
public struct Credential: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  public var type = CredentialKind.unspecified
  /// The login that the secret belongs to; may be empty.
  public var username = ""
  /// Counts up with every new secret, from 1. Of a key pair: the key that signs, or the first.
  public var version: UInt32 = 0
  /// key_pair: that key's public key, PEM (SubjectPublicKeyInfo). ssh_key_pair: a line of
  /// authorized_keys.
  public var publicKey = ""
  /// key_pair: "SHA256:" and the base64 of the SHA-256 of the public key's DER form. ssh_key_pair:
  /// as ssh-keygen -l shows it.
  public var fingerprint = ""
  public var createdAt: Int64 = 0
  public var updatedAt: Int64 = 0
  /// Pairs only: every key, the newest first.
  public var keys: [CredentialKey] = []
  /// What else is known and not secret, e.g. a service account's project_id.
  public var details: [String: String] = [:]
  /// The active syncs that use it.
  public var holders: [String] = []

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    type: CredentialKind = CredentialKind.unspecified,
    username: String = "",
    version: UInt32 = 0,
    publicKey: String = "",
    fingerprint: String = "",
    createdAt: Int64 = 0,
    updatedAt: Int64 = 0,
    keys: [CredentialKey] = [],
    details: [String: String] = [:],
    holders: [String] = []
  ) {
    self.workspace = workspace
    self.name = name
    self.type = type
    self.username = username
    self.version = version
    self.publicKey = publicKey
    self.fingerprint = fingerprint
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.keys = keys
    self.details = details
    self.holders = holders
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .varint): self.type = try reader.enumeration()
      case (4, .lengthDelimited): username = try reader.string()
      case (5, .varint): version = try reader.uint32()
      case (6, .lengthDelimited): publicKey = try reader.string()
      case (7, .lengthDelimited): fingerprint = try reader.string()
      case (8, .varint): createdAt = try reader.int64()
      case (9, .varint): updatedAt = try reader.int64()
      case (10, .lengthDelimited): keys.append(try reader.message())
      case (11, .lengthDelimited): try reader.entry(into: &details)
      case (12, .lengthDelimited): holders.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.enumeration(3, type)
    writer.string(4, username)
    writer.uint32(5, version)
    writer.string(6, publicKey)
    writer.string(7, fingerprint)
    writer.int64(8, createdAt)
    writer.int64(9, updatedAt)
    writer.messages(10, keys)
    writer.map(11, details)
    writer.strings(12, holders)
  }
}
