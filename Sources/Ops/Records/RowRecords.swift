import OrchestratorAPI
import ServiceRuntime
import SyncModel

extension RowDifference {
  var fields: OutputObject {
    [
      "identifier": .text(identifier),
      "updated_at": .time(updatedAt),
      "outcome": .text(outcome),
      "code": .text(orNull: code),
      "message": .text(orNull: message),
      "braze_id": .text(orNull: brazeId),
      "external_id": .text(orNull: externalId),
      "creates_profile": .bool(createsProfile),
      "deletes_profile": .bool(deletesProfile),
      "attributes": .list(attributes.map { .object($0.fields) }),
      "activity": .text(orNull: activity),
      "warnings": .texts(warnings),
    ]
  }

  /// For people: one line, then what would change.
  var tableText: String {
    "  \(TerminalText.safe(identifier))  \(Timestamp(nanoseconds: updatedAt).rfc3339Text)  \(TerminalText.safe(outcome))\n"
      + lines.map { "    \(TerminalText.safe($0))\n" }.joined()
  }

  /// What would change, a line each.
  private var lines: [String] {
    var lines: [String] = []
    if !code.isEmpty { lines.append("\(code): \(message)") }
    if createsProfile { lines.append("creates the profile") }
    if deletesProfile { lines.append("deletes the profile") }
    lines += attributes.map(\.line)
    if !activity.isEmpty { lines.append(activity) }
    return lines + warnings.map { "warning: \($0)" }
  }
}

extension ChangedAttribute {
  fileprivate var fields: OutputObject {
    [
      "name": .text(name),
      // Text: cut where it is long, it is no JSON any more.
      "old_value": oldValue.map { .text($0) } ?? .null,
      "new_value": newValue.map { .text($0) } ?? .null,
      "set_at": .time(setAt),
      "set_by_sync": .text(orNull: setBySync),
      "set_by_run": .text(orNull: setByRun),
    ]
  }

  fileprivate var line: String { "\(name): \(oldValue ?? "unset") -> \(newValue ?? "unset")" }

  /// Who set what is there.
  fileprivate var origin: String {
    var text = "\(name) is \(oldValue ?? "unset")"
    if let setAt { text += ", set by a row of \(Timestamp(nanoseconds: setAt).rfc3339Text)" }
    if !setByRun.isEmpty { text += " (run \(setByRun), sync \(setBySync))" }
    return text
  }
}

extension Record {
  init(_ answer: ExplainRowResponse) {
    self.init(
      name: answer.reason,
      fields: [
        "sync": .text(answer.sync),
        "reason": .text(answer.reason),
        "message": .text(answer.message),
        "braze_id": .text(orNull: answer.brazeId),
        "external_id": .text(orNull: answer.externalId),
        "position": .time(answer.position),
        "read_from": .time(answer.readFrom),
        "rows": .list(answer.rows.map { .object($0.fields) }),
        "more": .bool(answer.more),
        "log": .list(answer.log.map { .object($0.fields) }),
      ]
    )
  }
}

extension ExplainedRow {
  fileprivate var fields: OutputObject {
    [
      "identifier": .text(identifier),
      "updated_at": .time(updatedAt),
      "reason": .text(reason),
      "message": .text(message),
      "code": .text(orNull: code),
      "run_id": .text(orNull: runId),
      "effect": effect.map { .object($0.fields) } ?? .null,
    ]
  }

  fileprivate var tableText: String {
    let stamp = updatedAt.map { Timestamp(nanoseconds: $0).rfc3339Text } ?? "no UPDATED_AT"
    var text = "\(TerminalText.safe(identifier))  \(stamp)  \(TerminalText.safe(reason))\n"
    text += "  \(TerminalText.safe(message))\n"
    guard let effect else { return text }
    // Of a row that is to come what it would change, of others who set what is there.
    let changes = reason == "waiting" || reason == "before_cursor"
    for attribute in effect.attributes {
      text += "  \(TerminalText.safe(changes ? attribute.line : attribute.origin))\n"
    }
    return text
  }
}

extension LoggedRow {
  fileprivate var fields: OutputObject {
    [
      "run_id": .text(runId),
      "updated_at": .time(updatedAt),
      "identifier": .text(identifier),
      "code": .text(code),
      "message": .text(message),
      "rejected_at": .time(rejectedAt),
      "warning": .bool(warning),
    ]
  }
}

extension ExplainRowResponse {
  /// For people: the user, then each row with its reason.
  var tableText: String {
    var text = TerminalText.safe(message) + "\n"
    if rows.isEmpty { text = "\(TerminalText.safe(reason))\n  \(text)" }
    for row in rows { text += "\n" + row.tableText }
    if !log.isEmpty {
      var table = TableRenderer(columns: Self.logColumns)
      text += "\nthe row log:\n"
      for row in log { text += table.add(Record(name: "", fields: row.fields)) }
      text += table.finish()
    }
    return text
  }

  private static let logColumns = [
    Column("RUN", "run_id"), Column("UPDATED_AT", "updated_at"), Column("CODE", "code"),
    Column("MESSAGE", "message"),
  ]
}
