public import Wire

/// `sluice.orchestrator.v1.MoveCursorRequest`. Exactly one of `to`, `backNs` and `toBeginning`.
public struct MoveCursorRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""
  /// The next run reads rows with `updated_at >= to`: nanoseconds since 1970 UTC.
  public var to: Int64?
  /// So many nanoseconds before where it is now.
  public var backNs: Int64 = 0
  /// Every row.
  public var toBeginning = false
  /// Only answers what it would mean.
  public var dryRun = false
  /// Rows that count in `rowsAgain` may have their effect once more.
  public var applyAgain = false

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    to: Int64? = nil,
    backNs: Int64 = 0,
    toBeginning: Bool = false,
    dryRun: Bool = false,
    applyAgain: Bool = false
  ) {
    self.workspace = workspace
    self.sync = sync
    self.to = to
    self.backNs = backNs
    self.toBeginning = toBeginning
    self.dryRun = dryRun
    self.applyAgain = applyAgain
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .varint): to = try reader.int64()
      case (4, .varint): backNs = try reader.int64()
      case (5, .varint): toBeginning = try reader.bool()
      case (6, .varint): dryRun = try reader.bool()
      case (7, .varint): applyAgain = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.optionalInt64(3, to)
    writer.int64(4, backNs)
    writer.bool(5, toBeginning)
    writer.bool(6, dryRun)
    writer.bool(7, applyAgain)
  }
}

/// `sluice.orchestrator.v1.MoveCursorResponse`.
public struct MoveCursorResponse: WireMessage, Equatable {
  public var sync = ""
  /// Nanoseconds since 1970 UTC; nil: the beginning.
  public var from: Int64?
  public var to: Int64?
  public var moved = false
  /// Rows from `to` on, which the next run reads.
  public var rowsToRead: Int64 = 0
  /// Of those, rows that a run may have applied and that are forgotten: they would be applied again.
  public var rowsAgain: Int64 = 0
  /// Rows between `from` and `to`, which no run will read.
  public var rowsSkipped: Int64 = 0
  /// What the user should know.
  public var warnings: [String] = []

  public init() {}

  public init(
    sync: String = "",
    from: Int64? = nil,
    to: Int64? = nil,
    moved: Bool = false,
    rowsToRead: Int64 = 0,
    rowsAgain: Int64 = 0,
    rowsSkipped: Int64 = 0,
    warnings: [String] = []
  ) {
    self.sync = sync
    self.from = from
    self.to = to
    self.moved = moved
    self.rowsToRead = rowsToRead
    self.rowsAgain = rowsAgain
    self.rowsSkipped = rowsSkipped
    self.warnings = warnings
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): sync = try reader.string()
      case (2, .varint): from = try reader.int64()
      case (3, .varint): to = try reader.int64()
      case (4, .varint): moved = try reader.bool()
      case (5, .varint): rowsToRead = try reader.int64()
      case (6, .varint): rowsAgain = try reader.int64()
      case (7, .varint): rowsSkipped = try reader.int64()
      case (8, .lengthDelimited): warnings.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, sync)
    writer.optionalInt64(2, from)
    writer.optionalInt64(3, to)
    writer.bool(4, moved)
    writer.int64(5, rowsToRead)
    writer.int64(6, rowsAgain)
    writer.int64(7, rowsSkipped)
    writer.strings(8, warnings)
  }
}

/// `sluice.orchestrator.v1.CursorMove`: who moved a cursor by hand, and when.
public struct CursorMove: WireMessage, Equatable {
  /// Nanoseconds since 1970 UTC.
  public var movedAt: Int64 = 0
  /// Role and instance of whoever asked, as its certificate names them.
  public var movedBy = ""
  /// nil: the beginning.
  public var from: Int64?
  public var to: Int64?
  /// `asked`, then `moved` or `failed`; `asked` stays when the orchestrator stopped in between.
  public var outcome = ""
  public var rowsAgain: Int64 = 0
  public var rowsSkipped: Int64 = 0

  public init() {}

  public init(
    movedAt: Int64 = 0,
    movedBy: String = "",
    from: Int64? = nil,
    to: Int64? = nil,
    outcome: String = "",
    rowsAgain: Int64 = 0,
    rowsSkipped: Int64 = 0
  ) {
    self.movedAt = movedAt
    self.movedBy = movedBy
    self.from = from
    self.to = to
    self.outcome = outcome
    self.rowsAgain = rowsAgain
    self.rowsSkipped = rowsSkipped
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): movedAt = try reader.int64()
      case (2, .lengthDelimited): movedBy = try reader.string()
      case (3, .varint): from = try reader.int64()
      case (4, .varint): to = try reader.int64()
      case (5, .lengthDelimited): outcome = try reader.string()
      case (6, .varint): rowsAgain = try reader.int64()
      case (7, .varint): rowsSkipped = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.int64(1, movedAt)
    writer.string(2, movedBy)
    writer.optionalInt64(3, from)
    writer.optionalInt64(4, to)
    writer.string(5, outcome)
    writer.int64(6, rowsAgain)
    writer.int64(7, rowsSkipped)
  }
}
