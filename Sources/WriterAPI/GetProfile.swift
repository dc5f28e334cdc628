public import Wire

/// `sluice.writer.v1.GetProfileRequest`: exactly one identifier is set.
public struct GetProfileRequest: WireMessage, Equatable {
  public var workspace = ""
  public var externalId = ""
  public var aliasName = ""
  public var aliasLabel = ""
  public var brazeId = ""
  public var email = ""
  public var phone = ""
  /// Also the single events and purchases.
  public var events = false

  public init() {}

  public init(
    workspace: String = "",
    externalId: String = "",
    aliasName: String = "",
    aliasLabel: String = "",
    brazeId: String = "",
    email: String = "",
    phone: String = "",
    events: Bool = false
  ) {
    self.workspace = workspace
    self.externalId = externalId
    self.aliasName = aliasName
    self.aliasLabel = aliasLabel
    self.brazeId = brazeId
    self.email = email
    self.phone = phone
    self.events = events
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): externalId = try reader.string()
      case (3, .lengthDelimited): aliasName = try reader.string()
      case (4, .lengthDelimited): aliasLabel = try reader.string()
      case (5, .lengthDelimited): brazeId = try reader.string()
      case (6, .lengthDelimited): email = try reader.string()
      case (7, .lengthDelimited): phone = try reader.string()
      case (8, .varint): events = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, externalId)
    writer.string(3, aliasName)
    writer.string(4, aliasLabel)
    writer.string(5, brazeId)
    writer.string(6, email)
    writer.string(7, phone)
    writer.bool(8, events)
  }
}
