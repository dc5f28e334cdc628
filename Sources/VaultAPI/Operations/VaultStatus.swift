public import Wire

/// `sluice.vault.v1.GetVaultStatusRequest`.
public struct GetVaultStatusRequest: WireMessage, Equatable {
  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      try reader.skip(number, type)
    }
  }

  public func encode(into writer: inout WireWriter) {}
}

/// `sluice.vault.v1.VaultSlot`.
public struct VaultSlot: WireMessage, Equatable {
  public var number: UInt32 = 0
  /// "key" or "passphrase".
  public var kind = ""
  public var createdAt: Int64 = 0
  /// Whether the key that unlocked the vault is this one.
  public var inUse = false

  public init() {}

  public init(
    number: UInt32 = 0,
    kind: String = "",
    createdAt: Int64 = 0,
    inUse: Bool = false
  ) {
    self.number = number
    self.kind = kind
    self.createdAt = createdAt
    self.inUse = inUse
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): self.number = try reader.uint32()
      case (2, .lengthDelimited): kind = try reader.string()
      case (3, .varint): createdAt = try reader.int64()
      case (4, .varint): inUse = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint32(1, number)
    writer.string(2, kind)
    writer.int64(3, createdAt)
    writer.bool(4, inUse)
  }
}

/// `sluice.vault.v1.VaultStatus`.
public struct VaultStatus: WireMessage, Equatable {
  public var vaultId = ""
  public var sealed = false
  /// Counts every change and every audited use; it never falls.
  public var generation: UInt64 = 0
  public var rootId: UInt32 = 0
  public var slots: [VaultSlot] = []
  public var credentials: UInt64 = 0
  public var auditEntries: UInt64 = 0
  /// Where the master key comes from: "file", "environment", "command" or "passphrase".
  public var masterKeySource = ""
  /// The database: "sqlite" or "postgresql".
  public var store = ""
  public var auditHead: [UInt8] = []

  public init() {}

  public init(
    vaultId: String = "",
    sealed: Bool = false,
    generation: UInt64 = 0,
    rootId: UInt32 = 0,
    slots: [VaultSlot] = [],
    credentials: UInt64 = 0,
    auditEntries: UInt64 = 0,
    masterKeySource: String = "",
    store: String = "",
    auditHead: [UInt8] = []
  ) {
    self.vaultId = vaultId
    self.sealed = sealed
    self.generation = generation
    self.rootId = rootId
    self.slots = slots
    self.credentials = credentials
    self.auditEntries = auditEntries
    self.masterKeySource = masterKeySource
    self.store = store
    self.auditHead = auditHead
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): vaultId = try reader.string()
      case (2, .varint): sealed = try reader.bool()
      case (3, .varint): generation = try reader.uint64()
      case (4, .varint): rootId = try reader.uint32()
      case (5, .lengthDelimited): slots.append(try reader.message())
      case (6, .varint): credentials = try reader.uint64()
      case (7, .varint): auditEntries = try reader.uint64()
      case (8, .lengthDelimited): masterKeySource = try reader.string()
      case (9, .lengthDelimited): store = try reader.string()
      case (10, .lengthDelimited): auditHead = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, vaultId)
    writer.bool(2, sealed)
    writer.uint64(3, generation)
    writer.uint32(4, rootId)
    writer.messages(5, slots)
    writer.uint64(6, credentials)
    writer.uint64(7, auditEntries)
    writer.string(8, masterKeySource)
    writer.string(9, store)
    writer.byteArray(10, auditHead)
  }
}
