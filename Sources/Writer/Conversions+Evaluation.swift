import Destination
import SyncModel
import WriterAPI

extension BatchToEvaluate {
  init(_ request: EvaluateBatchRequest, data: SyncModel.DataType) {
    self.init(
      workspace: request.workspace,
      sync: request.sync,
      incarnation: request.incarnation,
      data: data,
      overlap: request.overlapNs,
      updateExistingOnly: request.updateExistingOnly,
      skipsUnchanged: !request.applyUnchanged,
      positionLimit: Timestamp(nanoseconds: request.positionLimit),
      rows: request.rows,
      detailLimit: Int(request.detailLimit),
      explains: request.explain
    )
  }
}

extension BatchEvaluation {
  init(_ evaluation: BatchEffects) {
    self.init(
      applied: evaluation.counts.applied,
      unchanged: evaluation.counts.unchanged,
      alreadyApplied: evaluation.counts.alreadyApplied,
      superseded: evaluation.counts.superseded,
      skipped: evaluation.counts.skipped,
      rejected: evaluation.counts.rejected,
      position: evaluation.position.position?.nanoseconds,
      readFrom: evaluation.position.readFrom?.nanoseconds,
      futureRows: evaluation.futureRows,
      warnings: evaluation.warnings,
      rows: evaluation.rows.map { RowEvaluation($0) }
    )
  }
}

extension RowEvaluation {
  init(_ row: RowEffect) {
    let issue = row.outcome.issue ?? row.skipReason
    self.init(
      rowIndex: UInt32(clamping: row.rowIndex),
      updatedAt: row.updatedAt.nanoseconds,
      identifier: row.identifier,
      outcome: row.outcome.name,
      code: issue?.code ?? "",
      message: issue?.message ?? "",
      known: row.isKnown,
      brazeId: row.brazeID,
      externalId: row.externalID,
      createsProfile: row.createsProfile,
      deletesProfile: row.deletesProfile,
      attributes: row.attributes.map { AttributeDifference($0) },
      activity: row.activity,
      setBySync: row.setBy?.sync ?? "",
      setByRun: row.setBy?.runID ?? "",
      warnings: row.warnings.map(\.message)
    )
  }
}

extension AttributeDifference {
  init(_ attribute: AttributeEffect) {
    self.init(
      name: attribute.name,
      oldValue: attribute.oldValue,
      newValue: attribute.newValue,
      setAt: attribute.setAt?.nanoseconds,
      setBySync: attribute.setBy?.sync ?? "",
      setByRun: attribute.setBy?.runID ?? ""
    )
  }
}

extension RowOutcome {
  fileprivate var issue: RowIssue? {
    guard case .rejected(let issue) = self else { return nil }
    return issue
  }
}
