import WriterAPI

extension Record {
  init(_ origin: AttributeOrigin, of attribute: String) {
    self.init(
      name: origin.item.isEmpty ? attribute : origin.item,
      fields: [
        "attribute": .text(attribute),
        "item": .text(orNull: origin.item),
        "value": origin.value.map { .json(Array($0.utf8)) } ?? .null,
        "type": .text(orNull: origin.type),
        "updated_at": .time(origin.updatedAt),
        "assigned_at": .time(origin.assignedAt),
        "sync": .text(origin.sync),
        "run_id": .text(origin.runId),
        "run_opened_at": .time(origin.runOpenedAt),
      ]
    )
  }

  static let originColumns = [
    Column("ATTRIBUTE", "attribute"), Column("ITEM", "item"), Column("VALUE", "value"),
    Column("UPDATED_AT", "updated_at"), Column("SYNC", "sync"), Column("RUN", "run_id"),
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
