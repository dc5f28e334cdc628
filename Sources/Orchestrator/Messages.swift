import OrchestratorAPI
import SyncModel
import Warehouse

// The records in the form in which they travel.

extension StoredSource {
  var message: Source {
    Source(
      workspace: workspace,
      name: name,
      type: type,
      settings: settings,
      credential: credential,
      createdAt: createdAt.nanoseconds,
      updatedAt: updatedAt.nanoseconds
    )
  }
}

extension StoredSync {
  func message(tested: Bool, nextRunAt: Int64 = 0) -> Sync {
    Sync(
      workspace: workspace,
      name: name,
      source: source,
      table: table,
      query: query,
      data: OrchestratorAPI.DataType(data),
      destination: destination,
      schedule: schedule,
      timeZone: timeZone,
      contacts: contacts,
      options: SyncOptions(
        overlapNs: overlap,
        updateExistingOnly: updateExistingOnly,
        rowLimit: rowLimit,
        maxRejectedPercent: UInt32(clamping: breakers.maxRejectedPercent),
        maxDeletes: breakers.maxDeletes,
        unusualVolumeFactor: UInt32(clamping: breakers.unusualVolumeFactor),
        alertRejectedPercent: UInt32(clamping: alerts.rejectedPercent),
        alertSuccess: alerts.tellsSuccess,
        skipUnchanged: skipsUnchanged ? nil : false
      ),
      state: state.message,
      tested: tested,
      createdAt: createdAt.nanoseconds,
      updatedAt: updatedAt.nanoseconds,
      nextRunAt: nextRunAt
    )
  }
}

extension StoredCursorMove {
  var message: CursorMove {
    CursorMove(
      movedAt: movedAt.nanoseconds,
      movedBy: movedBy,
      from: from?.nanoseconds,
      to: to?.nanoseconds,
      outcome: outcome.rawValue,
      rowsAgain: rowsAgain,
      rowsSkipped: rowsSkipped
    )
  }
}

extension StoredSync.State {
  var message: SyncState {
    switch self {
    case .draft: .draft
    case .active: .active
    case .paused: .paused
    }
  }
}

extension StoredRun {
  var message: Run {
    Run(
      runId: id,
      workspace: workspace,
      sync: sync,
      status: OrchestratorAPI.RunStatus(status),
      trigger: trigger,
      phase: phase.rawValue,
      rowsRead: rowsRead,
      applied: counts.applied,
      unchanged: counts.unchanged,
      alreadyApplied: counts.alreadyApplied,
      superseded: counts.superseded,
      skipped: counts.skipped,
      rejected: counts.rejected,
      rowsReported: rowsReported,
      cursor: cursor?.nanoseconds,
      startedAt: startedAt.nanoseconds,
      finishedAt: finishedAt?.nanoseconds ?? 0,
      errorCode: errorCode,
      errorMessage: errorMessage,
      warnings: warnings,
      bytesRead: bytesRead,
      scheduledFor: scheduledFor?.nanoseconds ?? 0,
      progressAt: progressAt.nanoseconds,
      dryRun: isDryRun
    )
  }
}

extension TestReport {
  init(_ inspection: Inspection, server: String) {
    self.init(
      ok: inspection.problem == nil,
      errorCode: inspection.problem?.code ?? "",
      errorMessage: inspection.problem?.message ?? "",
      warnings: inspection.warnings,
      columns: inspection.columns.map { Column(name: $0.name, type: $0.type) },
      preview: inspection.preview.map { row in
        PreviewRow(values: row.map { PreviewValue(text: $0) })
      },
      rowsWithoutUpdatedAt: inspection.rowsWithoutUpdatedAt,
      server: server
    )
  }

  init(_ failure: Failure, server: String) {
    self.init(ok: false, errorCode: failure.code, errorMessage: failure.message, server: server)
  }
}
