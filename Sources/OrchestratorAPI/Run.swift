public import SyncModel
public import Wire

/// `sluice.orchestrator.v1.Run`.
///
/// `rowsRead = applied + unchanged + alreadyApplied + superseded + skipped + rejected` when a run is
/// proved (design, decision 6).
public struct Run: WireMessage, Equatable {
  public var runId = ""
  public var workspace = ""
  public var sync = ""
  public var status = RunStatus.unspecified
  /// `manual` or `schedule`.
  public var trigger = ""
  /// `queued`, `connecting`, `querying`, `reading`, `finishing`, `finished`.
  public var phase = ""
  public var rowsRead: Int64 = 0
  public var applied: Int64 = 0
  public var unchanged: Int64 = 0
  public var alreadyApplied: Int64 = 0
  public var superseded: Int64 = 0
  public var skipped: Int64 = 0
  public var rejected: Int64 = 0
  /// How many rows the warehouse itself says the result had, where it says so.
  public var rowsReported: Int64?
  /// The sync's durable position after the run, nanoseconds since 1970 UTC; nil before the first row.
  public var cursor: Int64?
  /// Nanoseconds since 1970 UTC.
  public var startedAt: Int64 = 0
  /// Nanoseconds since 1970 UTC; 0 while running.
  public var finishedAt: Int64 = 0
  public var errorCode = ""
  public var errorMessage = ""
  public var warnings: [String] = []
  /// Bytes of rows that the warehouse sent.
  public var bytesRead: Int64 = 0
  /// The slot that the run is for, nanoseconds since 1970 UTC; 0 for a manual one.
  public var scheduledFor: Int64 = 0
  /// When phase, rows or receipts last changed, nanoseconds since 1970 UTC.
  public var progressAt: Int64 = 0
  /// It changes nothing, and is not recorded: it is seen while it goes on only.
  public var dryRun = false

  public init() {}

  public init(
    runId: String = "",
    workspace: String = "",
    sync: String = "",
    status: RunStatus = .unspecified,
    trigger: String = "",
    phase: String = "",
    rowsRead: Int64 = 0,
    applied: Int64 = 0,
    unchanged: Int64 = 0,
    alreadyApplied: Int64 = 0,
    superseded: Int64 = 0,
    skipped: Int64 = 0,
    rejected: Int64 = 0,
    rowsReported: Int64? = nil,
    cursor: Int64? = nil,
    startedAt: Int64 = 0,
    finishedAt: Int64 = 0,
    errorCode: String = "",
    errorMessage: String = "",
    warnings: [String] = [],
    bytesRead: Int64 = 0,
    scheduledFor: Int64 = 0,
    progressAt: Int64 = 0,
    dryRun: Bool = false
  ) {
    self.runId = runId
    self.workspace = workspace
    self.sync = sync
    self.status = status
    self.trigger = trigger
    self.phase = phase
    self.rowsRead = rowsRead
    self.applied = applied
    self.unchanged = unchanged
    self.alreadyApplied = alreadyApplied
    self.superseded = superseded
    self.skipped = skipped
    self.rejected = rejected
    self.rowsReported = rowsReported
    self.cursor = cursor
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.errorCode = errorCode
    self.errorMessage = errorMessage
    self.warnings = warnings
    self.bytesRead = bytesRead
    self.scheduledFor = scheduledFor
    self.progressAt = progressAt
    self.dryRun = dryRun
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): runId = try reader.string()
      case (2, .lengthDelimited): workspace = try reader.string()
      case (3, .lengthDelimited): sync = try reader.string()
      case (4, .varint): status = try reader.enumeration()
      case (5, .lengthDelimited): trigger = try reader.string()
      case (6, .lengthDelimited): phase = try reader.string()
      case (7, .varint): rowsRead = try reader.int64()
      case (8, .varint): applied = try reader.int64()
      case (9, .varint): unchanged = try reader.int64()
      case (10, .varint): alreadyApplied = try reader.int64()
      case (11, .varint): superseded = try reader.int64()
      case (12, .varint): skipped = try reader.int64()
      case (13, .varint): rejected = try reader.int64()
      case (14, .varint): rowsReported = try reader.int64()
      case (15, .varint): cursor = try reader.int64()
      case (16, .varint): startedAt = try reader.int64()
      case (17, .varint): finishedAt = try reader.int64()
      case (18, .lengthDelimited): errorCode = try reader.string()
      case (19, .lengthDelimited): errorMessage = try reader.string()
      case (20, .lengthDelimited): warnings.append(try reader.string())
      case (21, .varint): bytesRead = try reader.int64()
      case (22, .varint): scheduledFor = try reader.int64()
      case (23, .varint): progressAt = try reader.int64()
      case (30, .varint): dryRun = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, runId)
    writer.string(2, workspace)
    writer.string(3, sync)
    writer.enumeration(4, status)
    writer.string(5, trigger)
    writer.string(6, phase)
    writer.int64(7, rowsRead)
    writer.int64(8, applied)
    writer.int64(9, unchanged)
    writer.int64(10, alreadyApplied)
    writer.int64(11, superseded)
    writer.int64(12, skipped)
    writer.int64(13, rejected)
    writer.optionalInt64(14, rowsReported)
    writer.optionalInt64(15, cursor)
    writer.int64(16, startedAt)
    writer.int64(17, finishedAt)
    writer.string(18, errorCode)
    writer.string(19, errorMessage)
    writer.strings(20, warnings)
    writer.int64(21, bytesRead)
    writer.int64(22, scheduledFor)
    writer.int64(23, progressAt)
    writer.bool(30, dryRun)
  }
}

extension Run {
  /// The six outcomes as SyncModel counts them.
  public var counts: RowCounts {
    get {
      var counts = RowCounts()
      counts.applied = applied
      counts.unchanged = unchanged
      counts.alreadyApplied = alreadyApplied
      counts.superseded = superseded
      counts.skipped = skipped
      counts.rejected = rejected
      return counts
    }
    set {
      applied = newValue.applied
      unchanged = newValue.unchanged
      alreadyApplied = newValue.alreadyApplied
      superseded = newValue.superseded
      skipped = newValue.skipped
      rejected = newValue.rejected
    }
  }
}
