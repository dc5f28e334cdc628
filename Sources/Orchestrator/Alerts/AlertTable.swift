import SQLDatabase
import SyncModel

// Alerts wait in the database until they are handed over: written in the transaction that records the
// end of their run, so that a stop between the two loses none.
extension SQLConnection {
  /// Writes down what the end of a run means to the sync's contacts.
  func enqueueAlerts(
    of run: StoredRun,
    over carriers: AlertCarriers,
    at now: Timestamp,
    newID: @Sendable () -> String
  ) throws {
    guard !carriers.isEmpty, let sync = try sync(workspace: run.workspace, name: run.sync) else {
      return
    }
    let decision = sync.alerts.decide(run, knownFailure: sync.knownFailure)
    if decision.knownFailure != sync.knownFailure {
      try execute(
        "UPDATE syncs SET known_failure = ?3 WHERE workspace = ?1 AND name = ?2",
        [.text(run.workspace), .text(run.sync), .text(decision.knownFailure)]
      )
    }
    // One for each way: that one of them fails must not make the other repeat itself.
    for kind in decision.kinds {
      if carriers.mail != nil, !sync.contacts.isEmpty {
        try enqueue(Alert(kind, of: run, id: newID(), contacts: sync.contacts, at: now))
      }
      if carriers.webhook != nil {
        try enqueue(Alert(webhook: kind, of: run, id: newID(), at: now))
      }
    }
  }

  func enqueue(_ alert: Alert) throws {
    try execute(
      """
      INSERT INTO alerts (id, workspace, sync, kind, contacts, subject, body, created_at, attempts,
        next_at, channel) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?8, ?9)
      """,
      [
        .text(alert.id), .text(alert.workspace), .text(alert.sync), .text(alert.kind.rawValue),
        .text(alert.contacts.joined(separator: "\n")), .text(alert.subject), .text(alert.body),
        .integer(alert.at.nanoseconds), .text(alert.channel.rawValue),
      ]
    )
  }

  /// The alerts whose time has come, the oldest first, with how often each was tried.
  func dueAlerts(at now: Timestamp, limit: Int) throws -> [(Alert, attempts: Int64)] {
    try rows(
      """
      SELECT id, workspace, sync, kind, contacts, subject, body, created_at, attempts, channel
      FROM alerts
      WHERE next_at <= ?1 ORDER BY created_at, id LIMIT ?2
      """,
      [.integer(now.nanoseconds), .integer(Int64(limit))]
    ) { row in
      let alert = Alert(
        id: row.string(0),
        kind: Alert.Kind(rawValue: row.string(3)) ?? .failed,
        channel: Alert.Channel(rawValue: row.string(9)) ?? .mail,
        workspace: row.string(1),
        sync: row.string(2),
        contacts: row.string(4).split(separator: "\n").map(String.init),
        subject: row.string(5),
        body: row.string(6),
        at: Timestamp(nanoseconds: row.int64(7))
      )
      return (alert, row.int64(8))
    }
  }

  func removeAlert(_ id: String) throws {
    try execute("DELETE FROM alerts WHERE id = ?1", [.text(id)])
  }

  /// - Parameter contacts: those whom it has not reached.
  func postponeAlert(_ id: String, for contacts: [String], to time: Timestamp) throws {
    try execute(
      "UPDATE alerts SET attempts = attempts + 1, next_at = ?2, contacts = ?3 WHERE id = ?1",
      [.text(id), .integer(time.nanoseconds), .text(contacts.joined(separator: "\n"))]
    )
  }
}
