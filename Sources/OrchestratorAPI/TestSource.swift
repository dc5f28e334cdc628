public import Wire

/// `sluice.orchestrator.v1.TestSourceRequest`. The answers are `TestEvent`s.
public struct TestSourceRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// Not empty: check this table or view as well, as rows of `data`.
  public var table = ""
  public var data = DataType.unspecified

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    table: String = "",
    data: DataType = .unspecified
  ) {
    self.workspace = workspace
    self.name = name
    self.table = table
    self.data = data
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): table = try reader.string()
      case (4, .varint): data = try reader.enumeration()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, table)
    writer.enumeration(4, data)
  }
}
