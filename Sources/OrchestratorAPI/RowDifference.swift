public import Wire

/// `sluice.orchestrator.v1.RowDifference`: what a row would do.
public struct RowDifference: WireMessage, Equatable {
  /// As `external_id=42`.
  public var identifier = ""
  /// Nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0
  /// `applied`, `unchanged`, `already_applied`, `superseded`, `skipped` or `rejected`.
  public var outcome = ""
  /// Why it is skipped or rejected; empty otherwise.
  public var code = ""
  public var message = ""
  /// The profile that the row names; empty where there is none yet.
  public var brazeId = ""
  public var externalId = ""
  public var createsProfile = false
  public var deletesProfile = false
  /// At most 50.
  public var attributes: [ChangedAttribute] = []
  /// The event or purchase, in words; empty otherwise.
  public var activity = ""
  /// What of the row is left out, and why.
  public var warnings: [String] = []

  public init() {}

  public init(
    identifier: String = "",
    updatedAt: Int64 = 0,
    outcome: String = "",
    code: String = "",
    message: String = "",
    brazeId: String = "",
    externalId: String = "",
    createsProfile: Bool = false,
    deletesProfile: Bool = false,
    attributes: [ChangedAttribute] = [],
    activity: String = "",
    warnings: [String] = []
  ) {
    self.identifier = identifier
    self.updatedAt = updatedAt
    self.outcome = outcome
    self.code = code
    self.message = message
    self.brazeId = brazeId
    self.externalId = externalId
    self.createsProfile = createsProfile
    self.deletesProfile = deletesProfile
    self.attributes = attributes
    self.activity = activity
    self.warnings = warnings
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): identifier = try reader.string()
      case (2, .varint): updatedAt = try reader.int64()
      case (3, .lengthDelimited): outcome = try reader.string()
      case (4, .lengthDelimited): code = try reader.string()
      case (5, .lengthDelimited): message = try reader.string()
      case (6, .lengthDelimited): brazeId = try reader.string()
      case (7, .lengthDelimited): externalId = try reader.string()
      case (8, .varint): createsProfile = try reader.bool()
      case (9, .varint): deletesProfile = try reader.bool()
      case (10, .lengthDelimited):
        var item = ChangedAttribute()
        try reader.message(into: &item)
        attributes.append(item)
      case (11, .lengthDelimited): activity = try reader.string()
      case (12, .lengthDelimited): warnings.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, identifier)
    writer.int64(2, updatedAt)
    writer.string(3, outcome)
    writer.string(4, code)
    writer.string(5, message)
    writer.string(6, brazeId)
    writer.string(7, externalId)
    writer.bool(8, createsProfile)
    writer.bool(9, deletesProfile)
    writer.messages(10, attributes)
    writer.string(11, activity)
    writer.strings(12, warnings)
  }
}

/// `sluice.orchestrator.v1.ChangedAttribute`: an attribute that a row sets.
public struct ChangedAttribute: WireMessage, Equatable {
  /// Of an item of a list: the list and the item, apart by a blank.
  public var name = ""
  /// JSON text, cut at 256 bytes; nil where the attribute is unset.
  public var oldValue: String?
  /// As `oldValue`.
  public var newValue: String?
  /// UPDATED_AT of the row that set the old value.
  public var setAt: Int64?
  public var setBySync = ""
  public var setByRun = ""

  public init() {}

  public init(
    name: String = "",
    oldValue: String? = nil,
    newValue: String? = nil,
    setAt: Int64? = nil,
    setBySync: String = "",
    setByRun: String = ""
  ) {
    self.name = name
    self.oldValue = oldValue
    self.newValue = newValue
    self.setAt = setAt
    self.setBySync = setBySync
    self.setByRun = setByRun
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): name = try reader.string()
      case (2, .lengthDelimited): oldValue = try reader.string()
      case (3, .lengthDelimited): newValue = try reader.string()
      case (4, .varint): setAt = try reader.int64()
      case (5, .lengthDelimited): setBySync = try reader.string()
      case (6, .lengthDelimited): setByRun = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, name)
    writer.optionalString(2, oldValue)
    writer.optionalString(3, newValue)
    writer.optionalInt64(4, setAt)
    writer.string(5, setBySync)
    writer.string(6, setByRun)
  }
}
