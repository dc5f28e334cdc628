public import Wire

/// `sluice.writer.v1.RowEvaluation`: what a row would do, or did.
public struct RowEvaluation: WireMessage, Equatable {
  /// Its place in the batch, from 0.
  public var rowIndex: UInt32 = 0
  /// Nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0
  /// As `external_id=42`.
  public var identifier = ""
  /// `applied`, `unchanged`, `already_applied`, `superseded`, `skipped` or `rejected`.
  public var outcome = ""
  /// Why it is skipped or rejected; empty otherwise.
  public var code = ""
  public var message = ""
  /// The ledger has this version of the row: a run took it.
  public var known = false
  /// The profile that the row names; empty where there is none yet.
  public var brazeId = ""
  public var externalId = ""
  public var createsProfile = false
  public var deletesProfile = false
  /// At most 50.
  public var attributes: [AttributeDifference] = []
  /// The event or purchase, in words; empty otherwise.
  public var activity = ""
  /// The sync and the run that put down just what this version of the row says; empty where none did.
  public var setBySync = ""
  public var setByRun = ""
  /// What of the row is left out, and why.
  public var warnings: [String] = []

  public init() {}

  public init(
    rowIndex: UInt32 = 0,
    updatedAt: Int64 = 0,
    identifier: String = "",
    outcome: String = "",
    code: String = "",
    message: String = "",
    known: Bool = false,
    brazeId: String = "",
    externalId: String = "",
    createsProfile: Bool = false,
    deletesProfile: Bool = false,
    attributes: [AttributeDifference] = [],
    activity: String = "",
    setBySync: String = "",
    setByRun: String = "",
    warnings: [String] = []
  ) {
    self.rowIndex = rowIndex
    self.updatedAt = updatedAt
    self.identifier = identifier
    self.outcome = outcome
    self.code = code
    self.message = message
    self.known = known
    self.brazeId = brazeId
    self.externalId = externalId
    self.createsProfile = createsProfile
    self.deletesProfile = deletesProfile
    self.attributes = attributes
    self.activity = activity
    self.setBySync = setBySync
    self.setByRun = setByRun
    self.warnings = warnings
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): rowIndex = try reader.uint32()
      case (2, .varint): updatedAt = try reader.int64()
      case (3, .lengthDelimited): identifier = try reader.string()
      case (4, .lengthDelimited): outcome = try reader.string()
      case (5, .lengthDelimited): code = try reader.string()
      case (6, .lengthDelimited): message = try reader.string()
      case (7, .varint): known = try reader.bool()
      case (8, .lengthDelimited): brazeId = try reader.string()
      case (9, .lengthDelimited): externalId = try reader.string()
      case (10, .varint): createsProfile = try reader.bool()
      case (11, .varint): deletesProfile = try reader.bool()
      case (12, .lengthDelimited):
        var item = AttributeDifference()
        try reader.message(into: &item)
        attributes.append(item)
      case (13, .lengthDelimited): activity = try reader.string()
      case (14, .lengthDelimited): setBySync = try reader.string()
      case (15, .lengthDelimited): setByRun = try reader.string()
      case (16, .lengthDelimited): warnings.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint32(1, rowIndex)
    writer.int64(2, updatedAt)
    writer.string(3, identifier)
    writer.string(4, outcome)
    writer.string(5, code)
    writer.string(6, message)
    writer.bool(7, known)
    writer.string(8, brazeId)
    writer.string(9, externalId)
    writer.bool(10, createsProfile)
    writer.bool(11, deletesProfile)
    writer.messages(12, attributes)
    writer.string(13, activity)
    writer.string(14, setBySync)
    writer.string(15, setByRun)
    writer.strings(16, warnings)
  }
}

/// `sluice.writer.v1.AttributeDifference`: an attribute that a row sets.
public struct AttributeDifference: WireMessage, Equatable {
  /// Of an item of a list: the list and the item, apart by a blank.
  public var name = ""
  /// JSON text, cut at 256 bytes; nil where the attribute is unset.
  public var oldValue: String?
  /// As `oldValue`; nil also where an operator computes it and it does not change.
  public var newValue: String?
  /// UPDATED_AT of the row that set the old value; nil where the profile never had the attribute.
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
