import OrchestratorAPI
import SQLDatabase
import SyncModel
import Synchronization
import TestSupport
import Testing

@testable import Orchestrator

/// A run that was under way when the orchestrator was killed: the contacts of its sync hear of it, once.
@Suite("Alerts of interrupted runs", .timeLimit(.minutes(2)))
struct InterruptedRunTests {
  @Test("the next start tells of it as of any failed run, and the one after does not")
  func once() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-10)]
      _ = try await house.run()
      try await house.leaveRunning()
      let told = Told()
      try await house.restarted(over: told.carriers, configuration: told.configuration) { house in
        #expect(try await house.runs().map(\.errorCode) == ["interrupted"])
        try await until { told.alerts.count >= 2 }
        #expect(
          told.alerts.map { "\($0.channel) \($0.kind) \($0.sync)" }.sorted()
            == ["mail failed purchases", "webhook failed purchases"]
        )
        let mail = try #require(told.alerts.first { $0.channel == .mail })
        #expect(mail.subject == "Sluice: sync \"purchases\" failed: interrupted")
        #expect(mail.contacts == ["ops@example.com"])
        #expect(mail.body.contains("the orchestrator stopped during this run"))
      }
      // Killed again in the run after it: the contacts know.
      try await house.leaveRunning()
      try await house.restarted(over: told.carriers, configuration: told.configuration) { house in
        #expect(try await house.run().status == .success)
        // Alerts leave in order.
        try await until { told.alerts.count { $0.kind == .recovered } == 2 }
        #expect(told.alerts.count == 4)
      }
      try await house.restarted(over: told.carriers, configuration: told.configuration) { house in
        try await house.activeSync { $0.options?.alertSuccess = true }
        #expect(try await house.run().status == .success)
        try await until { told.alerts.count { $0.kind == .success } == 2 }
        #expect(told.alerts.count == 6)
      }
    }
  }

  @Test("a run whose end could not be written down is told when its sync runs again")
  func unwritten() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-10)]
      let told = Told()
      try await house.restarted(over: told.carriers, configuration: told.configuration) { house in
        _ = try await house.run()
        try await house.leaveRunning()
        let gate = Gate()
        house.warehouse.script.gate = (0, gate)
        let run = try await house.start()
        try await until { told.alerts.count >= 2 }
        #expect(Set(told.alerts.map(\.kind)) == [.failed])
        gate.open()
        #expect(try await house.end(of: run.runId).status == .success)
      }
    }
  }

  @Test("a run that was stopped in order is no failure")
  func stopped() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-10)]
      let told = Told()
      let gate = Gate()
      try await house.restarted(over: told.carriers, configuration: told.configuration) { house in
        house.warehouse.script.gate = (0, gate)
        _ = try await house.start()
        await gate.reached()
      }
      house.warehouse.script.gate = nil
      try await house.restarted(over: told.carriers, configuration: told.configuration) { house in
        #expect(try await house.runs().map(\.status) == [.cancelled])
        try await house.activeSync { $0.options?.alertSuccess = true }
        #expect(try await house.run().status == .success)
        try await until { told.alerts.count >= 2 }
        #expect(Set(told.alerts.map(\.kind)) == [.success])
      }
    }
  }
}

extension House {
  /// Has the last run recorded as under way: as a killed process leaves it behind.
  fileprivate func leaveRunning() async throws {
    _ = try await database.inner.transaction {
      try $0.execute(
        """
        UPDATE runs SET status = 'running', phase = 'reading', finished_at = 0, error_code = ''
        WHERE epoch = (SELECT max(epoch) FROM runs)
        """
      )
    }
  }
}

/// Contacts and a program that take every alert, and know one that comes twice by its id: a stop may
/// fall between the delivery and its record.
private final class Told: AlertCarrier {
  private let taken = Mutex<[Alert]>([])

  var alerts: [Alert] { taken.withLock { $0 } }
  var carriers: AlertCarriers { AlertCarriers(mail: self, webhook: self) }

  var configuration: OrchestratorConfiguration {
    var configuration = House.configuration
    configuration.scheduleInterval = .milliseconds(5)
    return configuration
  }

  func deliver(_ alert: Alert) async throws -> [RefusedContact] {
    taken.withLock { taken in
      if !taken.contains(where: { $0.id == alert.id }) { taken.append(alert) }
    }
    return []
  }
}
