public import Wire

/// `sluice.vault.v1.BackupVaultRequest`.
public struct BackupVaultRequest: WireMessage, Equatable {
  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      try reader.skip(number, type)
    }
  }

  public func encode(into writer: inout WireWriter) {}
}

/// `sluice.vault.v1.BackupChunk`.
public struct BackupChunk: WireMessage, Equatable {
  public var data: [UInt8] = []

  public init() {}

  public init(
    data: [UInt8] = []
  ) {
    self.data = data
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): data = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.byteArray(1, data)
  }
}

/// `sluice.vault.v1.RestoreVaultRequest`. Its description leaves secrets out.
public struct RestoreVaultRequest: WireMessage, Equatable {
  public var data: [UInt8] = []
  /// In the first message: the passphrase, where the vault has no configured master key.
  public var passphrase: [UInt8] = []

  public init() {}

  public init(
    data: [UInt8] = [],
    passphrase: [UInt8] = []
  ) {
    self.data = data
    self.passphrase = passphrase
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): data = try reader.byteArray()
      case (2, .lengthDelimited): passphrase = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.byteArray(1, data)
    writer.byteArray(2, passphrase)
  }
}

extension RestoreVaultRequest: UnprintedMessage {
  public var description: String { "RestoreVaultRequest()" }
}
