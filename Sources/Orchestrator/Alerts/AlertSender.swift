import Logging
import SQLDatabase
import SyncModel

/// Hands alerts over, the oldest first, and tries again later what could not be handed over.
struct AlertSender: Sendable {
  /// A mail about something so long ago helps nobody, in nanoseconds: three days.
  private static let patience: Int64 = 3 * 86_400_000_000_000

  let database: any SQLDatabase
  let carrier: any AlertCarrier
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
        try await carrier.deliver(alert)
        try await database.transaction { try $0.removeAlert(alert.id) }
        logger.info(
          "alert sent",
          metadata: ["alert.kind": "\(alert.kind.rawValue)", "sync.name": "\(alert.sync)"]
        )
      } catch {
        try Task.checkCancellation()
        try await postpone(alert, attempts, error)
      }
    }
  }

  private func postpone(_ alert: Alert, _ attempts: Int64, _ error: any Error) async throws {
    let now = world.now()
    let isOver = now.nanoseconds - alert.at.nanoseconds > Self.patience
    logger.error(
      isOver ? "alert given up" : "alert could not be sent; it is tried again",
      metadata: [
        "alert.kind": "\(alert.kind.rawValue)", "sync.name": "\(alert.sync)", "error": "\(error)",
      ]
    )
    try await database.transaction { connection in
      if isOver { return try connection.removeAlert(alert.id) }
      // 10 s, 20 s … up to an hour.
      let wait = min(Int64(10) << min(attempts, 10), 3600)
      try connection.postponeAlert(
        alert.id,
        to: now.advanced(byNanoseconds: wait * 1_000_000_000)
      )
    }
  }
}
