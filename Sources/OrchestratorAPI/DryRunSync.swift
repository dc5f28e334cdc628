public import Wire

/// `sluice.orchestrator.v1.DryRunSyncRequest`.
public struct DryRunSyncRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// So many differences are told; 0 means 10, at most 50.
  public var differenceLimit: UInt32 = 0

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    differenceLimit: UInt32 = 0
  ) {
    self.workspace = workspace
    self.name = name
    self.differenceLimit = differenceLimit
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .varint): differenceLimit = try reader.uint32()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.uint32(3, differenceLimit)
  }
}

/// `sluice.orchestrator.v1.DryRunEvent`: a dry run as it is now.
public struct DryRunEvent: WireMessage, Equatable {
  public var run: Run?
  /// The first ones; with the last event only.
  public var differences: [RowDifference] = []

  public init() {}

  public init(
    run: Run? = nil,
    differences: [RowDifference] = []
  ) {
    self.run = run
    self.differences = differences
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &run)
      case (2, .lengthDelimited):
        var item = RowDifference()
        try reader.message(into: &item)
        differences.append(item)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, run)
    writer.messages(2, differences)
  }
}
