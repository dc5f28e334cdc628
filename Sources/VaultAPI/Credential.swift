public import Wire

/// `sluice.vault.v1.Credential`: everything about a credential but its secret.
public struct Credential: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  public var type = CredentialKind.unspecified
  /// The login that the secret belongs to; may be empty.
  public var username = ""
  /// Counts up with every new secret, from 1.
  public var version: UInt32 = 0
  /// `keyPair` only: the public key, PEM (SubjectPublicKeyInfo).
  public var publicKey = ""
  /// `keyPair` only: `SHA256:` and the base64 of the SHA-256 of the public key's DER form.
  public var fingerprint = ""
  /// Nanoseconds since 1970 UTC.
  public var createdAt: Int64 = 0
  /// Nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    type: CredentialKind = .unspecified,
    username: String = "",
    version: UInt32 = 0,
    publicKey: String = "",
    fingerprint: String = "",
    createdAt: Int64 = 0,
    updatedAt: Int64 = 0
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
  }
}
