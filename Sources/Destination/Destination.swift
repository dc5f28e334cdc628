public import SyncModel

/// Where a sync's rows go: one folder in `Destinations`, one line in its registry.
///
/// A destination owns the fence, the ledger, the position and the receipts of its syncs, because
/// they must change in the same transaction as the effects (design, decisions 2 and 3).
public protocol Destination: Sendable {
  /// Raises the fence to the opening's incarnation and epoch and answers the durable position. A newer
  /// incarnation is a sync without position, ledger and receipts, of the data type that it says.
  /// - Throws: `Failure` `stale_epoch` when a newer incarnation, a higher epoch of it, or the same epoch
  ///   of another run, was seen; `data_type_changed`.
  func open(_ opening: SyncOpening) async throws -> SyncPosition

  /// Applies rows, ledger, position and receipt in one durable transaction. A repeated batch
  /// (same number and id) is answered with its stored receipt.
  /// - Throws: `Failure` `stale_epoch`, `unexpected_batch`, `sync_not_open`, or a storage failure
  ///   (`disk_full`, …); then nothing of the batch was applied.
  func apply(_ batch: BatchToApply) async throws -> BatchReceipt

  /// What rows would do to the profiles as they are now. Nothing is changed by it, neither profiles
  /// nor fence, ledger, position, receipts or row log.
  /// - Throws: `Failure`, as `open` and `apply` would.
  func evaluate(_ batch: BatchToEvaluate) async throws -> BatchEffects

  /// Moves the position by hand: raises the fence like `open`, and changes position and ledger in the
  /// same transaction. The same epoch and run id again move nothing and answer the same.
  /// - Throws: `Failure` `stale_epoch`, `data_type_changed`.
  func move(_ move: PositionMove) async throws -> PositionMoved

  /// A user's rows in a sync's row log, newest first: rejected ones and warnings.
  /// - Parameter incarnation: as in `SyncOpening`: nothing of older ones is answered.
  func rejectedRows(
    workspace: String,
    sync: String,
    incarnation: UInt64,
    of user: ProfileIdentifier,
    limit: Int
  ) async throws -> [RowRejection]

  /// Lends what the row log keeps of a sync's rows, oldest first; `body` may suspend (a slow client).
  /// - Throws: `Failure` `row_key_missing`, `row_key_wrong` or `row_content_damaged` where the query
  ///   asks for payloads that cannot be unsealed; the latter two after all rows.
  func rejectedRows(
    _ query: RowLogQuery,
    _ body: (RowRejection) async throws -> Void
  ) async throws

  /// Applies rejected rows again, each as a run would, with its own `UPDATED_AT`, and never over newer
  /// data; not those of older incarnations, whose rows the sync reads anew. Lends the counts of each portion when it is durable: its effects and its rows' entries in
  /// the log change in one transaction, so a row that was applied is never applied again.
  /// - Throws: as `rejectedRows` with payloads; what was lent stays done.
  func retryRows(_ retry: RowRetry, _ body: (RetriedRowCounts) async throws -> Void) async throws

  /// Deletes a portion of what is older than 30 days in the row log (R130).
  /// - Returns: how many entries; 0 when there are no more.
  func forgetExpiredRows() async throws -> Int
}

/// A destination whose profiles can be read back: our own store.
public protocol ProfileReading: Sendable {
  /// The profile in the shape of Braze's user export (design, section 6), or nil.
  func profile(workspace: String, identifier: ProfileIdentifier, withEvents: Bool) async throws
    -> ExportedProfile?

  /// What set an attribute last; nil without such a profile, empty where it never had the attribute.
  /// Of `subscription_groups` and `push_tokens` one explanation an item.
  func explain(
    workspace: String,
    identifier: ProfileIdentifier,
    attribute: String
  ) async throws -> [AttributeExplanation]?

  /// Lends every profile of a workspace in bounded memory; `body` may suspend (a slow client).
  func exportProfiles(
    workspace: String,
    withEvents: Bool,
    _ body: (ExportedProfile) async throws -> Void
  ) async throws

  func counts(workspace: String) async throws -> ProfileTotals
}

public struct SyncOpening: Sendable, Equatable {
  public var workspace: String
  public var sync: String
  /// Which sync of this name it is: greater for one that is made after another was deleted.
  public var incarnation: UInt64
  public var epoch: UInt64
  public var runID: String
  public var data: DataType
  /// Nanoseconds, not negative.
  public var overlap: Int64
  public var updateExistingOnly: Bool
  /// Whether a row of attributes that changes nothing counts as unchanged; as applied otherwise.
  public var skipsUnchanged: Bool

