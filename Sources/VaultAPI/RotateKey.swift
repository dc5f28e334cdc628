public import Wire

/// `sluice.vault.v1.RotateKeyRequest`. Its description leaves secrets out.
public struct RotateKeyRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// The RSA modulus in bits, 2048 to 4096; 0 means as many as the key that signs.
  public var keyBits: UInt32 = 0
  /// Destroys the next key that was made before and is not proven, and makes another.
  public var restart = false
  /// key_pair: a PEM private key to take instead of making one, and its passphrase.
  public var secret: [UInt8] = []
  public var passphrase: [UInt8] = []

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    keyBits: UInt32 = 0,
    restart: Bool = false,
    secret: [UInt8] = [],
    passphrase: [UInt8] = []
  ) {
    self.workspace = workspace
    self.name = name
    self.keyBits = keyBits
    self.restart = restart
    self.secret = secret
    self.passphrase = passphrase
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .varint): keyBits = try reader.uint32()
      case (4, .varint): restart = try reader.bool()
      case (5, .lengthDelimited): secret = try reader.byteArray()
      case (6, .lengthDelimited): passphrase = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.uint32(3, keyBits)
    writer.bool(4, restart)
    writer.byteArray(5, secret)
    writer.byteArray(6, passphrase)
  }
}

extension RotateKeyRequest: UnprintedMessage {
  public var description: String { "RotateKeyRequest(workspace: \(workspace), name: \(name))" }
}
