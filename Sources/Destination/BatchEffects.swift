public import SyncModel

/// Rows to look at without applying them: for a dry run, and to explain a row.
public struct BatchToEvaluate: Sendable {
  public var workspace: String
  public var sync: String
  /// As in `SyncOpening`.
  public var incarnation: UInt64
  public var data: DataType
  /// Nanoseconds, not negative.
  public var overlap: Int64
  public var updateExistingOnly: Bool
  public var skipsUnchanged: Bool
  /// The warehouse's clock.
  public var positionLimit: Timestamp
  /// Empty: only the sync's position is wanted.
  public var rows: RowBatch
  /// So many rows are told of one by one.
  public var detailLimit: Int
  /// Tells of rows of every outcome, each as if the ledger did not have it.
  public var explains: Bool

  public init(
    workspace: String,
    sync: String,
    incarnation: UInt64 = 0,
    data: DataType,
    overlap: Int64,
    updateExistingOnly: Bool,
    skipsUnchanged: Bool = true,
    positionLimit: Timestamp,
    rows: RowBatch = .empty,
    detailLimit: Int = 0,
    explains: Bool = false
  ) {
    self.workspace = workspace
    self.sync = sync
    self.incarnation = incarnation
    self.data = data
    self.overlap = overlap
    self.updateExistingOnly = updateExistingOnly
    self.skipsUnchanged = skipsUnchanged
    self.positionLimit = positionLimit
    self.rows = rows
    self.detailLimit = detailLimit
    self.explains = explains
  }
}

/// What a batch would do to the profiles as they are now.
public struct BatchEffects: Sendable, Equatable {
  /// As a run that began now would be told.
  public var position: SyncPosition
  public var counts: RowCounts
  /// Rows stamped later than the warehouse's own clock.
  public var futureRows: Int64
  /// Rows that would be applied with a warning.
  public var warnings: Int64
  public var rows: [RowEffect]

  public init(
    position: SyncPosition,
    counts: RowCounts = RowCounts(),
    futureRows: Int64 = 0,
    warnings: Int64 = 0,
    rows: [RowEffect] = []
  ) {
    self.position = position
    self.counts = counts
    self.futureRows = futureRows
    self.warnings = warnings
    self.rows = rows
  }
}

/// What one row would do, or did.
public struct RowEffect: Sendable, Equatable {
  public var rowIndex: Int
  public var updatedAt: Timestamp
  /// As `external_id=42`; bytes that are not text are shown as `\xNN`.
  public var identifier: String
  public var outcome: RowOutcome
  /// Why it is skipped; nil for other outcomes, and where the destination does not say.
  public var skipReason: RowIssue?
  /// The ledger has this version of the row: a run took it.
  public var isKnown = false
  /// The profile that the row names; empty where there is none yet.
  public var brazeID = ""
  public var externalID = ""
  public var createsProfile = false
  public var deletesProfile = false
  public var attributes: [AttributeEffect] = []
  /// The event or purchase, in words; empty otherwise.
  public var activity = ""
  /// What put down just what this version of the row says; nil where nothing did.
  public var setBy: Origin?
  public var warnings: [RowIssue] = []

  /// The run that changed something, and its sync.
  public struct Origin: Sendable, Equatable {
    public var sync: String
    public var runID: String

    public init(sync: String, runID: String) {
      self.sync = sync
      self.runID = runID
    }
  }

  public init(rowIndex: Int, updatedAt: Timestamp, identifier: String, outcome: RowOutcome) {
    self.rowIndex = rowIndex
    self.updatedAt = updatedAt
    self.identifier = identifier
    self.outcome = outcome
  }
}

/// An attribute that a row sets.
public struct AttributeEffect: Sendable, Equatable {
  public var name: String
  /// JSON text, cut where it is long; nil where the attribute is unset.
  public var oldValue: String?
  /// nil also where an operator computes the value and it does not change.
  public var newValue: String?
  /// UPDATED_AT of the row that set the old value; nil where the profile never had the attribute.
  public var setAt: Timestamp?
  public var setBy: RowEffect.Origin?

  public init(
    name: String,
    oldValue: String?,
    newValue: String?,
    setAt: Timestamp? = nil,
    setBy: RowEffect.Origin? = nil
  ) {
    self.name = name
    self.oldValue = oldValue
    self.newValue = newValue
    self.setAt = setAt
    self.setBy = setBy
  }
}
