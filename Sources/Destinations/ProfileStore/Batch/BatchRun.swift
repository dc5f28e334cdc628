import Destination
import SQLDatabase
import SyncModel

/// One batch inside its transaction: rows to profiles, ledger, position and receipt.
struct BatchRun: ~Copyable {
  let connection: any SQLConnection
  var sync: SyncRecord
  let batch: BatchToApply
  let now: Timestamp
  var profiles: ProfileSet
  let policy: PayloadPolicy
  var types: AttributeTypes
  var changes: AttributeChanges
  var merger: AttributeMerger
  /// What the row at hand is applied without.
  var warnings = RowWarnings()
  var sink = ByteSink(capacity: 4096)
  var text = ByteSink(capacity: 256)
  var properties = ByteSink(capacity: 1024)
  /// What is seen of the row at hand; nil where nobody looks.
  var trace: RowTrace?
  /// The transaction is rolled back: single events and purchases, which no row of the batch looks at,
  /// are not written at all.
  let isEvaluation: Bool
  var ledger: RowLedger
  private var scanner = JSONScanner()
  private var log: RowLog
  /// Of the row at hand.
  private var version = RowVersion(
    updatedAt: Timestamp(nanoseconds: 0),
    fingerprint: .none
  )
  /// A row of the log is applied again, not one of a run.
  let isRetry: Bool
  private let totalsBefore: Workspace
  private var counts = RowCounts()
  private var futureRows: Int64 = 0
  private var warnedRows: Int64 = 0

  /// Checks the fence and the batch's number, then applies it, or answers the receipt of a repeat.
  static func apply(
    _ batch: BatchToApply,
    policy: PayloadPolicy,
    rowLog: RowLogOptions,
    world: World,
    _ connection: any SQLConnection
  ) throws -> BatchReceipt {
    guard let workspace = try Workspace.find(batch.workspace, connection),
      let sync = try SyncRecord.find(workspace: workspace.id, name: batch.sync, connection)
    else { throw SyncFence.notOpen(batch) }
    try SyncFence.check(batch, sync)
    guard batch.number == sync.nextBatch else {
      if batch.number < sync.nextBatch,
        let receipt = try Receipts.find(
          sync: sync.id,
          number: batch.number,
          id: batch.id,
          connection
        )
      {
        return receipt
      }
      throw Failure(
        "unexpected_batch",
        "Sync \(batch.sync) expects batch \(sync.nextBatch), not batch \(batch.number) with this id",
        recovery: .failRun
      )
    }
    var run = try BatchRun(
      batch,
      sync,
      workspace,
      policy: policy,
      rowLog: rowLog,
      world: world,
      connection
    )
    return try run.apply()
  }

  /// - Parameter isRetry: the rows come from the log: call `retry` for each, then `finishRetry`.
  init(
    _ batch: BatchToApply,
    _ sync: SyncRecord,
    _ workspace: Workspace,
    isRetry: Bool = false,
    policy: PayloadPolicy,
    rowLog: RowLogOptions,
    world: World,
    isEvaluation: Bool = false,
    _ connection: any SQLConnection
  ) throws {
    var sync = sync
    // The position never falls. Rows from the future do not move it, not even up to the warehouse's
    // clock (design, decision 4): rows that are committed late would fall behind it.
    if let reached = batch.rows.lastUpdatedAt(notAfter: batch.positionLimit) {
      sync.position = sync.position.map { max($0, reached) } ?? reached
    }
    let ledger = try RowLedger(
      sync,
      limit: batch.positionLimit,
      floorAfter: sync.floor(at: sync.position),
      connection
    )
    let statements = try ProfileStatements(connection)
    let now = world.now()
    let log = try RowLog(
      sync,
      limit: batch.positionLimit,
      options: rowLog,
      now: now,
      connection
    )
    let types = try AttributeTypes(workspace.id, connection)
    self.batch = batch
    self.sync = sync
    self.isEvaluation = isEvaluation
    self.policy = policy
    self.types = types
    changes = AttributeChanges(policy: policy)
    merger = AttributeMerger(limits: policy.limits)
    merger.yieldsTies = isRetry
    self.connection = connection
    self.ledger = ledger
    self.log = log
    self.now = now
    self.isRetry = isRetry
    totalsBefore = workspace
    profiles = ProfileSet(
      workspace,
      rows: batch.rows.count,
      seed: world.newID(),
      statements: statements
    )
  }

