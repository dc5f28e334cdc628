import RPC
import SyncModel
import Synchronization
import WriterAPI

/// Sends a run's batches to the writer, a few ahead of their receipts, and again when the writer
/// went away in between.
///
/// One task hands batches in (`submit`), another runs `run`.
final class BatchDelivery: Sendable {
  /// What every batch of the run carries.
  struct Address: Sendable {
    var workspace: String
    var sync: String
    var incarnation: UInt64 = 0
    var epoch: UInt64
    var runID: String
    /// The warehouse's clock: the position never passes it (decision 4).
    var positionLimit: Timestamp
  }

  private let address: Address
  private let writer: WriterClient
  private let retry: RetryPolicy
  private let stallLimit: Duration
  private let newID: @Sendable () -> String
  /// Opens the sync at the writer again, with the same epoch: for a writer that forgot it.
  private let reopen: @Sendable () async throws -> Void
  private let onReceipt: @Sendable (BatchTally) -> Void

  private let window: Mutex<BatchWindow>
  /// For the task that hands batches in: there is room.
  private let room = Wakeup()
  /// For the task that sends: there is a batch, or the end.
  private let work = Wakeup()
  private let progress = Mutex(Progress())

  private struct Progress {
    var receipts: UInt64 = 0
    /// When the last receipt came, or none was owed.
    var at = ContinuousClock.now
  }

  init(
    _ address: Address,
    firstNumber: UInt64,
    writer: WriterClient,
    configuration: OrchestratorConfiguration,
    newID: @escaping @Sendable () -> String,
    reopen: @escaping @Sendable () async throws -> Void,
    onReceipt: @escaping @Sendable (BatchTally) -> Void
  ) {
    self.address = address
    self.writer = writer
    self.retry = configuration.peerRetry
    self.stallLimit = configuration.stallLimit
    self.newID = newID
    self.reopen = reopen
    self.onReceipt = onReceipt
    window = Mutex(
      BatchWindow(firstNumber: firstNumber, capacity: configuration.batchesInFlight)
    )
  }

  /// Takes a batch over; suspends while too many wait for their receipts.
  func submit(_ rows: RowBatch) async throws {
    let id = newID()
    while !window.withLock({ $0.admit(rows, id: id) }) {
      try Task.checkCancellation()
      await room.wait()
    }
    work.signal()
  }

  /// No more batches will come.
  func finishInput() {
    window.withLock { $0.finishInput() }
    work.signal()
  }

  /// Delivers everything that is submitted, until the input is finished and all is receipted.
  /// - Throws: `Failure` when the writer refuses or stays away; what was receipted stays durable.
  func run() async throws {
    var budget = RetryBudget(retry)
    while true {
      let before = progress.withLock { $0.receipts }
      do {
        try await stream()
        if window.withLock({ $0.isComplete }) { return }
        throw RPCError(.unavailable, "the stream of receipts ended early")
      } catch {
        // A status that arrives after the last receipt takes nothing back.
        if window.withLock({ $0.isComplete }) { return }
        try Task.checkCancellation()
        let wasForgotten = (error as? RPCError)?.reason == Fencing.syncNotOpen
        guard wasForgotten || (error as? RPCError)?.isTransient == true else {
          throw failure(error, of: "writer")
        }
        if progress.withLock({ $0.receipts }) != before { budget.succeeded() }
        guard let delay = budget.delay(after: ContinuousClock.now) else {
          throw failure(error, of: "writer")
        }
        try await Task.sleep(for: delay)
        if wasForgotten { try await reopenSync() }
        window.withLock { $0.sendAgain() }
      }
    }
  }

  /// A transient failure here is met again, and counted, by the next stream.
  private func reopenSync() async throws {
    do { try await reopen() } catch {
      guard (error as? RPCError)?.isTransient == true else { throw failure(error, of: "writer") }
    }
  }

  private enum Part: Sendable {
    case sent((any Error)?)
    case received
    case watched
  }

  /// One stream of batches and receipts.
  private func stream() async throws {
    progress.withLock { $0.at = ContinuousClock.now }
    try await writer.applyBatches { batches, finish, receipts in
      try await withThrowingTaskGroup(of: Part.self) { group in
        group.addTask { .sent(await self.send(to: batches, finish)) }
        group.addTask {
          while let receipt = try await receipts.next() { try self.accept(receipt) }
          return .received
        }
        group.addTask {
          try await self.watchForStall()
          return .watched
        }
        defer { group.cancelAll() }
        while let part = try await group.next() {
          switch part {
          // The call's status, which says why, comes through the receipts, if it comes.
          case .sent(let error):
            guard let error else { continue }
            group.addTask {
              try await Task.sleep(for: .seconds(5))
              throw error
            }
          case .received: return
          case .watched: break
          }
        }
      }
    }
  }

  /// - Returns: why sending ended before the end.
  private func send(
    to batches: RPCWriter<ApplyBatchRequest>,
    _ finish: @Sendable () async throws -> Void
  ) async -> (any Error)? {
    do {
      while let batch = try await nextToSend() {
        try await batches.write(
          ApplyBatchRequest(
            workspace: address.workspace,
            sync: address.sync,
            epoch: address.epoch,
            batchNumber: batch.number,
            batchId: batch.id,
            runId: address.runID,
            positionLimit: address.positionLimit.nanoseconds,
            rows: batch.rows,
            incarnation: address.incarnation
          )
        )
      }
      try await finish()
      return nil
    } catch {
      return error
    }
  }

  /// nil when everything was sent and nothing more will come.
  private func nextToSend() async throws -> BatchWindow.Batch? {
    while true {
      let (batch, isDone) = window.withLock { ($0.nextToSend(), $0.isAllSent) }
      if let batch { return batch }
      if isDone { return nil }
      try Task.checkCancellation()
      await work.wait()
    }
  }

  private func accept(_ receipt: Receipt) throws {
    let received = ReceivedReceipt(receipt)
    let tally: BatchTally = try window.withLock { window throws(Failure) in
      try window.accept(received)
    }
    progress.withLock {
      $0.receipts &+= 1
      $0.at = ContinuousClock.now
    }
    onReceipt(tally)
    room.signal()
  }

  /// A writer that is there but says nothing must not hold a run for ever.
  private func watchForStall() async throws {
    while true {
      try await Task.sleep(for: min(stallLimit, .seconds(1)))
      guard window.withLock({ $0.isWaitingForReceipts }) else {
        progress.withLock { $0.at = ContinuousClock.now }
        continue
      }
      if progress.withLock({ $0.at }).duration(to: ContinuousClock.now) > stallLimit {
        throw RPCError(.deadlineExceeded, "no receipt came for \(stallLimit.components.seconds) s")
      }
    }
  }
}

extension ReceivedReceipt {
  init(_ receipt: Receipt) {
    var counts = RowCounts()
    counts.applied = receipt.applied
    counts.unchanged = receipt.unchanged
    counts.alreadyApplied = receipt.alreadyApplied
    counts.superseded = receipt.superseded
    counts.skipped = receipt.skipped
    counts.rejected = receipt.rejected
    self.init(
      number: receipt.batchNumber,
      id: receipt.batchId,
      tally: BatchTally(
        counts: counts,
        position: receipt.position.map(Timestamp.init(nanoseconds:)),
        futureRows: receipt.futureRows,
        warnings: receipt.warnings
      )
    )
  }
}
