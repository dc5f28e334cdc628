import RPC
import SyncModel
import Synchronization
import TestSupport
import WriterAPI

/// A writer in memory that keeps what the real one promises: the fence, the batch numbers, every
/// receipt, the multiset ledger and the position. A row whose payload is `reject` is rejected.
final class FakeWriter: WriterService {
  struct SyncState: Sendable {
    var incarnation: UInt64 = 0
    var epoch: UInt64 = 0
    var runID = ""
    var nextNumber: UInt64 = 1
    var position: Int64?
    var overlap: Int64 = 0
    var receipts: [UInt64: Receipt] = [:]
    /// How often each row version is applied, and was seen in this run.
    var ledger: [OwnedRow.Key: Int] = [:]
    var seen: [OwnedRow.Key: Int] = [:]
    var opens = 0
    /// Every batch that arrived, also repeats: number, id and rows.
    var arrivals: [(number: UInt64, id: String, rows: Int)] = []
    var openings: [OpenSyncRequest] = []
    var moves: [MovePositionRequest] = []
  }

  struct Script: Sendable {
    /// Called before a batch is applied.
    var beforeApply: @Sendable (ApplyBatchRequest) async throws -> Void = { _ in }
    /// Changes a receipt on its way out; what is stored stays.
    var receipt: @Sendable (Receipt) -> Receipt = { $0 }
    /// Answers evaluations; the fake's own rules are not those of profiles.
    var evaluate: @Sendable (EvaluateBatchRequest) async throws -> BatchEvaluation = {
      BatchEvaluation(applied: Int64($0.rows.count))
    }
    var explainUser: @Sendable (ExplainUserRequest) async throws -> UserExplanation = { _ in
      UserExplanation()
    }
    var beforeOpen: @Sendable (OpenSyncRequest) async throws -> Void = { _ in }
    var afterMove: @Sendable (MovePositionRequest) async throws -> Void = { _ in }
  }

  private let state = Mutex<[String: SyncState]>([:])
  private let scripts = Mutex(Script())

  var script: Script {
    get { scripts.withLock { $0 } }
    set { scripts.withLock { $0 = newValue } }
  }

  func sync(_ name: String) -> SyncState { state.withLock { $0[name] ?? SyncState() } }

  /// Rows that are applied, with copies.
  func appliedRows(_ name: String) -> Int { sync(name).ledger.values.reduce(0, +) }

  /// As if the process were started again: what is durable stays, the run's own count does not.
  func restart() {
    state.withLock { for name in $0.keys { $0[name]?.seen = [:] } }
  }

  func openSync(_ request: OpenSyncRequest, context: ServerContext) async throws
    -> OpenSyncResponse
  {
    try await script.beforeOpen(request)
    return try state.withLock { syncs in
      var sync = SyncState.of(request, syncs[request.sync])
      guard
        request.incarnation == sync.incarnation,
        request.epoch > sync.epoch || (request.epoch == sync.epoch && request.runId == sync.runID)
      else {
        throw RPCError(.failedPrecondition, "a newer run holds the sync", reason: "stale_epoch")
      }
      if request.epoch > sync.epoch { sync.seen = [:] }
      sync.epoch = request.epoch
      sync.runID = request.runId
      sync.overlap = request.overlapNs
      sync.opens += 1
      sync.openings.append(request)
      syncs[request.sync] = sync
      return OpenSyncResponse(
        nextBatchNumber: sync.nextNumber,
        position: sync.position,
        readFrom: sync.position.map { $0 - sync.overlap }
      )
    }
  }

  /// Forgets nothing, so that everything is recognised.
  func movePosition(
    _ request: MovePositionRequest,
    context: ServerContext
  ) async throws -> MovePositionResponse {
    let opening = request.opening ?? OpenSyncRequest()
    let response = try state.withLock { syncs in
      var sync = SyncState.of(opening, syncs[opening.sync])
      let response = MovePositionResponse(previous: sync.position)
      if request.dryRun { return response }
      guard
        opening.incarnation == sync.incarnation,
        opening.epoch > sync.epoch || (opening.epoch == sync.epoch && opening.runId == sync.runID)
      else { throw RPCError(.failedPrecondition, "a newer run holds it", reason: "stale_epoch") }
      sync.epoch = opening.epoch
      sync.runID = opening.runId
      sync.seen = [:]
      sync.position = request.position
      sync.moves.append(request)
      syncs[opening.sync] = sync
      return response
    }
    if !request.dryRun { try await script.afterMove(request) }
    return response
  }

