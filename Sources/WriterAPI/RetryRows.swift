public import Wire

/// `sluice.writer.v1.RetryRowsRequest`.
public struct RetryRowsRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""
  /// Empty: of every run.
  public var runId = ""
  /// Empty: with every code.
  public var code = ""
  /// At most one identifier: rows whose columns hold it. None: of every user.
  public var externalId = ""
  public var aliasName = ""
  public var aliasLabel = ""
  public var brazeId = ""
  public var email = ""
  public var phone = ""

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    runId: String = "",
    code: String = "",
    externalId: String = "",
    aliasName: String = "",
    aliasLabel: String = "",
    brazeId: String = "",
    email: String = "",
    phone: String = ""
  ) {
    self.workspace = workspace
    self.sync = sync
    self.runId = runId
    self.code = code
    self.externalId = externalId
    self.aliasName = aliasName
    self.aliasLabel = aliasLabel
    self.brazeId = brazeId
    self.email = email
    self.phone = phone
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .lengthDelimited): runId = try reader.string()
      case (4, .lengthDelimited): code = try reader.string()
      case (5, .lengthDelimited): externalId = try reader.string()
      case (6, .lengthDelimited): aliasName = try reader.string()
      case (7, .lengthDelimited): aliasLabel = try reader.string()
      case (8, .lengthDelimited): brazeId = try reader.string()
      case (9, .lengthDelimited): email = try reader.string()
      case (10, .lengthDelimited): phone = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.string(3, runId)
    writer.string(4, code)
    writer.string(5, externalId)
    writer.string(6, aliasName)
    writer.string(7, aliasLabel)
    writer.string(8, brazeId)
    writer.string(9, email)
    writer.string(10, phone)
  }
}

/// `sluice.writer.v1.RetriedRows`: what became of a portion of rows.
public struct RetriedRows: WireMessage, Equatable {
  public var applied: Int64 = 0
  public var unchanged: Int64 = 0
  public var superseded: Int64 = 0
  public var skipped: Int64 = 0
  /// They stay in the log, with the reason of now.
  public var rejected: Int64 = 0
  /// Rows that were applied with a warning.
  public var warnings: Int64 = 0
  /// Rows whose content was not kept: there was no key, or no room for it.
  public var notKept: Int64 = 0
  /// Rows whose content cannot be unsealed: another key sealed it, or it is damaged.
  public var unreadable: Int64 = 0

  public init() {}

  public init(
    applied: Int64 = 0,
    unchanged: Int64 = 0,
    superseded: Int64 = 0,
    skipped: Int64 = 0,
    rejected: Int64 = 0,
    warnings: Int64 = 0,
    notKept: Int64 = 0,
    unreadable: Int64 = 0
  ) {
    self.applied = applied
    self.unchanged = unchanged
    self.superseded = superseded
    self.skipped = skipped
    self.rejected = rejected
    self.warnings = warnings
    self.notKept = notKept
    self.unreadable = unreadable
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): applied = try reader.int64()
      case (2, .varint): unchanged = try reader.int64()
      case (3, .varint): superseded = try reader.int64()
      case (4, .varint): skipped = try reader.int64()
      case (5, .varint): rejected = try reader.int64()
      case (6, .varint): warnings = try reader.int64()
      case (7, .varint): notKept = try reader.int64()
      case (8, .varint): unreadable = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.int64(1, applied)
    writer.int64(2, unchanged)
    writer.int64(3, superseded)
    writer.int64(4, skipped)
    writer.int64(5, rejected)
    writer.int64(6, warnings)
    writer.int64(7, notKept)
    writer.int64(8, unreadable)
  }
}
