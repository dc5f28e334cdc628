public import Wire

/// `sluice.vault.v1.PutCredentialRequest`. Its description leaves secrets out.
public struct PutCredentialRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  public var type = CredentialKind.unspecified
  public var username = ""
  /// The secret, 1 to 65,536 bytes. key_pair: empty (the vault makes the pair itself), or a PEM
  /// private key, PKCS#8 plain or encrypted, or PKCS#1. ssh_key_pair: empty. service_account: the
  /// JSON file.
  public var secret: [UInt8] = []
  /// Pairs: the RSA modulus in bits, 2048 to 4096; 0 means 2048.
  public var keyBits: UInt32 = 0
  /// key_pair: the passphrase of an encrypted private key.
  public var passphrase: [UInt8] = []
  /// ssh_key_pair: "ed25519" (the default) or "rsa".
  public var algorithm = ""

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    type: CredentialKind = CredentialKind.unspecified,
    username: String = "",
    secret: [UInt8] = [],
    keyBits: UInt32 = 0,
    passphrase: [UInt8] = [],
    algorithm: String = ""
  ) {
    self.workspace = workspace
    self.name = name
    self.type = type
    self.username = username
    self.secret = secret
    self.keyBits = keyBits
    self.passphrase = passphrase
    self.algorithm = algorithm
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .varint): self.type = try reader.enumeration()
      case (4, .lengthDelimited): username = try reader.string()
      case (5, .lengthDelimited): secret = try reader.byteArray()
      case (6, .varint): keyBits = try reader.uint32()
      case (7, .lengthDelimited): passphrase = try reader.byteArray()
      case (8, .lengthDelimited): algorithm = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.enumeration(3, type)
    writer.string(4, username)
    writer.byteArray(5, secret)
    writer.uint32(6, keyBits)
    writer.byteArray(7, passphrase)
    writer.string(8, algorithm)
  }
}

extension PutCredentialRequest: UnprintedMessage {
  public var description: String { "PutCredentialRequest(workspace: \(workspace), name: \(name))" }
}

/// `sluice.vault.v1.PutCredentialResponse`.
public struct PutCredentialResponse: WireMessage, Equatable {
  public var credential: Credential?
  public var change = Change.unspecified

  public init() {}

  public init(
    credential: Credential? = nil,
    change: Change = Change.unspecified
  ) {
    self.credential = credential
    self.change = change
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &credential)
      case (2, .varint): change = try reader.enumeration()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, credential)
    writer.enumeration(2, change)
  }
}
