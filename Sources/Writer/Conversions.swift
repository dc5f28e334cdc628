import Destination
import SyncModel
import WriterAPI

extension SyncOpening {
  init(_ request: OpenSyncRequest, data: SyncModel.DataType) {
    self.init(
      workspace: request.workspace,
      sync: request.sync,
      incarnation: request.incarnation,
      epoch: request.epoch,
      runID: request.runId,
      data: data,
      overlap: request.overlapNs,
      updateExistingOnly: request.updateExistingOnly,
      skipsUnchanged: !request.applyUnchanged
    )
  }
}

extension BatchToApply {
  init(_ request: ApplyBatchRequest) {
    self.init(
      workspace: request.workspace,
      sync: request.sync,
      incarnation: request.incarnation,
      epoch: request.epoch,
      number: request.batchNumber,
      id: request.batchId,
      runID: request.runId,
      positionLimit: Timestamp(nanoseconds: request.positionLimit),
      rows: request.rows
    )
  }
}

extension Receipt {
  init(_ receipt: BatchReceipt) {
    self.init(
      batchNumber: receipt.number,
      batchId: receipt.id,
      applied: receipt.counts.applied,
      unchanged: receipt.counts.unchanged,
      alreadyApplied: receipt.counts.alreadyApplied,
      superseded: receipt.counts.superseded,
      skipped: receipt.counts.skipped,
      rejected: receipt.counts.rejected,
      position: receipt.position?.nanoseconds,
      futureRows: receipt.futureRows,
      warnings: receipt.warnings
    )
  }
}

extension AttributeOrigin {
  init(_ explanation: AttributeExplanation) {
    self.init(
      item: explanation.item,
      value: explanation.value.map { String(decoding: $0, as: UTF8.self) },
      type: explanation.type,
      updatedAt: explanation.updatedAt.nanoseconds,
      assignedAt: explanation.assignedAt?.nanoseconds,
      sync: explanation.sync,
      runId: explanation.runID,
      runOpenedAt: explanation.runOpenedAt.nanoseconds
    )
  }
}

extension Profile {
  init(_ profile: ExportedProfile) {
    self.init(
      brazeId: profile.brazeID,
      externalId: profile.externalID,
      json: profile.json
    )
  }
}

extension ProfileCounts {
  init(_ counts: ProfileTotals) {
    self.init(
      profiles: counts.profiles,
      events: counts.events,
      purchases: counts.purchases,
      revenue: counts.revenue
    )
  }
}
