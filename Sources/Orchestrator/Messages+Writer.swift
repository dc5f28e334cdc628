import WriterAPI

// What the writer is told of a sync. An option that changes what becomes of rows belongs into both.

extension OpenSyncRequest {
  init(_ sync: StoredSync, epoch: UInt64, runID: String) {
    self.init(
      workspace: sync.workspace,
      sync: sync.name,
      epoch: epoch,
      runId: runID,
      destination: sync.destination,
      data: WriterAPI.DataType(sync.data),
      overlapNs: sync.effectiveOverlap,
      updateExistingOnly: sync.updateExistingOnly,
      applyUnchanged: !sync.skipsUnchanged,
      incarnation: UInt64(clamping: sync.incarnation)
    )
  }
}

extension EvaluateBatchRequest {
  init(_ sync: StoredSync) {
    self.init(
      workspace: sync.workspace,
      sync: sync.name,
      destination: sync.destination,
      data: WriterAPI.DataType(sync.data),
      overlapNs: sync.effectiveOverlap,
      updateExistingOnly: sync.updateExistingOnly,
      applyUnchanged: !sync.skipsUnchanged,
      incarnation: UInt64(clamping: sync.incarnation)
    )
  }
}
