import OrchestratorAPI
import WriterAPI

// What the writer says of rows, in the form in which it travels on.

extension RowDifference {
  init(_ row: RowEvaluation) {
    self.init(
      identifier: row.identifier,
      updatedAt: row.updatedAt,
      outcome: row.outcome,
      code: row.code,
      message: row.message,
      brazeId: row.brazeId,
      externalId: row.externalId,
      createsProfile: row.createsProfile,
      deletesProfile: row.deletesProfile,
      attributes: row.attributes.map { ChangedAttribute($0) },
      activity: row.activity,
      warnings: row.warnings
    )
  }
}

extension ChangedAttribute {
  init(_ attribute: AttributeDifference) {
    self.init(
      name: attribute.name,
      oldValue: attribute.oldValue,
      newValue: attribute.newValue,
      setAt: attribute.setAt,
      setBySync: attribute.setBySync,
      setByRun: attribute.setByRun
    )
  }
}

extension LoggedRow {
  init(_ row: RejectedRow) {
    self.init(
      runId: row.runId,
      updatedAt: row.updatedAt,
      identifier: row.identifier,
      code: row.code,
      message: row.message,
      rejectedAt: row.rejectedAt,
      warning: row.warning
    )
  }
}
