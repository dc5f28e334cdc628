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
  /// The next slot of each entry as it was last seen: a look each second computes nothing while nothing
  /// is due. Replaced at each look, so that it holds no more than there are schedules.
  private let nextSlots = Mutex<[ScheduleEntry: Int64?]>([:])

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
    let entries = try await orchestrator.database.read { try $0.scheduleEntries() }
    for entry in due(entries, now: now) {
      guard let slot = dueSlot(of: entry, now: now) else { continue }
      do {
        _ = try await orchestrator.startRun(of: entry.sync, in: entry.workspace, slot: slot)
      } catch let error as RPCError
        where ["already_running", "too_many_runs", "not_ready"].contains(error.reason)
      {
        continue
      } catch {
        orchestrator.logger.warning(
          "a scheduled run could not be started",
          metadata: ["sync.name": "\(entry.sync)", "error": "\(error)"]
        )
      }
    }
  }

  private func due(_ entries: [ScheduleEntry], now: Int64) -> [ScheduleEntry] {
    let known = nextSlots.withLock { $0 }
    var next: [ScheduleEntry: Int64?] = [:]
    for entry in entries {
      next[entry] =
        known[entry] ?? rules(of: entry).flatMap { $0.slot(after: entry.lastSlot, in: $1) }
    }
    nextSlots.withLock { $0 = next }
    return entries.filter { entry in (next[entry] ?? nil).map { $0 <= now } ?? false }
  }

  /// The slot that a run is due for, in seconds since 1970 UTC.
  private func dueSlot(of entry: ScheduleEntry, now: Int64) -> Int64? {
    rules(of: entry).flatMap { $0.dueSlot(after: entry.lastSlot, now: now, in: $1) }
  }

  /// The next slot, in nanoseconds since 1970 UTC; 0 when there is none.
  func nextSlot(of sync: StoredSync, now: Timestamp) -> Int64 {
    let seconds = now.nanoseconds / 1_000_000_000
    guard sync.state == .active, let (schedule, zone) = rules(of: ScheduleEntry(sync)),
      let slot = schedule.slot(after: max(sync.lastSlot, seconds), in: zone)
    else { return 0 }
    return slot * 1_000_000_000
  }

  private func rules(of entry: ScheduleEntry) -> (Schedule, TimeZoneRules)? {
    guard let schedule = try? ScheduleText.parse(entry.schedule) else { return nil }
    let zone = zones.withLock { zones in
      if let zone = zones[entry.timeZone] { return zone }
      // A zone that was accepted and is gone from the system: UTC is better than never.
      let zone = TimeZoneRules.load(entry.timeZone) ?? .utc
      zones[entry.timeZone] = zone
      return zone
    }
    return (schedule, zone)
  }
}

/// What of a sync says when it runs.
struct ScheduleEntry: Sendable, Hashable {
  var workspace: String
  var sync: String
  var schedule: String
  var timeZone: String
  /// The last slot that was used up, in seconds since 1970 UTC.
  var lastSlot: Int64
}

extension ScheduleEntry {
  init(_ sync: StoredSync) {
    self.init(
      workspace: sync.workspace,
      sync: sync.name,
      schedule: sync.schedule,
      timeZone: sync.timeZone,
      lastSlot: sync.lastSlot
    )
  }
}
