import OrchestratorAPI
import RPC
import SyncModel
import Warehouse
import WriterAPI

extension RunExecutor {
  /// Reads as a run would and has the writer look at each batch. The sync is not opened, so that no
  /// fence is raised.
  ///
  /// One transaction at the writer for all of it would hold every other sync up, so each batch has its
  /// own, which is rolled back: it sees the profiles as they are, not what the batches before it would
  /// have made of them. The run's warnings say so where there is more than one.
  func look(over connection: any WarehouseConnection) async throws -> RunEnding {
    live.change { $0.enter(.querying) }
    let standing = try await evaluate(EvaluateBatchRequest(job.sync))
    let position = standing.position.map(Timestamp.init(nanoseconds:))
    live.change { $0.opened(at: position) }
    let reader = try await connection.readChanges(
      job.sync.selection,
      data: job.sync.data,
      from: standing.readFrom.map(Timestamp.init(nanoseconds:))
    )
    live.change { $0.enter(.reading) }
    do {
      while let batch = try await reader.nextBatch() {
        if batch.isEmpty { continue }
        if let ending = live.change({ $0.read(rows: batch.count, bytes: batch.byteCount) }) {
          return ending
        }
        var request = EvaluateBatchRequest(job.sync)
        request.positionLimit = reader.warehouseTime.nanoseconds
        request.rows = batch
        request.detailLimit = UInt32(clamping: live.missingDifferences)
        let evaluation = try await evaluate(request)
        live.add(evaluation.rows.map { RowDifference($0) })
        if let problem = live.change({ $0.receipted(BatchTally(evaluation, at: position)) }) {
          return .failed(problem)
        }
      }
      let reported = await reader.reportedRowCount
      live.change {
        $0.reported(rows: reported)
        $0.enter(.finishing)
      }
      return .completed
    } catch let error as RPCError {
      throw error
    } catch {
      try Task.checkCancellation()
      return .failed(failure(error, of: "warehouse"))
    }
  }

  private func evaluate(_ request: EvaluateBatchRequest) async throws -> BatchEvaluation {
    try await retrying(
      configuration.peerRetry,
      while: { ($0 as? RPCError)?.isTransient == true }
    ) {
      try await writer.evaluateBatch(
        request,
        options: CallOptions(timeout: configuration.callTimeout)
      )
    }
  }
}

extension BatchTally {
  /// - Parameter position: where the sync stands, and stays.
  fileprivate init(_ evaluation: BatchEvaluation, at position: Timestamp?) {
    var counts = RowCounts()
    counts.applied = evaluation.applied
    counts.unchanged = evaluation.unchanged
    counts.alreadyApplied = evaluation.alreadyApplied
    counts.superseded = evaluation.superseded
    counts.skipped = evaluation.skipped
    counts.rejected = evaluation.rejected
    self.init(
      counts: counts,
      position: position,
      futureRows: evaluation.futureRows,
      warnings: evaluation.warnings
    )
  }
}
