import Destination
import RPC
import SyncModel
import Synchronization

/// What is broken on purpose, to see that the checker notices.
enum Mutation: String, Sendable, CaseIterable {
  /// A batch of a run that was replaced is applied all the same.
  case fenceOff
  /// The next run starts where the last one had read to, whether that was applied or not.
  case cursorAtReadTime
  /// The ledger knows which versions were applied, not how often.
  case ledgerIsASet
  /// The writer does not know that a sync was made again, as it was before there were incarnations.
  case incarnationUnknown
  /// A batch of a deleted sync's run is applied to the one that was made after it.
  case formerPasses
}

/// The real store behind a witness of the order in which things happened there (I4, I5); with a
/// mutation, a faulty one.
final class WatchedDestination: Destination {
  struct Seen: Sendable {
    var incarnation: UInt64 = 0
    var epoch: UInt64 = 0
    var runID = ""
    var nextBatch: UInt64 = 0
    var position: Timestamp?
    var overlap: Int64 = 0
    var batches = 0
    var repeats = 0
    var refusals = 0
    var violations: [String] = []
  }

  private let inner: any Destination
  private let database: MortalDatabase
  private let table: SourceTable
  private let mutation: Mutation?
  private let state = Mutex(Seen())

  init(
    _ inner: any Destination,
    _ database: MortalDatabase,
    _ table: SourceTable,
    _ mutation: Mutation?
  ) {
    self.inner = inner
    self.database = database
    self.table = table
    self.mutation = mutation
  }

  var seen: Seen { state.withLock { $0 } }

  func open(_ opening: SyncOpening) async throws -> SyncPosition {
    var opening = opening
    if mutation == .incarnationUnknown { opening.incarnation = 0 }
    var answer = try await mortal { [opening] in try await inner.open(opening) }
    state.withLock { seen in
      seen.require(opening.incarnation >= seen.incarnation, "I5: a deleted sync was opened")
      if opening.incarnation > seen.incarnation {
        // Made again: nothing is known of it.
        (seen.incarnation, seen.epoch, seen.nextBatch, seen.position) =
          (opening.incarnation, 0, 0, nil)
        seen.require(answer.position == nil, "a sync that was made again has a position")
      }
      // The same opening again is answered as before.
      if opening.epoch > seen.epoch {
        seen.require(answer.nextBatchNumber >= seen.nextBatch, "I4: the batch number fell")
        seen.require(
          answer.position ?? .earliest >= seen.position ?? .earliest,
          "I4: the position fell"
        )
        seen.nextBatch = answer.nextBatchNumber
        seen.position = answer.position
      }
      seen.require(opening.epoch >= seen.epoch, "I5: a stale epoch was opened")
      (seen.epoch, seen.runID, seen.overlap) = (opening.epoch, opening.runID, opening.overlap)
    }
    if mutation == .cursorAtReadTime, let read = table.now.lastRead {
      let from = Timestamp(nanoseconds: read - opening.overlap)
      answer.readFrom = max(answer.readFrom ?? .earliest, from)
    }
    return answer
  }

  func apply(_ batch: BatchToApply) async throws -> BatchReceipt {
    var batch = batch
    if mutation == .incarnationUnknown { batch.incarnation = 0 }
    // As known when the batch came: a higher epoch may be opened while it is applied.
    let known = seen
    do {
      let receipt = try await mortal { [batch] in try await inner.apply(batch) }
      if (batch.incarnation, batch.epoch) < (known.incarnation, known.epoch) {
        state.withLock { $0.violations.append("I5: a batch of a stale epoch was taken") }
      }
      note(batch, receipt)
      return receipt
    } catch let failure as Failure
      where ["stale_epoch", "unexpected_batch", "sync_not_open"].contains(failure.code)
    {
      state.withLock { $0.refusals += 1 }
      let seen = seen
      let isForced =
        mutation == .fenceOff
        || (mutation == .formerPasses && batch.incarnation < seen.incarnation)
      guard isForced else { throw failure }
      // As the sync stands: the number counts on, whoever sends.
      var forced = batch
      forced.incarnation = seen.incarnation
      (forced.epoch, forced.runID, forced.number) = (seen.epoch, seen.runID, seen.nextBatch)
      var receipt = try await mortal { [forced] in try await inner.apply(forced) }
      note(forced, receipt)
      receipt.number = batch.number
      return receipt
    }
  }

  func rejectedRows(
    _ query: RowLogQuery,
    _ body: (RowRejection) async throws -> Void
  ) async throws { try await inner.rejectedRows(query, body) }

  func rejectedRows(
    workspace: String,
    sync: String,
    incarnation: UInt64,
    of user: ProfileIdentifier,
    limit: Int
  ) async throws -> [RowRejection] {
    try await inner.rejectedRows(
      workspace: workspace,
      sync: sync,
      incarnation: incarnation,
      of: user,
      limit: limit
    )
  }

  func evaluate(_ batch: BatchToEvaluate) async throws -> BatchEffects {
    try await inner.evaluate(batch)
  }

  func move(_ move: PositionMove) async throws -> PositionMoved { try await inner.move(move) }

  func retryRows(_ retry: RowRetry, _ body: (RetriedRowCounts) async throws -> Void) async throws {
    try await inner.retryRows(retry, body)
  }

  func forgetExpiredRows() async throws -> Int { try await inner.forgetExpiredRows() }

  private func note(_ batch: BatchToApply, _ receipt: BatchReceipt) {
    state.withLock { seen in
      guard batch.number >= seen.nextBatch else {
        seen.repeats += 1
        return
      }
      seen.batches += 1
      seen.nextBatch = batch.number + 1
      seen.require(
        receipt.position ?? .earliest >= seen.position ?? .earliest,
        "I4: the position fell with a batch"
      )
      seen.require(receipt.counts.total == Int64(batch.rows.count), "I8: a receipt's counts")
      seen.position = receipt.position
    }
  }

  /// A process that died is, for its caller, a connection that was lost.
  private func mortal<T>(_ body: () async throws -> T) async throws -> T {
    do { return try await body() } catch is WriterDied {
      throw RPCError(.unavailable, "connection reset by peer")
    }
  }
}

extension WatchedDestination.Seen {
  fileprivate mutating func require(_ holds: Bool, _ what: String) {
    if !holds { violations.append(what) }
  }
}
