import Logging
import RPC
import SQLDatabase
import SyncModel
import Synchronization

/// Starts the runs of schedules: each slot once, whatever the clock and the process do.
///
/// A slot is used up in the transaction that records its run, so it never has two. A slot whose run
/// could not be recorded (the sync is being run, the orchestrator was down) stays due; the next run is
/// for the last of all that are due (design, decision 8).
final class SyncScheduler: Sendable {
  private let interval: Duration
  /// Zones as they were read; a new release of the database is taken at the next start.
  private let zones = Mutex<[String: TimeZoneRules]>([:])

  init(interval: Duration) { self.interval = interval }

  /// Until the task is cancelled.
  func run(of orchestrator: SyncOrchestrator) async {
    while !Task.isCancelled {
      do {
        try await tick(of: orchestrator)
      } catch {
        orchestrator.logger.warning("cannot look at schedules", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: interval)
    }
  }

  /// Starts what is due now.
  func tick(of orchestrator: SyncOrchestrator) async throws {
    let now = orchestrator.world.now().nanoseconds / 1_000_000_000
    let syncs = try await orchestrator.database.read { try $0.scheduledSyncs() }
    for sync in syncs {
      guard let slot = dueSlot(of: sync, now: now) else { continue }
      do {
        _ = try await orchestrator.startRun(of: sync.name, in: sync.workspace, slot: slot)
      } catch let error as RPCError
        where ["already_running", "too_many_runs", "not_ready"].contains(error.reason)
      {
        continue
      } catch {
        orchestrator.logger.warning(
          "a scheduled run could not be started",
          metadata: ["sync.name": "\(sync.name)", "error": "\(error)"]
        )
      }
    }
  }

  /// The slot that a run is due for, in seconds since 1970 UTC.
  func dueSlot(of sync: StoredSync, now: Int64) -> Int64? {
    guard let (schedule, zone) = rules(of: sync) else { return nil }
    return schedule.dueSlot(after: sync.lastSlot, now: now, in: zone)
  }

  /// The next slot, in nanoseconds since 1970 UTC; 0 when there is none.
  func nextSlot(of sync: StoredSync, now: Timestamp) -> Int64 {
    guard sync.state == .active, let (schedule, zone) = rules(of: sync),
      let slot = schedule.slot(
        after: max(sync.lastSlot, now.nanoseconds / 1_000_000_000),
        in: zone
      )
    else { return 0 }
    return slot * 1_000_000_000
  }

  private func rules(of sync: StoredSync) -> (Schedule, TimeZoneRules)? {
    guard let schedule = try? ScheduleText.parse(sync.schedule) else { return nil }
    let zone = zones.withLock { zones in
      if let zone = zones[sync.timeZone] { return zone }
      // A zone that was accepted and is gone from the system: UTC is better than never.
      let zone = TimeZoneRules.load(sync.timeZone) ?? .utc
      zones[sync.timeZone] = zone
      return zone
    }
    return (schedule, zone)
  }
}