  private mutating func apply() throws -> BatchReceipt {
    try batch.rows.forEachRow { index, row in
      warnings.removeAll()
      let outcome = try outcome(of: row)
      counts.count(outcome)
      if row.updatedAt > batch.positionLimit { futureRows += 1 }
      let place = RowPlace(
        sync: sync.id,
        runID: batch.runID,
        batch: batch.number,
        index: index
      )
      if case .rejected(let issue) = outcome {
        try log.append(row, &version, at: place, issue)
      } else {
        try logWarnings(row, outcome, at: place)
      }
    }
    try finish()
    try ledger.finish(connection)
    sync.ledgerFloor = sync.floor(at: sync.position)
    sync.nextBatch += 1
    try sync.saveProgress(connection)
    let receipt = BatchReceipt(
      number: batch.number,
      id: batch.id,
      counts: counts,
      position: sync.position,
      futureRows: futureRows,
      warnings: warnedRows
    )
    try Receipts.save(receipt, sync: sync.id, connection)
    return receipt
  }

  /// Writes the profiles and the workspace's totals, and what the log added up.
  private mutating func finish() throws {
    try profiles.flush()
    try log.finish()
    if profiles.workspace != totalsBefore { try profiles.workspace.save(connection) }
  }

  /// A warning is not an error: the row counts as what it is, and its log has both.
  private mutating func logWarnings(
    _ row: SourceRow,
    _ outcome: RowOutcome,
    at place: RowPlace
  ) throws {
    switch outcome {
    case .applied, .unchanged, .superseded:
      guard !warnings.isEmpty else { return }
      warnedRows += 1
      for issue in warnings.issues { try log.appendWarning(row, at: place, issue) }
    case .alreadyApplied, .skipped, .rejected: break
    }
  }

  private mutating func object(of row: SourceRow) throws -> JSONObject {
    try PayloadRules.object(of: row, scanner: &scanner, limits: policy.limits)
  }

  /// Rejected and skipped rows are in the ledger too: a run that reads them again must not reject
  /// them again.
  mutating func outcome(of row: SourceRow) throws -> RowOutcome {
    let fingerprint = RowFingerprint(row, sink: &sink)
    guard case .new(let copy) = try ledger.admit(row.updatedAt, fingerprint) else {
      return .alreadyApplied
    }
    version = RowVersion(updatedAt: row.updatedAt, fingerprint: fingerprint, copy: copy)
    guard log.mayHold(row.updatedAt) else { return try effect(of: row) }
    // The ledger has forgotten the row, or never knew it, and the log may know it from an earlier run.
    if sync.data.addsUp, try log.wasRetried(&version) { return .alreadyApplied }
    let outcome = try effect(of: row)
    if !outcome.isRejection { try log.settle(&version, outcome, runID: batch.runID) }
    return outcome
  }

  /// What the row does, whoever brings it.
  mutating func effect(of row: SourceRow) throws -> RowOutcome {
    do {
      let identified = try IdentifiedRow(row, data: sync.data)
      switch sync.data {
      case .attributes: return try setAttributes(identified, row, object(of: row))
      case .events: return try addEvent(identified, row, object(of: row))
      case .purchases: return try addPurchase(identified, row, object(of: row))
      case .deletes: return try delete(identified, row)
      }
    } catch let issue as RowIssue {
      return .rejected(issue)
    }
  }

  // MARK: Retrying

  /// Applies a row of the log again, and has its entries say what became of it. The ledger is not
  /// asked: it has known the row since it was read.
  /// - Returns: and whether a value was left out.
  mutating func retry(
    _ row: SourceRow,
    _ logged: RowVersion,
    at place: RowPlace
  ) throws -> (outcome: RowOutcome, isWarned: Bool) {
    warnings.removeAll()
    version = logged
    let before = warnedRows
    let outcome = try effect(of: row)
    if case .rejected(let issue) = outcome {
      try log.rejectAgain(&version, issue)
    } else {
      try log.settle(&version, outcome, runID: nil)
      try logWarnings(row, outcome, at: place)
    }
    return (outcome, warnedRows > before)
  }

  mutating func finishRetry() throws { try finish() }

  /// Where the row's user stands, for shared emails and phones: not in the future.
  func standing(_ row: SourceRow) -> Int64 {
    min(row.updatedAt, batch.positionLimit).nanoseconds
  }
}

extension DataType {
  /// What is applied twice counts twice.
  fileprivate var addsUp: Bool { self == .events || self == .purchases }
}

extension RowOutcome {
  fileprivate var isRejection: Bool {
    if case .rejected = self { true } else { false }
  }
}
