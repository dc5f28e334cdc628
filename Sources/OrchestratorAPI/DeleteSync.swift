public import Wire

/// `sluice.orchestrator.v1.DeleteSyncRequest`.
public struct DeleteSyncRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""

  public init() {}

  public init(workspace: String = "", name: String = "") {
    self.workspace = workspace
    self.name = name
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
  }
}

/// `sluice.orchestrator.v1.DeleteSyncResponse`.
public struct DeleteSyncResponse: WireMessage, Equatable {
  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      try reader.skip(number, type)
    }
  }

  public func encode(into writer: inout WireWriter) {}
}
