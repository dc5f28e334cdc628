public import Wire

/// `sluice.orchestrator.v1.CancelRunRequest`.
public struct CancelRunRequest: WireMessage, Equatable {
  public var workspace = ""
  public var runId = ""

  public init() {}

  public init(workspace: String = "", runId: String = "") {
    self.workspace = workspace
    self.runId = runId
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): runId = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, runId)
  }
}
