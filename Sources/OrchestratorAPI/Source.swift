public import Wire

/// `sluice.orchestrator.v1.Source`: a warehouse connection.
public struct Source: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// `postgresql`, `sqlite`; later `snowflake`, `redshift`, `bigquery`, `databricks`.
  public var type = ""
  /// The driver's own settings, as text; its schema names them.
  public var settings: [String: String] = [:]
  /// The name of a credential in the vault; empty where the driver needs none.
  public var credential = ""
  /// Nanoseconds since 1970 UTC.
  public var createdAt: Int64 = 0
  /// Nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    type: String = "",
    settings: [String: String] = [:],
    credential: String = "",
    createdAt: Int64 = 0,
    updatedAt: Int64 = 0
  ) {
    self.workspace = workspace
    self.name = name
    self.type = type
    self.settings = settings
    self.credential = credential
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): self.type = try reader.string()
      case (4, .lengthDelimited): try reader.entry(into: &settings)
      case (5, .lengthDelimited): credential = try reader.string()
      case (6, .varint): createdAt = try reader.int64()
      case (7, .varint): updatedAt = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, type)
    writer.map(4, settings)
    writer.string(5, credential)
    writer.int64(6, createdAt)
    writer.int64(7, updatedAt)
  }
}
