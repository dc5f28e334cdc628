public import Wire

/// `sluice.vault.v1.PutCredentialRequest`. Its description leaves the secret out.
public struct PutCredentialRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  public var type = CredentialKind.unspecified
  public var username = ""
  /// `password`: the password, 1 to 65,536 bytes. `keyPair`: empty, the vault makes the pair itself.
  public var secret: [UInt8] = []
  /// `keyPair`: the RSA modulus in bits, 2048 to 4096; 0 means 2048.
  public var keyBits: UInt32 = 0

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    type: CredentialKind = .unspecified,
    username: String = "",
    secret: [UInt8] = [],
    keyBits: UInt32 = 0
  ) {
    self.workspace = workspace
    self.name = name
    self.type = type
    self.username = username
    self.secret = secret
    self.keyBits = keyBits
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
  }
}

// A secret must not reach a log by way of a message that is printed whole.
extension PutCredentialRequest: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  public var description: String {
    "PutCredentialRequest(\(workspace)/\(name), \(type.name ?? "unspecified"))"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

/// `sluice.vault.v1.PutCredentialResponse`.
public struct PutCredentialResponse: WireMessage, Equatable {
  public var credential: Credential?
  public var change = Change.unspecified

  public init() {}

  public init(credential: Credential? = nil, change: Change = .unspecified) {
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