  public init(
    workspace: String,
    sync: String,
    incarnation: UInt64 = 0,
    epoch: UInt64,
    runID: String,
    data: DataType,
    overlap: Int64,
    updateExistingOnly: Bool,
    skipsUnchanged: Bool = true
  ) {
    self.workspace = workspace
    self.sync = sync
    self.incarnation = incarnation
    self.epoch = epoch
    self.runID = runID
    self.data = data
    self.overlap = overlap
    self.updateExistingOnly = updateExistingOnly
    self.skipsUnchanged = skipsUnchanged
  }
}

/// An operator's change of a sync's position.
public struct PositionMove: Sendable, Equatable {
  /// Its run id is an id of the move's own.
  public var opening: SyncOpening
  /// The next run reads from here (inclusive); nil: from the beginning.
  public var position: Timestamp?
  /// Only says what it would do.
  public var isDryRun: Bool

  public init(opening: SyncOpening, position: Timestamp?, isDryRun: Bool = false) {
    self.opening = opening
    self.position = position
    self.isDryRun = isDryRun
  }
}

public struct PositionMoved: Sendable, Equatable {
  /// Where it was; nil before the first row.
  public var previous: Timestamp?
  /// Applied rows from here on are recognised when they are read again; older ones are forgotten, and
  /// would have their effect again. nil: none is forgotten.
  public var knownFrom: Timestamp?

  public init(previous: Timestamp?, knownFrom: Timestamp?) {
    self.previous = previous
    self.knownFrom = knownFrom
  }
}

public struct SyncPosition: Sendable, Equatable {
  public var nextBatchNumber: UInt64
  /// nil before the first row.
  public var position: Timestamp?
  /// Read from here (inclusive); nil means from the beginning. It is `position - overlap`, but
  /// never below what the ledger still knows: rows older than that could not be recognised.
  public var readFrom: Timestamp?

  public init(nextBatchNumber: UInt64, position: Timestamp?, readFrom: Timestamp?) {
    self.nextBatchNumber = nextBatchNumber
    self.position = position
    self.readFrom = readFrom
  }
}

public struct BatchToApply: Sendable {
  public var workspace: String
  public var sync: String
  /// As in `SyncOpening`.
  public var incarnation: UInt64
  public var epoch: UInt64
  public var number: UInt64
  public var id: String
  public var runID: String
  /// The warehouse's clock: the position never passes it (decision 4).
  public var positionLimit: Timestamp
  public var rows: RowBatch

  public init(
    workspace: String,
    sync: String,
    incarnation: UInt64 = 0,
    epoch: UInt64,
    number: UInt64,
    id: String,
    runID: String,
    positionLimit: Timestamp,
    rows: RowBatch
  ) {
    self.workspace = workspace
    self.sync = sync
    self.incarnation = incarnation
    self.epoch = epoch
    self.number = number
    self.id = id
    self.runID = runID
    self.positionLimit = positionLimit
    self.rows = rows
  }
}

/// The durable answer to one batch.
public struct BatchReceipt: Sendable, Equatable {
  public var number: UInt64
  public var id: String
  public var counts: RowCounts
  public var position: Timestamp?
  /// Rows stamped later than the warehouse's own clock.
  public var futureRows: Int64
  /// Rows applied with a warning.
  public var warnings: Int64

  public init(
    number: UInt64,
    id: String,
    counts: RowCounts,
    position: Timestamp?,
    futureRows: Int64,
    warnings: Int64
  ) {
    self.number = number
    self.id = id
    self.counts = counts
    self.position = position
    self.futureRows = futureRows
    self.warnings = warnings
  }
}

/// One of the five ways to name a user.
public enum ProfileIdentifier: Sendable, Equatable {
  case externalID(String)
  case alias(name: String, label: String)
  case brazeID(String)
  case email(String)
  case phone(String)
}

public struct ExportedProfile: Sendable, Equatable {
  public var brazeID: String
  /// Empty when it has none.
  public var externalID: String
  /// One JSON object, UTF-8.
  public var json: [UInt8]

  public init(brazeID: String, externalID: String, json: [UInt8]) {
    self.brazeID = brazeID
    self.externalID = externalID
    self.json = json
  }
}

public struct ProfileTotals: Sendable, Equatable {
  public var profiles: Int64
  public var events: Int64
  /// Purchase objects.
  public var purchases: Int64
  /// The sum of price times quantity, exact decimal text.
  public var revenue: String

  public init(profiles: Int64, events: Int64, purchases: Int64, revenue: String) {
    self.profiles = profiles
    self.events = events
    self.purchases = purchases
    self.revenue = revenue
  }
}