  func applyBatches(
    _ requests: RPCReader<ApplyBatchRequest>,
    responses: RPCWriter<Receipt>,
    context: ServerContext
  ) async throws {
    while let request = try await requests.next() {
      try await responses.write(try await applyBatch(request, context: context))
    }
  }

  func applyBatch(_ request: ApplyBatchRequest, context: ServerContext) async throws -> Receipt {
    let script = script
    state.withLock {
      $0[request.sync]?.arrivals.append((request.batchNumber, request.batchId, request.rows.count))
    }
    try await script.beforeApply(request)
    let receipt = try state.withLock { syncs -> Receipt in
      guard var sync = syncs[request.sync] else {
        throw RPCError(.failedPrecondition, "open the sync first", reason: "sync_not_open")
      }
      guard request.incarnation == sync.incarnation, request.epoch == sync.epoch,
        request.runId == sync.runID
      else {
        throw RPCError(.failedPrecondition, "a newer run holds the sync", reason: "stale_epoch")
      }
      if let stored = sync.receipts[request.batchNumber], stored.batchId == request.batchId {
        return stored
      }
      guard request.batchNumber == sync.nextNumber else {
        throw RPCError(
          .failedPrecondition,
          "expected batch \(sync.nextNumber)",
          reason: "unexpected_batch"
        )
      }
      let receipt = sync.apply(request)
      syncs[request.sync] = sync
      return receipt
    }
    return script.receipt(receipt)
  }

  func listRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws { throw unused }
  func exportRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws { throw unused }
  func retryRows(
    _ request: RetryRowsRequest,
    responses: RPCWriter<RetriedRows>,
    context: ServerContext
  ) async throws { throw unused }
  func getProfile(_ request: GetProfileRequest, context: ServerContext) async throws -> Profile {
    throw unused
  }
  func explainAttribute(
    _ request: ExplainAttributeRequest,
    context: ServerContext
  ) async throws -> AttributeOrigins { throw unused }
  func evaluateBatch(
    _ request: EvaluateBatchRequest,
    context: ServerContext
  ) async throws -> BatchEvaluation { try await script.evaluate(request) }
  func explainUser(
    _ request: ExplainUserRequest,
    context: ServerContext
  ) async throws -> UserExplanation { try await script.explainUser(request) }
  func exportProfiles(
    _ request: ExportProfilesRequest,
    responses: RPCWriter<Profile>,
    context: ServerContext
  ) async throws { throw unused }
  func countProfiles(_ request: CountProfilesRequest, context: ServerContext) async throws
    -> ProfileCounts
  { throw unused }

  private var unused: RPCError { RPCError(.unimplemented, "the orchestrator does not call this") }
}

extension FakeWriter.SyncState {
  /// What an opening finds: of a newer incarnation, a sync that was never opened.
  fileprivate static func of(_ opening: OpenSyncRequest, _ known: Self?) -> Self {
    if let known, known.incarnation >= opening.incarnation { return known }
    var new = Self()
    new.incarnation = opening.incarnation
    return new
  }

  fileprivate mutating func apply(_ request: ApplyBatchRequest) -> Receipt {
    var receipt = Receipt(batchNumber: request.batchNumber, batchId: request.batchId)
    var position = self.position
    for row in request.rows.ownedRows {
      let stamp = row.updatedAt.nanoseconds
      if stamp > request.positionLimit {
        receipt.futureRows += 1
      } else {
        position = max(position ?? .min, stamp)
      }
      let key = OwnedRow.Key(row)
      seen[key, default: 0] += 1
      if seen[key, default: 0] <= ledger[key, default: 0] {
        receipt.alreadyApplied += 1
      } else if row.payload == Array("reject".utf8) {
        receipt.rejected += 1
      } else {
        ledger[key, default: 0] += 1
        receipt.applied += 1
      }
    }
    self.position = position
    receipt.position = position
    receipts[request.batchNumber] = receipt
    nextNumber += 1
    return receipt
  }
}

extension OwnedRow {
  struct Key: Hashable, Sendable {
    var updatedAt: Int64
    var identifier: [UInt8]
    var payload: [UInt8]

    init(_ row: OwnedRow) {
      updatedAt = row.updatedAt.nanoseconds
      identifier = row.externalID ?? []
      payload = row.payload ?? []
    }
  }
}
