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
  private var rejected: RejectedRows.Log
  private var counts = RowCounts()
  private var futureRows: Int64 = 0
  private var warnedRows: Int64 = 0

  /// Checks the fence and the batch's number, then applies it, or answers the receipt of a repeat.
  static func apply(
    _ batch: BatchToApply,
    policy: PayloadPolicy,
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
    var run = try BatchRun(batch, sync, workspace, policy: policy, world: world, connection)
    return try run.apply()
  }

  init(
    _ batch: BatchToApply,
    _ sync: SyncRecord,
    _ workspace: Workspace,
    policy: PayloadPolicy,
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
    let rejected = try RejectedRows.Log(sync, batch, now: world.now(), connection)
    let types = try AttributeTypes(workspace.id, connection)
    self.batch = batch
    self.sync = sync
    self.isEvaluation = isEvaluation
    self.policy = policy
    self.types = types
    changes = AttributeChanges(policy: policy)
    merger = AttributeMerger(limits: policy.limits)
    self.connection = connection
    self.ledger = ledger
    self.rejected = rejected
    now = world.now()
    profiles = ProfileSet(
      workspace,
      rows: batch.rows.count,
      seed: world.newID(),
      statements: statements
    )
  }

  private mutating func apply() throws -> BatchReceipt {
    let before = profiles.workspace
    try batch.rows.forEachRow { index, row in
      warnings.removeAll()
      let outcome = try outcome(of: row)
      counts.count(outcome)
      if row.updatedAt > batch.positionLimit { futureRows += 1 }
      switch outcome {
      case .rejected(let issue):
        try rejected.append(row, index: index, issue, isWarning: false)
      case .applied, .unchanged, .superseded:
        if !warnings.isEmpty { try logWarnings(row, index: index) }
      case .alreadyApplied, .skipped: break
      }
    }
    try profiles.flush()
    try ledger.finish(connection)
    if profiles.workspace != before { try profiles.workspace.save(connection) }
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

  /// A warning is not an error: the row counts as what it is, and its log has both.
  private mutating func logWarnings(_ row: SourceRow, index: Int) throws {
    warnedRows += 1
    for issue in warnings.issues {
      try rejected.append(row, index: index, issue, isWarning: true)
    }
  }

  private mutating func object(of row: SourceRow) throws -> JSONObject {
    try PayloadRules.object(of: row, scanner: &scanner, limits: policy.limits)
  }

  /// Rejected and skipped rows are in the ledger too: a run that reads them again must not reject
  /// them again.
  mutating func outcome(of row: SourceRow) throws -> RowOutcome {
    let fingerprint = RowFingerprint(row, sink: &sink)
    guard try ledger.admits(row.updatedAt, fingerprint) else { return .alreadyApplied }
    return try effect(of: row)
  }

  /// What the row does, whatever the ledger has.
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

  /// Where the row's user stands, for shared emails and phones: not in the future.
  func standing(_ row: SourceRow) -> Int64 {
    min(row.updatedAt, batch.positionLimit).nanoseconds
  }
}
