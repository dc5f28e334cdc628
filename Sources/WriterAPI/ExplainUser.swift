public import Wire

/// `sluice.writer.v1.ExplainUserRequest`.
public struct ExplainUserRequest: WireMessage, Equatable {
  /// Names the user; its `events` says nothing here.
  public var profile: GetProfileRequest?
  /// Whose row log is looked through.
  public var sync = ""
  /// Rows of the log at most, the newest; 0 means 20, at most 100.
  public var limit: UInt32 = 0
  /// Nothing of the log of older incarnations (see `OpenSyncRequest`) is answered.
  public var incarnation: UInt64 = 0

  public init() {}

  public init(
    profile: GetProfileRequest? = nil,
    sync: String = "",
    limit: UInt32 = 0,
    incarnation: UInt64 = 0
  ) {
    self.profile = profile
    self.sync = sync
    self.limit = limit
    self.incarnation = incarnation
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &profile)
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .varint): limit = try reader.uint32()
      case (20, .varint): incarnation = try reader.uint64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, profile)
    writer.string(2, sync)
    writer.uint32(3, limit)
    writer.uint64(20, incarnation)
  }
}

/// `sluice.writer.v1.UserExplanation`: what the writer knows of a user.
public struct UserExplanation: WireMessage, Equatable {
  /// Empty where no profile has the identifier.
  public var brazeId = ""
  public var externalId = ""
  /// The user's rejected rows and warnings in the row log, newest first.
  public var rows: [RejectedRow] = []

  public init() {}

  public init(
    brazeId: String = "",
    externalId: String = "",
    rows: [RejectedRow] = []
  ) {
    self.brazeId = brazeId
    self.externalId = externalId
    self.rows = rows
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): brazeId = try reader.string()
      case (2, .lengthDelimited): externalId = try reader.string()
      case (3, .lengthDelimited):
        var item = RejectedRow()
        try reader.message(into: &item)
        rows.append(item)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, brazeId)
    writer.string(2, externalId)
    writer.messages(3, rows)
  }
}
