import SyncModel

/// The batches of a run that are not yet receipted: numbered, in order, a few at most.
///
/// It bounds the run's memory, and it is what is sent again when the writer went away: a batch keeps
/// its number and id until its receipt is here, so that the writer can tell a repeat (decision 3).
struct BatchWindow: Sendable {
  struct Batch: Sendable {
    var number: UInt64
    var id: String
    var rows: RowBatch
  }

  let capacity: Int
  private var nextNumber: UInt64
  /// The oldest first; the first `sent` of them are under way.
  private var batches: [Batch] = []
  private var sent = 0
  private(set) var isInputFinished = false

  init(firstNumber: UInt64, capacity: Int) {
    self.nextNumber = firstNumber
    self.capacity = max(1, capacity)
  }

  var hasRoom: Bool { batches.count < capacity }
  var isWaitingForReceipts: Bool { sent > 0 }
  /// Everything that will ever come in was sent.
  var isAllSent: Bool { isInputFinished && sent == batches.count }
  /// Everything that will ever come in was receipted.
  var isComplete: Bool { isInputFinished && batches.isEmpty }

  /// Takes a batch in and numbers it.
  /// - Returns: false when there is no room; then nothing changed.
  mutating func admit(_ rows: RowBatch, id: String) -> Bool {
    guard hasRoom, !isInputFinished else { return false }
    batches.append(Batch(number: nextNumber, id: id, rows: rows))
    nextNumber &+= 1
    return true
  }

  /// No more batches will come in.
  mutating func finishInput() { isInputFinished = true }

  /// The next batch to put on the wire; nil when all that are here were sent.
  mutating func nextToSend() -> Batch? {
    guard sent < batches.count else { return nil }
    defer { sent += 1 }
    return batches[sent]
  }

  /// The stream broke: everything without a receipt must be sent again, unchanged.
  mutating func sendAgain() { sent = 0 }

  /// The oldest batch is durable.
  /// - Throws: `Failure` `invalid_receipt` when the receipt is not the one that is due, or counts
  ///   what cannot be.
  mutating func accept(_ receipt: ReceivedReceipt) throws(Failure) -> BatchTally {
    guard sent > 0, let batch = batches.first, batch.number == receipt.number,
      batch.id == receipt.id
    else {
      throw Failure(
        "invalid_receipt",
        "the writer sent a receipt for batch \(receipt.number), which is not the one that is due; run the sync again",
        recovery: .failRun
      )
    }
    let counts = receipt.tally.counts
    // Whether they add up is the proof's matter (decision 6); here only that adding cannot overflow.
    let numbers = [
      counts.applied, counts.unchanged, counts.alreadyApplied, counts.superseded, counts.skipped,
      counts.rejected, receipt.tally.futureRows, receipt.tally.warnings,
    ]
    guard numbers.allSatisfy({ (0...Int64(UInt32.max)).contains($0) }) else {
      throw Failure(
        "invalid_receipt",
        "the writer's receipt for batch \(receipt.number) holds a count that cannot be; run the sync again",
        recovery: .failRun
      )
    }
    batches.removeFirst()
    sent -= 1
    return receipt.tally
  }
}

/// A receipt as the writer sent it.
struct ReceivedReceipt: Sendable, Equatable {
  var number: UInt64
  var id: String
  var tally: BatchTally
}
