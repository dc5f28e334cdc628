public import Wire

/// `sluice.orchestrator.v1.ListRunsRequest`.
public struct ListRunsRequest: WireMessage, Equatable {
  public var workspace = ""
  /// Empty: of every sync.
  public var sync = ""
  /// 0 means 50; at most 1,000.
  public var limit: UInt32 = 0

  public init() {}

  public init(workspace: String = "", sync: String = "", limit: UInt32 = 0) {
    self.workspace = workspace
    self.sync = sync
    self.limit = limit
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .varint): limit = try reader.uint32()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.uint32(3, limit)
  }
}
