public import Wire

/// `sluice.vault.v1.SignSnowflakeTokenRequest`.
public struct SignSnowflakeTokenRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// The account's identifier, as in its URL: "myorg-account", or a locator such as
  /// "xy12345.eu-west-1".
  public var account = ""
  /// Which key signs; 0 for the active one, or the first while none is active.
  public var version: UInt32 = 0
  /// 60 to 3600; 0 means 3540. Snowflake cuts at an hour.
  public var lifetimeSeconds: Int64 = 0
  public var purpose = ""
  public var runId = ""

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    account: String = "",
    version: UInt32 = 0,
    lifetimeSeconds: Int64 = 0,
    purpose: String = "",
    runId: String = ""
  ) {
    self.workspace = workspace
    self.name = name
    self.account = account
    self.version = version
    self.lifetimeSeconds = lifetimeSeconds
    self.purpose = purpose
    self.runId = runId
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): account = try reader.string()
      case (4, .varint): version = try reader.uint32()
      case (5, .varint): lifetimeSeconds = try reader.int64()
      case (6, .lengthDelimited): purpose = try reader.string()
      case (7, .lengthDelimited): runId = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, account)
    writer.uint32(4, version)
    writer.int64(5, lifetimeSeconds)
    writer.string(6, purpose)
    writer.string(7, runId)
  }
}
