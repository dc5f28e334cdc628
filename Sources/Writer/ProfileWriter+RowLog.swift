import Destination
import Logging
public import RPC
import ServiceLifecycle
import SyncModel
public import WriterAPI

/// The row log: which rows were rejected and why, what they held, and trying them again.
extension ProfileWriter {
  public func listRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws {
    try await list(request, withPayload: false, responses, context)
  }

  public func exportRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws {
    try await list(request, withPayload: true, responses, context)
  }

  private func list(
    _ request: ListRejectedRowsRequest,
    withPayload: Bool,
    _ responses: RPCWriter<RejectedRow>,
    _ context: ServerContext
  ) async throws {
    try RequestChecks.name(request.workspace, "workspace")
    try RequestChecks.name(request.sync, "sync")
    try await answering(context) {
      var left = request.limit == 0 ? nil : Int(request.limit)
      for name in destinations.names where left != 0 {
        let query = RowLogQuery(request, withPayload: withPayload, limit: left)
        try await destinations.destination(name).rejectedRows(query) { row in
          if let count = left { left = count - 1 }
          try await responses.write(RejectedRow(row))
        }
      }
    }
  }

  public func retryRows(
    _ request: RetryRowsRequest,
    responses: RPCWriter<RetriedRows>,
    context: ServerContext
  ) async throws {
    try RequestChecks.name(request.workspace, "workspace")
    try RequestChecks.name(request.sync, "sync")
    let retry = RowRetry(request, user: try RequestChecks.user(request))
    try await answering(context) {
      var total = RetriedRowCounts()
      for name in destinations.names {
        try await destinations.destination(name).retryRows(retry) { counts in
          total += counts
          try await responses.write(RetriedRows(counts))
        }
      }
      logger.info(
        "rows retried",
        metadata: [
          "workspace": "\(request.workspace)", "sync": "\(request.sync)",
          "applied": "\(total.outcomes.applied)", "rejected": "\(total.outcomes.rejected)",
        ]
      )
    }
  }

  // MARK: 30 days

  /// Deletes what is too old in the row logs (R130), now and every hour, until the task is cancelled or
  /// the process is to stop.
  public func forgetRowsWhenDue() async {
    await cancelWhenGracefulShutdown { await self.forgetRowsHourly() }
  }

  private func forgetRowsHourly() async {
    repeat {
      do {
        for name in destinations.names {
          let destination = try destinations.destination(name)
          // A short pause between portions: runs write to the same store.
          while try await destination.forgetExpiredRows() > 0 {
            try await Task.sleep(for: .milliseconds(20))
          }
        }
      } catch is CancellationError {
        return
      } catch {
        logger.error(
          "cannot delete what is too old in the row log",
          metadata: ["error": "\(error)"]
        )
      }
    } while (try? await Task.sleep(for: .seconds(3600))) != nil
  }
}
