public import Wire

/// `sluice.vault.v1.HoldCredentialRequest`.
public struct HoldCredentialRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// The sync.
  public var holder = ""

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    holder: String = ""
  ) {
    self.workspace = workspace
    self.name = name
    self.holder = holder
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): holder = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, holder)
  }
}

/// `sluice.vault.v1.DropCredentialRequest`.
public struct DropCredentialRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// The sync.
  public var holder = ""

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    holder: String = ""
  ) {
    self.workspace = workspace
    self.name = name
    self.holder = holder
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): holder = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, holder)
  }
}
