public import Wire

/// `sluice.writer.v1.ExportProfilesRequest`.
public struct ExportProfilesRequest: WireMessage, Equatable {
  public var workspace = ""
  /// Also the single events and purchases.
  public var events = false

  public init() {}

  public init(workspace: String = "", events: Bool = false) {
    self.workspace = workspace
    self.events = events
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .varint): events = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.bool(2, events)
  }
}
