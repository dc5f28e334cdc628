public import Wire

/// `sluice.orchestrator.v1.ListSyncsRequest`.
public struct ListSyncsRequest: WireMessage, Equatable {
  public var workspace = ""

  public init() {}

  public init(workspace: String) { self.workspace = workspace }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
  }
}
