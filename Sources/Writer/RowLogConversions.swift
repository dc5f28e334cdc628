import Destination
import SyncModel
import WriterAPI

extension RowLogQuery {
  init(_ request: ListRejectedRowsRequest, withPayload: Bool, limit: Int?) {
    self.init(
      workspace: request.workspace,
      sync: request.sync,
      runID: request.runId.isEmpty ? nil : request.runId,
      code: request.code.isEmpty ? nil : request.code,
      withWarnings: request.warnings,
      onlyOpen: request.open,
      withPayload: withPayload,
      limit: limit
    )
  }
}

extension RejectedRow {
  init(_ row: RowRejection) {
    self.init(
      runId: row.runID,
      batchNumber: row.batchNumber,
      rowIndex: UInt32(clamping: row.rowIndex),
      updatedAt: row.updatedAt.nanoseconds,
      identifier: row.identifier,
      code: row.issue.code,
      message: row.issue.message,
      rejectedAt: row.rejectedAt.nanoseconds,
      warning: row.isWarning,
      retryable: row.isRetryable,
      retriedAt: row.retriedAt?.nanoseconds,
      outcome: row.resolution?.outcome ?? "",
      outcomeAt: row.resolution?.at.nanoseconds,
      outcomeRunId: row.resolution?.runID ?? "",
      payload: row.payload
    )
  }
}

extension RowRetry {
  init(_ request: RetryRowsRequest, user: ProfileIdentifier?) {
    self.init(
      workspace: request.workspace,
      sync: request.sync,
      runID: request.runId.isEmpty ? nil : request.runId,
      code: request.code.isEmpty ? nil : request.code,
      user: user
    )
  }
}

extension RetriedRows {
  init(_ counts: RetriedRowCounts) {
    self.init(
      applied: counts.outcomes.applied,
      unchanged: counts.outcomes.unchanged,
      superseded: counts.outcomes.superseded,
      skipped: counts.outcomes.skipped,
      rejected: counts.outcomes.rejected,
      warnings: counts.warnings,
      notKept: counts.notKept,
      unreadable: counts.sealedOtherwise + counts.damaged
    )
  }
}
