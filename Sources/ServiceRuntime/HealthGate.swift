import Glibc
import Logging
import RPC
import ServiceLifecycle
import Synchronization
import SystemThread

/// How long a stop may take. Whoever stops containers kills them after 10 s unless told otherwise.
enum ShutdownLimit {
  /// For calls in flight.
  static let drain = Duration.seconds(6)
  /// Then everything that still runs is cancelled.
  static let cancellation = Duration.seconds(8)
  /// Then the process ends, whatever still hangs: what was acknowledged is durable (decision 14).
  static let processSeconds: UInt32 = 9
}

/// Says SERVING once the service listens and is ready, and NOT_SERVING before anything stops.
final class HealthGate: Service {
  private let service: String
  private let health: HealthService
  private let server: HTTP2Server
  private let isReady: @Sendable () async -> Bool
  private let readiness: AsyncStream<Bool>?
  private let logger: Logger
  private let stopping = Atomic<Bool>(false)

  init(
    service: String,
    health: HealthService,
    server: HTTP2Server,
    isReady: @escaping @Sendable () async -> Bool,
    readiness: AsyncStream<Bool>?,
    logger: Logger
  ) {
    self.service = service
    self.health = health
    self.server = server
    self.isReady = isReady
    self.readiness = readiness
    self.logger = logger
  }

  var isStopping: Bool { stopping.load(ordering: .relaxed) }

  func run() async throws {
    await withGracefulShutdownHandler {
      let isReady = await cancelWhenGracefulShutdown { await self.becomesReady() }
      if isReady {
        if let readiness = self.readiness {
          await cancelWhenGracefulShutdown { await self.follow(readiness) }
        } else {
          self.say(.serving)
          self.logger.info("serving")
        }
      }
      // Also when the server cannot listen: its error ends the group, not this end.
      try? await gracefulShutdown()
    } onGracefulShutdown: {
      self.stopping.store(true, ordering: .relaxed)
      self.say(.notServing)
      self.logger.info("stopping")
      self.startWatchdog()
    }
  }

  private func say(_ status: ServingStatus) {
    health.set(status, service: "")
    health.set(status, service: service)
  }

  /// Says what `readiness` says, until the process is to stop.
  private func follow(_ readiness: AsyncStream<Bool>) async {
    logger.info("listening")
    for await isReady in readiness where !isStopping {
      say(isReady ? .serving : .notServing)
      logger.info(isReady ? "serving" : "not serving")
    }
  }

  /// False when stopped before.
  private func becomesReady() async -> Bool {
    // A server that cannot listen says why itself, and ends the group.
    guard (try? await server.boundPort) != nil else { return false }
    while !(await isReady()) {
      if (try? await Task.sleep(for: .milliseconds(50))) == nil { return false }
    }
    return !Task.isCancelled
  }

  private func startWatchdog() {
    let logger = logger
    _ = DetachedThread.start {
      sleep(ShutdownLimit.processSeconds)
      logger.warning("something did not stop in time; ending all the same")
      _exit(0)
    }
  }
}
