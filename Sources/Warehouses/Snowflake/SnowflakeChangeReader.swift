import SyncModel
import Synchronization
import Warehouse

/// The rows of a run as batches.
///
/// Safety: used by one task at a time, as `ChangeReader` is; only `close` may come from another one,
/// and touches what is made for it.
final class SnowflakeChangeReader: ChangeReader, @unchecked Sendable {
  let warehouseTime: Timestamp
  private let result: SnowflakeResult
  private let shape: SnowflakeRowShape
  private let source: String
  private var builder = RowBatchBuilder()
  private var hasEnded = false
  private let isClosed = Atomic(false)

  init(_ result: SnowflakeResult, _ changes: SnowflakeChanges) {
    self.result = result
    warehouseTime = result.startedAt
    shape = SnowflakeRowShape(changes)
    source = changes.source.name
  }

  var columns: [SourceColumn] { shape.columns }

  var reportedRowCount: Int64? { get async { hasEnded ? result.rowCount : nil } }

  func nextBatch() async throws -> RowBatch? {
    try Task.checkCancellation()
    guard !hasEnded else { return nil }
    do {
      guard !isClosed.load(ordering: .acquiring) else { throw closedFailure }
      hasEnded = try await !result.read { cells in
        guard let row = try shape.row(cells) else { throw SnowflakeRowShape.badInstant }
        builder.append(row)
        return !builder.isFull
      }
      let batch = builder.take()
      return batch.isEmpty ? nil : batch
    } catch {
      // A transfer that close ended is not this task's cancellation.
      if error is CancellationError, !Task.isCancelled { throw closedFailure }
      throw error
    }
  }

  /// Ends the reading, from any task.
  func close() {
    isClosed.store(true, ordering: .releasing)
    result.close()
  }

  private var closedFailure: Failure {
    Failure(
      "connection_closed",
      "the connection was closed while \(source) was being read",
      recovery: .failRun
    )
  }
}
