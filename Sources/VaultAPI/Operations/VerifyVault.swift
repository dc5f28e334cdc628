public import Wire

/// `sluice.vault.v1.VerifyVaultRequest`.
public struct VerifyVaultRequest: WireMessage, Equatable {
  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      try reader.skip(number, type)
    }
  }

  public func encode(into writer: inout WireWriter) {}
}

/// `sluice.vault.v1.VerifyVaultResponse`.
public struct VerifyVaultResponse: WireMessage, Equatable {
  public var credentials: UInt64 = 0
  public var secrets: UInt64 = 0
  public var auditEntries: UInt64 = 0
  public var generation: UInt64 = 0
  public var auditHead: [UInt8] = []
  /// What is wrong; empty when all is well.
  public var problems: [String] = []

  public init() {}

  public init(
    credentials: UInt64 = 0,
    secrets: UInt64 = 0,
    auditEntries: UInt64 = 0,
    generation: UInt64 = 0,
    auditHead: [UInt8] = [],
    problems: [String] = []
  ) {
    self.credentials = credentials
    self.secrets = secrets
    self.auditEntries = auditEntries
    self.generation = generation
    self.auditHead = auditHead
    self.problems = problems
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): credentials = try reader.uint64()
      case (2, .varint): secrets = try reader.uint64()
      case (3, .varint): auditEntries = try reader.uint64()
      case (4, .varint): generation = try reader.uint64()
      case (5, .lengthDelimited): auditHead = try reader.byteArray()
      case (6, .lengthDelimited): problems.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint64(1, credentials)
    writer.uint64(2, secrets)
    writer.uint64(3, auditEntries)
    writer.uint64(4, generation)
    writer.byteArray(5, auditHead)
    writer.strings(6, problems)
  }
}
