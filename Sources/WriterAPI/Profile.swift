public import Wire

/// `sluice.writer.v1.Profile`.
public struct Profile: WireMessage, Equatable {
  public var brazeId = ""
  public var externalId = ""
  /// The profile as one JSON object in the shape of Braze's user export.
  public var json: [UInt8] = []

  public init() {}

  public init(brazeId: String = "", externalId: String = "", json: [UInt8] = []) {
    self.brazeId = brazeId
    self.externalId = externalId
    self.json = json
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): brazeId = try reader.string()
      case (2, .lengthDelimited): externalId = try reader.string()
      case (3, .lengthDelimited): json = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, brazeId)
    writer.string(2, externalId)
    writer.byteArray(3, json)
  }
}
