public import Wire

/// `sluice.orchestrator.v1.ExplainRowRequest`: exactly one identifier.
public struct ExplainRowRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""
  public var externalId = ""
  public var aliasName = ""
  public var aliasLabel = ""
  public var brazeId = ""
  public var email = ""
  public var phone = ""
  /// Rows at most, the newest; 0 means 10, at most 50.
  public var limit: UInt32 = 0

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    externalId: String = "",
    aliasName: String = "",
    aliasLabel: String = "",
    brazeId: String = "",
    email: String = "",
    phone: String = "",
    limit: UInt32 = 0
  ) {
    self.workspace = workspace
    self.sync = sync
    self.externalId = externalId
    self.aliasName = aliasName
    self.aliasLabel = aliasLabel
    self.brazeId = brazeId
    self.email = email
    self.phone = phone
    self.limit = limit
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .lengthDelimited): externalId = try reader.string()
      case (4, .lengthDelimited): aliasName = try reader.string()
      case (5, .lengthDelimited): aliasLabel = try reader.string()
      case (6, .lengthDelimited): brazeId = try reader.string()
      case (7, .lengthDelimited): email = try reader.string()
      case (8, .lengthDelimited): phone = try reader.string()
      case (9, .varint): limit = try reader.uint32()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.string(3, externalId)
    writer.string(4, aliasName)
    writer.string(5, aliasLabel)
    writer.string(6, brazeId)
    writer.string(7, email)
    writer.string(8, phone)
    writer.uint32(9, limit)
  }
}

/// `sluice.orchestrator.v1.ExplainRowResponse`: why a user was or was not updated.
public struct ExplainRowResponse: WireMessage, Equatable {
  public var sync = ""
  /// Of the user's newest row that has a stamp; `not_in_source` where there is none.
  public var reason = ""
  public var message = ""
  /// The profile that the identifier resolves to; empty where there is none.
  public var brazeId = ""
  public var externalId = ""
  /// The writer's durable position; nil before the first row.
  public var position: Int64?
  /// The next run reads from here; nil means from the beginning.
  public var readFrom: Int64?
  /// The source's rows, newest first; then one that stands for those without UPDATED_AT.
  public var rows: [ExplainedRow] = []
  /// The source has more rows of the user.
  public var more = false
  /// The user's rejected rows and warnings in the row log, newest first.
  public var log: [LoggedRow] = []

  public init() {}

  public init(
    sync: String = "",
    reason: String = "",
    message: String = "",
    brazeId: String = "",
    externalId: String = "",
    position: Int64? = nil,
    readFrom: Int64? = nil,
    rows: [ExplainedRow] = [],
    more: Bool = false,
    log: [LoggedRow] = []
  ) {
    self.sync = sync
    self.reason = reason
    self.message = message
    self.brazeId = brazeId
    self.externalId = externalId
    self.position = position
    self.readFrom = readFrom
    self.rows = rows
    self.more = more
    self.log = log
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): sync = try reader.string()
      case (2, .lengthDelimited): reason = try reader.string()
      case (3, .lengthDelimited): message = try reader.string()
      case (4, .lengthDelimited): brazeId = try reader.string()
      case (5, .lengthDelimited): externalId = try reader.string()
      case (6, .varint): position = try reader.int64()
      case (7, .varint): readFrom = try reader.int64()
      case (8, .lengthDelimited):
        var item = ExplainedRow()
        try reader.message(into: &item)
        rows.append(item)
      case (9, .varint): more = try reader.bool()
      case (10, .lengthDelimited):
        var item = LoggedRow()
        try reader.message(into: &item)
        log.append(item)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, sync)
    writer.string(2, reason)
    writer.string(3, message)
    writer.string(4, brazeId)
    writer.string(5, externalId)
    writer.optionalInt64(6, position)
    writer.optionalInt64(7, readFrom)
    writer.messages(8, rows)
    writer.bool(9, more)
    writer.messages(10, log)
  }
}

/// `sluice.orchestrator.v1.ExplainedRow`: what became of one row, and why.
public struct ExplainedRow: WireMessage, Equatable {
  /// As `external_id=42`.
  public var identifier = ""
  /// Nanoseconds since 1970 UTC; nil where the row has none.
  public var updatedAt: Int64?
  /// `applied`, `already_applied`, `unchanged`, `superseded`, `rejected`, `skipped`, `waiting`,
  /// `before_cursor` or `no_updated_at`.
  public var reason = ""
  /// A sentence: what happened, or will, and what to do.
  public var message = ""
  /// Why it is, or would be, rejected or skipped; empty otherwise.
  public var code = ""
  /// The run that took the row, where that is known.
  public var runId = ""
  /// What the row would do now, or what of it the profile has.
  public var effect: RowDifference?

  public init() {}

  public init(
    identifier: String = "",
    updatedAt: Int64? = nil,
    reason: String = "",
    message: String = "",
    code: String = "",
    runId: String = "",
    effect: RowDifference? = nil
  ) {
    self.identifier = identifier
    self.updatedAt = updatedAt
    self.reason = reason
    self.message = message
    self.code = code
    self.runId = runId
    self.effect = effect
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): identifier = try reader.string()
      case (2, .varint): updatedAt = try reader.int64()
      case (3, .lengthDelimited): reason = try reader.string()
      case (4, .lengthDelimited): message = try reader.string()
      case (5, .lengthDelimited): code = try reader.string()
      case (6, .lengthDelimited): runId = try reader.string()
      case (7, .lengthDelimited): try reader.message(into: &effect)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, identifier)
    writer.optionalInt64(2, updatedAt)
    writer.string(3, reason)
    writer.string(4, message)
    writer.string(5, code)
    writer.string(6, runId)
    writer.message(7, effect)
  }
}

/// `sluice.orchestrator.v1.LoggedRow`: an entry of the row log.
public struct LoggedRow: WireMessage, Equatable {
  public var runId = ""
  public var updatedAt: Int64 = 0
  public var identifier = ""
  public var code = ""
  public var message = ""
  public var rejectedAt: Int64 = 0
  /// The row was applied; code and message say what of it was left out.
  public var warning = false

  public init() {}

  public init(
    runId: String = "",
    updatedAt: Int64 = 0,
    identifier: String = "",
    code: String = "",
    message: String = "",
    rejectedAt: Int64 = 0,
    warning: Bool = false
  ) {
    self.runId = runId
    self.updatedAt = updatedAt
    self.identifier = identifier
    self.code = code
    self.message = message
    self.rejectedAt = rejectedAt
    self.warning = warning
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): runId = try reader.string()
      case (2, .varint): updatedAt = try reader.int64()
      case (3, .lengthDelimited): identifier = try reader.string()
      case (4, .lengthDelimited): code = try reader.string()
      case (5, .lengthDelimited): message = try reader.string()
      case (6, .varint): rejectedAt = try reader.int64()
      case (7, .varint): warning = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, runId)
    writer.int64(2, updatedAt)
    writer.string(3, identifier)
    writer.string(4, code)
    writer.string(5, message)
    writer.int64(6, rejectedAt)
    writer.bool(7, warning)
  }
}
