public import Wire

/// `sluice.vault.v1.SealVaultRequest`.
public struct SealVaultRequest: WireMessage, Equatable {
  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      try reader.skip(number, type)
    }
  }

  public func encode(into writer: inout WireWriter) {}
}

/// `sluice.vault.v1.UnsealVaultRequest`. Its description leaves secrets out.
public struct UnsealVaultRequest: WireMessage, Equatable {
  /// Empty where the vault has a configured master key.
  public var passphrase: [UInt8] = []
  /// Makes a new vault, where the database is empty; without it a passphrase opens what is there.
  public var create = false

  public init() {}

  public init(
    passphrase: [UInt8] = [],
    create: Bool = false
  ) {
    self.passphrase = passphrase
    self.create = create
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): passphrase = try reader.byteArray()
      case (2, .varint): create = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.byteArray(1, passphrase)
    writer.bool(2, create)
  }
}

extension UnsealVaultRequest: UnprintedMessage {
  public var description: String { "UnsealVaultRequest()" }
}
