public import Wire

/// `sluice.vault.v1.ListAuditRequest`. Its description leaves secrets out.
public struct ListAuditRequest: WireMessage, Equatable {
  /// After this number; 0 from the start.
  public var after: UInt64 = 0
  /// At most as many; 0 for all.
  public var limit: UInt64 = 0
  /// Only of this workspace, and of this credential.
  public var workspace = ""
  public var name = ""
  /// Only entries about this very secret: where a leaked one went.
  public var secret: [UInt8] = []

  public init() {}

  public init(
    after: UInt64 = 0,
    limit: UInt64 = 0,
    workspace: String = "",
    name: String = "",
    secret: [UInt8] = []
  ) {
    self.after = after
    self.limit = limit
    self.workspace = workspace
    self.name = name
    self.secret = secret
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): after = try reader.uint64()
      case (2, .varint): limit = try reader.uint64()
      case (3, .lengthDelimited): workspace = try reader.string()
      case (4, .lengthDelimited): name = try reader.string()
      case (5, .lengthDelimited): secret = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint64(1, after)
    writer.uint64(2, limit)
    writer.string(3, workspace)
    writer.string(4, name)
    writer.byteArray(5, secret)
  }
}

extension ListAuditRequest: UnprintedMessage {
  public var description: String { "ListAuditRequest(workspace: \(workspace), name: \(name))" }
}

/// `sluice.vault.v1.AuditEntry`.
public struct AuditEntry: WireMessage, Equatable {
  public var seq: UInt64 = 0
  public var at: Int64 = 0
  public var role = ""
  public var instance = ""
  public var action = ""
  public var workspace = ""
  public var name = ""
  public var version: UInt32 = 0
  public var purpose = ""
  public var runId = ""
  public var detail = ""
  /// Links the entry to all before it.
  public var mac: [UInt8] = []

  public init() {}

  public init(
    seq: UInt64 = 0,
    at: Int64 = 0,
    role: String = "",
    instance: String = "",
    action: String = "",
    workspace: String = "",
    name: String = "",
    version: UInt32 = 0,
    purpose: String = "",
    runId: String = "",
    detail: String = "",
    mac: [UInt8] = []
  ) {
    self.seq = seq
    self.at = at
    self.role = role
    self.instance = instance
    self.action = action
    self.workspace = workspace
    self.name = name
    self.version = version
    self.purpose = purpose
    self.runId = runId
    self.detail = detail
    self.mac = mac
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): seq = try reader.uint64()
      case (2, .varint): at = try reader.int64()
      case (3, .lengthDelimited): role = try reader.string()
      case (4, .lengthDelimited): instance = try reader.string()
      case (5, .lengthDelimited): action = try reader.string()
      case (6, .lengthDelimited): workspace = try reader.string()
      case (7, .lengthDelimited): name = try reader.string()
      case (8, .varint): version = try reader.uint32()
      case (9, .lengthDelimited): purpose = try reader.string()
      case (10, .lengthDelimited): runId = try reader.string()
      case (11, .lengthDelimited): detail = try reader.string()
      case (12, .lengthDelimited): mac = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint64(1, seq)
    writer.int64(2, at)
    writer.string(3, role)
    writer.string(4, instance)
    writer.string(5, action)
    writer.string(6, workspace)
    writer.string(7, name)
    writer.uint32(8, version)
    writer.string(9, purpose)
    writer.string(10, runId)
    writer.string(11, detail)
    writer.byteArray(12, mac)
  }
}
