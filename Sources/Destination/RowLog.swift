public import SyncModel

/// Which entries of the row log are wanted.
public struct RowLogQuery: Sendable, Equatable {
  public var workspace: String
  public var sync: String
  /// nil: of every run.
  public var runID: String?
  /// nil: with every code.
  public var code: String?
  /// Also the warnings of rows that were applied.
  public var withWarnings = false
  /// Only rows that are rejected to this day; not those of a deleted sync of this name.
  public var onlyOpen = false
  /// With the rows' payloads, unsealed.
  public var withPayload = false
  /// nil: all.
  public var limit: Int?

  public init(
    workspace: String,
    sync: String,
    runID: String? = nil,
    code: String? = nil,
    withWarnings: Bool = false,
    onlyOpen: Bool = false,
    withPayload: Bool = false,
    limit: Int? = nil
  ) {
    self.workspace = workspace
    self.sync = sync
    self.runID = runID
    self.code = code
    self.withWarnings = withWarnings
    self.onlyOpen = onlyOpen
    self.withPayload = withPayload
    self.limit = limit
  }
}

/// An entry of the row log: a row that was rejected, or a warning of one that was applied.
public struct RowRejection: Sendable, Equatable {
  public var runID: String
  public var batchNumber: UInt64
  public var rowIndex: Int
  public var updatedAt: Timestamp
  /// As `external_id=42`; bytes that are not text are shown as `\xNN`.
  public var identifier: String
  /// Why; of a row that was retried, why the last time.
  public var issue: RowIssue
  /// The row was applied; a value of it was left out.
  public var isWarning: Bool
  public var rejectedAt: Timestamp
  /// When a retry rejected it again, the last time.
  public var retriedAt: Timestamp?
  /// What became of the row since; nil while it is rejected.
  public var resolution: RowResolution?
  /// It is rejected, and enough is kept to try it again.
  public var isRetryable: Bool
  /// Only where the query asks for it: JSON text as it came, cut where it was over 1 MB; nil for NULL,
  /// and where it was not kept.
  public var payload: [UInt8]?

  public init(
    runID: String,
    batchNumber: UInt64,
    rowIndex: Int,
    updatedAt: Timestamp,
    identifier: String,
    issue: RowIssue,
    isWarning: Bool,
    rejectedAt: Timestamp,
    retriedAt: Timestamp? = nil,
    resolution: RowResolution? = nil,
    isRetryable: Bool = false,
    payload: [UInt8]? = nil
  ) {
    self.runID = runID
    self.batchNumber = batchNumber
    self.rowIndex = rowIndex
    self.updatedAt = updatedAt
    self.identifier = identifier
    self.issue = issue
    self.isWarning = isWarning
    self.rejectedAt = rejectedAt
    self.retriedAt = retriedAt
    self.resolution = resolution
    self.isRetryable = isRetryable
    self.payload = payload
  }
}

/// What became of a row that had been rejected.
public struct RowResolution: Sendable, Equatable {
  /// `applied`, `unchanged`, `superseded` or `skipped`.
  public var outcome: String
  public var at: Timestamp
  /// The run that read the row again; nil where it was retried.
  public var runID: String?

  public init(outcome: String, at: Timestamp, runID: String? = nil) {
    self.outcome = outcome
    self.at = at
    self.runID = runID
  }
}

/// Which rejected rows of a sync to apply again; without a filter, all of them.
public struct RowRetry: Sendable, Equatable {
  public var workspace: String
  public var sync: String
  public var runID: String?
  public var code: String?
  /// Only rows whose identifier columns hold this, byte by byte.
  public var user: ProfileIdentifier?

  public init(
    workspace: String,
    sync: String,
    runID: String? = nil,
    code: String? = nil,
    user: ProfileIdentifier? = nil
  ) {
    self.workspace = workspace
    self.sync = sync
    self.runID = runID
    self.code = code
    self.user = user
  }
}

/// What became of rows that were retried.
public struct RetriedRowCounts: Sendable, Equatable {
  /// `alreadyApplied` stays 0.
  public var outcomes = RowCounts()
  /// Rows applied with a warning.
  public var warnings: Int64 = 0
  /// Rows of which too little was kept: there was no key, or no room.
  public var notKept: Int64 = 0
  /// Rows that another key sealed.
  public var sealedOtherwise: Int64 = 0
  /// Rows whose sealed content was changed or is damaged.
  public var damaged: Int64 = 0

  public init() {}

  public static func += (a: inout Self, b: Self) {
    a.outcomes += b.outcomes
    a.warnings += b.warnings
    a.notKept += b.notKept
    a.sealedOtherwise += b.sealedOtherwise
    a.damaged += b.damaged
  }
}
