import Logging
import SQLDatabase
import SyncModel

/// Hands alerts over, the oldest first, and tries again later what could not be handed over.
struct AlertSender: Sendable {
  /// A mail about something so long ago helps nobody, in nanoseconds: three days.
  private static let patience: Int64 = 3 * 86_400_000_000_000

  let database: any SQLDatabase
  let carriers: AlertCarriers
  let world: World
  let interval: Duration
  let logger: Logger

  /// Until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      do {
        try await sendDue()
      } catch {
        logger.warning("cannot look at alerts", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: interval)
    }
  }

  func sendDue() async throws {
    let now = world.now()
    let due = try await database.read { try $0.dueAlerts(at: now, limit: 20) }
    for (alert, attempts) in due {
      do {
        guard let carrier = carriers[alert.channel] else { throw NotConfigured(alert.channel) }
        let refused = try await carrier.deliver(alert)
        try await settle(alert, attempts, refused)
        logger.info(
          "alert sent",
          metadata: [
            "alert.kind": "\(alert.kind.rawValue)", "alert.channel": "\(alert.channel.rawValue)",
            "sync.name": "\(alert.sync)",
          ]
        )
      } catch {
        try Task.checkCancellation()
        try await postpone(alert, attempts, error)
      }
    }
  }

  /// Whom it reached is never told twice; whom the server may take later is tried alone.
  private func settle(_ alert: Alert, _ attempts: Int64, _ refused: [RefusedContact]) async throws {
    for contact in refused {
      logger.warning(
        "the mail server refused a contact",
        metadata: [
          "sync.name": "\(alert.sync)", "contact": "\(contact.address)",
          "error": "\(contact.reason)",
        ]
      )
    }
    let contacts = refused.filter(\.mayChange).map(\.address)
    let time = nextTime(attempts)
    let isOver = isOver(alert)
    try await database.transaction { connection in
      guard !contacts.isEmpty, !isOver else { return try connection.removeAlert(alert.id) }
      try connection.postponeAlert(alert.id, for: contacts, to: time)
    }
  }

  private func postpone(_ alert: Alert, _ attempts: Int64, _ error: any Error) async throws {
    let isOver = isOver(alert)
    let time = nextTime(attempts)
    logger.error(
      isOver ? "alert given up" : "alert could not be sent; it is tried again",
      metadata: [
        "alert.kind": "\(alert.kind.rawValue)", "alert.channel": "\(alert.channel.rawValue)",
        "sync.name": "\(alert.sync)", "error": "\(error)",
      ]
    )
    try await database.transaction { connection in
      if isOver { return try connection.removeAlert(alert.id) }
      try connection.postponeAlert(alert.id, for: alert.contacts, to: time)
    }
  }

  private func isOver(_ alert: Alert) -> Bool {
    world.now().nanoseconds - alert.at.nanoseconds > Self.patience
  }

  /// 10 s, 20 s … up to an hour from now.
  private func nextTime(_ attempts: Int64) -> Timestamp {
    let wait = min(Int64(10) << min(attempts, 10), 3600)
    return world.now().advanced(byNanoseconds: wait * 1_000_000_000)
  }
}

/// Alerts of a way that was configured when they were written down, and is not now.
private struct NotConfigured: Error, CustomStringConvertible {
  let description: String

  init(_ channel: Alert.Channel) { description = "no \(channel.rawValue) is configured" }
}
