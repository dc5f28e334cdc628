import WriterAPI

extension Record {
  init(_ row: RejectedRow) {
    self.init(
      name: row.identifier,
      fields: [
        "run_id": .text(row.runId),
        "batch_number": .unsigned(row.batchNumber),
        "row_index": .integer(Int64(row.rowIndex)),
        "updated_at": .time(row.updatedAt),
        "identifier": .text(row.identifier),
        "code": .text(row.code),
        "message": .text(row.message),
        "rejected_at": .time(row.rejectedAt),
      ]
    )
  }

  static let rejectedRowColumns = [
    Column("IDENTIFIER", "identifier"), Column("UPDATED_AT", "updated_at"), Column("CODE", "code"),
    Column("MESSAGE", "message"),
  ]

  init(_ profile: Profile) {
    self.init(
      name: profile.externalId.isEmpty ? profile.brazeId : profile.externalId,
      fields: [
        "braze_id": .text(profile.brazeId), "external_id": .text(orNull: profile.externalId),
        "profile": .json(profile.json),
      ]
    )
  }

  init(_ counts: ProfileCounts) {
    self.init(
      name: String(counts.profiles),
      fields: [
        "profiles": .integer(counts.profiles),
        "events": .integer(counts.events),
        "purchases": .integer(counts.purchases),
        // Text: as a JSON number its cents could be rounded.
        "revenue": .text(counts.revenue),
      ]
    )
  }
}
