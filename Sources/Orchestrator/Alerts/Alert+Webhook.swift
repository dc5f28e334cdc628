import SyncModel

extension Alert {
  /// The webhook's JSON (docs/webhooks.md). Nothing of a row's payload is in it.
  init(webhook kind: Kind, of run: StoredRun, id: String, at now: Timestamp) {
    let mail = Alert(kind, of: run, id: id, contacts: [], at: now)
    var json = JSONFields()
    json.add("id", id)
    json.add("kind", kind.rawValue)
    json.add("workspace", run.workspace)
    json.add("sync", run.sync)
    json.add("at", at: now)
    json.add("subject", mail.subject)
    json.add("text", mail.body)
    if kind != .test {
      json.add("run_id", run.id)
      json.add("status", run.status.rawValue)
      json.add("error_code", run.errorCode)
      json.add("error_message", run.errorMessage)
      json.add("rows_read", run.rowsRead)
      json.add("applied", run.counts.applied)
      json.add("unchanged", run.counts.unchanged)
      json.add("already_applied", run.counts.alreadyApplied)
      json.add("superseded", run.counts.superseded)
      json.add("skipped", run.counts.skipped)
      json.add("rejected", run.counts.rejected)
    }
    self = mail
    channel = .webhook
    body = json.object
  }
}

/// One flat JSON object, its members in the order in which they were added.
private struct JSONFields {
  private var members: [String] = []

  var object: String { "{\(members.joined(separator: ","))}" }

  mutating func add(_ name: String, _ value: String) {
    var sink = ByteSink(capacity: value.utf8.count + 2)
    JSONText.appendString(value, into: &sink)
    members.append("\"\(name)\":\(String(decoding: sink.bytes, as: UTF8.self))")
  }

  mutating func add(_ name: String, _ value: Int64) { members.append("\"\(name)\":\(value)") }

  mutating func add(_ name: String, at time: Timestamp) {
    var sink = ByteSink(capacity: 40)
    time.appendRFC3339(into: &sink)
    add(name, String(decoding: sink.bytes, as: UTF8.self))
  }
}
