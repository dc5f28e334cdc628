public import Wire

/// `sluice.writer.v1.ExplainAttributeRequest`.
public struct ExplainAttributeRequest: WireMessage, Equatable {
  /// Names the profile; its `events` says nothing here.
  public var profile: GetProfileRequest?
  /// Standard or custom; its name as in PAYLOAD.
  public var attribute = ""

  public init() {}

  public init(profile: GetProfileRequest? = nil, attribute: String = "") {
    self.profile = profile
    self.attribute = attribute
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &profile)
      case (2, .lengthDelimited): attribute = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, profile)
    writer.string(2, attribute)
  }
}

/// `sluice.writer.v1.AttributeOrigins`: one, or one an item of a list.
public struct AttributeOrigins: WireMessage, Equatable {
  public var origins: [AttributeOrigin] = []

  public init() {}

  public init(origins: [AttributeOrigin] = []) { self.origins = origins }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited):
        var origin = AttributeOrigin()
        try reader.message(into: &origin)
        origins.append(origin)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) { writer.messages(1, origins) }
}

/// `sluice.writer.v1.AttributeOrigin`: which row, run and sync set an attribute last.
public struct AttributeOrigin: WireMessage, Equatable {
  /// The item of a list: a subscription group's id, or app_id/token of a push token.
  public var item = ""
  /// JSON text; nil when the attribute was removed.
  public var value: String?
  /// Of a custom attribute.
  public var type = ""
  /// UPDATED_AT of the row that changed it last: nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0
  /// UPDATED_AT of the row that assigned it last; nil when only operators ever did.
  public var assignedAt: Int64?
  public var sync = ""
  public var runId = ""
  /// Nanoseconds since 1970 UTC.
  public var runOpenedAt: Int64 = 0

  public init() {}

  public init(
    item: String = "",
    value: String? = nil,
    type: String = "",
    updatedAt: Int64 = 0,
    assignedAt: Int64? = nil,
    sync: String = "",
    runId: String = "",
    runOpenedAt: Int64 = 0
  ) {
    self.item = item
    self.value = value
    self.type = type
    self.updatedAt = updatedAt
    self.assignedAt = assignedAt
    self.sync = sync
    self.runId = runId
    self.runOpenedAt = runOpenedAt
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, wireType) = try reader.nextTag() {
      switch (number, wireType) {
      case (1, .lengthDelimited): item = try reader.string()
      case (2, .lengthDelimited): value = try reader.string()
      case (3, .lengthDelimited): type = try reader.string()
      case (4, .varint): updatedAt = try reader.int64()
      case (5, .varint): assignedAt = try reader.int64()
      case (6, .lengthDelimited): sync = try reader.string()
      case (7, .lengthDelimited): runId = try reader.string()
      case (8, .varint): runOpenedAt = try reader.int64()
      default: try reader.skip(number, wireType)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, item)
    writer.optionalString(2, value)
    writer.string(3, type)
    writer.int64(4, updatedAt)
    writer.optionalInt64(5, assignedAt)
    writer.string(6, sync)
    writer.string(7, runId)
    writer.int64(8, runOpenedAt)
  }
}
