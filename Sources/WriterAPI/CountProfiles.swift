public import Wire

/// `sluice.writer.v1.CountProfilesRequest`.
public struct CountProfilesRequest: WireMessage, Equatable {
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

/// `sluice.writer.v1.ProfileCounts`.
public struct ProfileCounts: WireMessage, Equatable {
  public var profiles: Int64 = 0
  public var events: Int64 = 0
  /// Purchase objects; quantity is in the profiles' counts.
  public var purchases: Int64 = 0
  /// The sum of price times quantity of all purchases, as decimal text, exact.
  public var revenue = ""

  public init() {}

  public init(profiles: Int64 = 0, events: Int64 = 0, purchases: Int64 = 0, revenue: String = "") {
    self.profiles = profiles
    self.events = events
    self.purchases = purchases
    self.revenue = revenue
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): profiles = try reader.int64()
      case (2, .varint): events = try reader.int64()
      case (3, .varint): purchases = try reader.int64()
      case (4, .lengthDelimited): revenue = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.int64(1, profiles)
    writer.int64(2, events)
    writer.int64(3, purchases)
    writer.string(4, revenue)
  }
}
