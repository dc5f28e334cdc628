public import Wire

/// `sluice.vault.v1.DestroyKeyRequest`.
public struct DestroyKeyRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  public var version: UInt32 = 0

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    version: UInt32 = 0
  ) {
    self.workspace = workspace
    self.name = name
    self.version = version
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .varint): version = try reader.uint32()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.uint32(3, version)
  }
}
