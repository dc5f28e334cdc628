public import Wire

/// `sluice.vault.v1.AddMasterKeyRequest`. Its description leaves secrets out.
public struct AddMasterKeyRequest: WireMessage, Equatable {
  /// 32 bytes; or a passphrase of 12 bytes or more. One of them.
  public var key: [UInt8] = []
  public var passphrase: [UInt8] = []

  public init() {}

  public init(
    key: [UInt8] = [],
    passphrase: [UInt8] = []
  ) {
    self.key = key
    self.passphrase = passphrase
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): key = try reader.byteArray()
      case (2, .lengthDelimited): passphrase = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.byteArray(1, key)
    writer.byteArray(2, passphrase)
  }
}

extension AddMasterKeyRequest: UnprintedMessage {
  public var description: String { "AddMasterKeyRequest()" }
}

/// `sluice.vault.v1.FinishMasterKeyRequest`. Its description leaves secrets out.
public struct FinishMasterKeyRequest: WireMessage, Equatable {
  /// The passphrase that is to be the only one; empty where the vault has a configured master key.
  public var passphrase: [UInt8] = []

  public init() {}

  public init(
    passphrase: [UInt8] = []
  ) {
    self.passphrase = passphrase
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): passphrase = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.byteArray(1, passphrase)
  }
}

extension FinishMasterKeyRequest: UnprintedMessage {
  public var description: String { "FinishMasterKeyRequest()" }
}

/// `sluice.vault.v1.RotateRootKeyRequest`.
public struct RotateRootKeyRequest: WireMessage, Equatable {
  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      try reader.skip(number, type)
    }
  }

  public func encode(into writer: inout WireWriter) {}
}
