import OrchestratorAPI
import Yams

extension SyncManifest {
  static let dataTypes = ["attributes", "events", "purchases", "deletes"]

  static func parse(_ node: Node, _ place: YAMLPlace) -> (ManifestObject?, [YAMLProblem]) {
    let map = StrictMapping(
      node,
      what: "a Sync",
      keys: [
        "kind", "name", "source", "table", "query", "data", "destination", "schedule", "timeZone",
        "contacts", "options",
      ],
      place: place
    )
    let name = map.requiredText("name")
    let source = map.requiredText("source", "the name of a Source")
    let table = map.text("table") ?? ""
    let query = map.text("query") ?? ""
    if table.isEmpty == query.isEmpty {
      map.add(
        table.isEmpty
          ? "a Sync needs \"table\" (a table or view) or \"query\" (one SELECT)"
          : "a Sync has \"table\" or \"query\", not both",
        at: table.isEmpty ? nil : map["query"]
      )
    }
    if map["data"] == nil {
      map.add("a Sync needs \"data\": one of \(dataTypes.joined(separator: ", "))")
    }
    let data = map.choice("data", of: dataTypes) ?? ""
    let schedule = schedule(map)
    let options = options(map)
    let sync = SyncManifest(
      name: name,
      source: source,
      table: table,
      query: query,
      data: data,
      destination: map.text("destination") ?? "profiles",
      schedule: schedule,
      timeZone: map.text("timeZone") ?? "",
      contacts: map.texts("contacts"),
      options: options
    )
    return (.sync(sync), map.problems)
  }

  /// `manual` (also when absent), `{ every: 15m }` or `{ cron: "0 3 * * *" }`, as the wire has it.
  private static func schedule(_ map: StrictMapping) -> String {
    guard let node = map["schedule"] else { return "manual" }
    let forms = "manual, { every: 15m } or { cron: \"0 3 * * *\" }"
    if let scalar = node.scalar {
      if scalar.string == "manual" { return "manual" }
      map.add("\"schedule\" must be \(forms), not \"\(scalar.string)\"", at: node)
      return ""
    }
    guard case .mapping = node else {
      map.add("\"schedule\" must be \(forms), not a list", at: node)
      return ""
    }
    let inner = StrictMapping(node, what: "a schedule", keys: ["every", "cron"], place: map.place)
    let every = inner.text("every")
    let cron = inner.text("cron")
    defer { map.add(inner.problems) }
    switch (every, cron) {
    case (let every?, nil):
      if every != "1mo", !every.hasSuffix("w"), (DurationText.nanoseconds(every) ?? 0) <= 0 {
        inner.add(
          "\"every\" must be \(DurationText.explanation), not \"\(every)\"",
          at: inner["every"]
        )
      }
      return "every \(every)"
    case (nil, let cron?):
      let fields = cron.split(separator: " ")
      if fields.count != 5 {
        inner.add(
          "\"cron\" must have five fields (minute, hour, day, month, weekday), not \(fields.count)",
          at: inner["cron"]
        )
      }
      return "cron " + fields.joined(separator: " ")
    default:
      if inner.problems.isEmpty { inner.add("\"schedule\" must be \(forms)") }
      return ""
    }
  }

  private static func options(_ map: StrictMapping) -> SyncOptions {
    guard let node = map["options"] else { return SyncOptions() }
    let inner = StrictMapping(
      node,
      what: "a Sync's options",
      keys: [
        "overlap", "updateExistingOnly", "rowLimit", "maxRejectedPercent", "maxDeletes",
        "unusualVolumeFactor", "alertRejectedPercent", "alertSuccess", "skipUnchanged",
      ],
      place: map.place
    )
    var options = SyncOptions()
    if let text = inner.text("overlap") {
      options.overlapNs = text == "0" ? 0 : DurationText.nanoseconds(text)
      if options.overlapNs == nil {
        inner.add(
          "\"overlap\" must be \(DurationText.explanation), not \"\(text)\"",
          at: inner["overlap"]
        )
      }
    }
    options.updateExistingOnly = inner.bool("updateExistingOnly") ?? false
    options.rowLimit = inner.integer("rowLimit", in: 1...500_000_000) ?? 0
    options.maxRejectedPercent = UInt32(inner.integer("maxRejectedPercent", in: 1...100) ?? 0)
    options.maxDeletes = inner.integer("maxDeletes", in: 1...500_000_000) ?? 0
    options.unusualVolumeFactor = UInt32(
      inner.integer("unusualVolumeFactor", in: 2...1_000_000) ?? 0
    )
    options.alertRejectedPercent = UInt32(inner.integer("alertRejectedPercent", in: 1...100) ?? 0)
    options.alertSuccess = inner.bool("alertSuccess") ?? false
    options.skipUnchanged = inner.bool("skipUnchanged")
    map.add(inner.problems)
    return options
  }
}
