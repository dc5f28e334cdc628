import Logging
import OrchestratorAPI
import RPC
import SQLDatabase
import ServiceLifecycle
import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

@Suite("Stops and crashes", .timeLimit(.minutes(4)))
struct StopTests {
  private func withRows(_ body: (House) async throws -> Void) async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (0..<100).map { row(-500 + $0, "u\($0)") }
      try await body(house)
    }
  }

  @Test("C8: a stop in the middle ends the run as cancelled and keeps what is durable")
  func stop() async throws {
    try await withRows { house in
      var id = ""
      let gate = Gate()
      house.warehouse.script.gate = (5, gate)
      let other = try await House(
        database: house.database.inner,
        world: house.world,
        vault: house.vault,
        writer: house.writer,
        warehouse: house.warehouse
      )
      try await other.working { house in
        id = try await house.start().runId
        await gate.reached()
        try await until { try await house.runs().first?.applied == 50 }
        #expect(house.orchestrator.isReady)
      }
      #expect(!other.orchestrator.isReady)
      let run = try await house.client.getRun(GetRunRequest(runId: id))
      #expect(run.status == .cancelled)
      #expect(run.errorCode == "interrupted")
      #expect(run.applied == 50)
      #expect(try await house.cursor() == stamp(-451))
      #expect(house.warehouse.log.closed == house.warehouse.log.opened)
      #expect(await refusal { try await other.start() }?.code == .unavailable)
      house.warehouse.script.gate = nil
      let next = try await house.run()
      #expect(next.status == .success)
      #expect(house.writer.appliedRows("purchases") == 100)
    }
  }

  @Test("the service group's graceful shutdown stops a run, and the loop ends by itself")
  func gracefulShutdown() async throws {
    try await withRows { house in
      let gate = Gate()
      house.warehouse.script.gate = (5, gate)
      let other = try await House(
        database: house.database.inner,
        world: house.world,
        vault: house.vault,
        writer: house.writer,
        warehouse: house.warehouse
      )
      let services = ServiceGroup(
        services: [other.orchestrator],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      )
      let process = Task { try await services.run() }
      try await until { other.orchestrator.isReady }
      let id = try await other.start().runId
      await gate.reached()
      await services.triggerGracefulShutdown()
      try await process.value
      #expect(!other.orchestrator.isReady)
      let run = try await house.client.getRun(GetRunRequest(runId: id))
      #expect(run.status == .cancelled)
      #expect(run.errorMessage.contains("continues at the writer's position"))
    }
  }

  @Test("decision 3: a crash between receipt and record loses and doubles nothing")
  func crash() async throws {
    try await withRows { house in
      var id = ""
      let gate = Gate()
      house.warehouse.script.gate = (5, gate)
      let doomed = try await House(
        database: house.database.inner,
        world: house.world,
        vault: house.vault,
        writer: house.writer,
        warehouse: house.warehouse
      )
      try await doomed.working { doomed in
        id = try await doomed.start().runId
        // Not before: what a run is told of the vault is written down too.
        await gate.reached()
        // Nothing more is written down, while the writer goes on.
        doomed.database.sever()
        try await until { doomed.writer.appliedRows("purchases") >= 50 }
      }
      house.warehouse.script.gate = nil
      try await house.restarted { house in
        let run = try await house.client.getRun(GetRunRequest(runId: id))
        #expect(run.status == .error)
        #expect(run.errorCode == "interrupted")
        #expect(run.finishedAt > 0)
        #expect(run.errorMessage.contains("continues at the writer's position"))
        let next = try await house.run()
        #expect(next.status == .success)
        #expect(next.applied == 50)
        #expect(next.alreadyApplied == 1)
        #expect(house.writer.appliedRows("purchases") == 100)
        #expect(try await house.cursor() == stamp(-401))
        // Invariant I4: the epoch was durable before it was used.
        #expect(house.writer.sync("purchases").openings.map(\.epoch) == [1, 2])
      }
    }
  }

  @Test("R11: sources, syncs, their states, tests and cursors survive a restart")
  func restart() async throws {
    try await withRows { house in
      _ = try await house.run()
      let before = try await house.client.getSync(GetSyncRequest(name: "purchases"))
      try await house.restarted { house in
        let after = try await house.client.getSync(GetSyncRequest(name: "purchases"))
        #expect(after == before)
        #expect(before.state == .active)
        #expect(before.tested)
        #expect(try await house.cursor() == stamp(-401))
        #expect(try await house.run().rowsRead == 1)
      }
    }
  }

  @Test("a run whose end could not be written down does not hold its sync for ever")
  func abandoned() async throws {
    try await withRows { house in
      let database = house.database.inner
      let id = try await house.run().runId
      _ = try await database.transaction {
        try $0.execute("UPDATE runs SET status = 'running', finished_at = 0")
      }
      #expect(try await house.run().status == .success)
      #expect(try await house.client.getRun(GetRunRequest(runId: id)).errorCode == "interrupted")
    }
  }

  @Test("I7: a run's end that cannot be written down is told when it is, and not before")
  func unwritten() async throws {
    try await withRows { house in
      let gate = Gate()
      house.warehouse.script.gate = (5, gate)
      let id = try await house.start().runId
      await gate.reached()
      house.database.fill(true)
      gate.open()
      try await until { house.writer.appliedRows("purchases") >= 100 }
      try await Task.sleep(for: .milliseconds(300))
      let request = GetRunRequest(runId: id)
      #expect(try await house.client.getRun(request).status == .running)
      // A new one could not be recorded either.
      #expect(await refusal { try await house.start() }?.reason == "already_running")
      house.database.fill(false)
      let watch = WatchRunRequest(runId: id)
      let told = try await house.client.watchRun(watch) { try await $0.all() }
      #expect(told.last?.status == .success)
      let recorded = try await house.database.inner.read {
        try $0.run(workspace: "default", id: id)
      }
      #expect(recorded?.status == .success)
      #expect(try await house.client.getRun(request) == told.last)
      #expect(try await house.run().status == .success)
    }
  }

  @Test("the run loop can be started once only")
  func once() async throws {
    try await House.with { house in
      await #expect(throws: Failure.self) { try await house.orchestrator.run() }
    }
  }

  @Test("before the run loop is started, runs are refused and everything else works")
  func notStarted() async throws {
    try await withRows { house in
      let idle = try await House(
        database: house.database.inner,
        vault: house.vault,
        writer: house.writer,
        warehouse: house.warehouse
      )
      #expect(!idle.orchestrator.isReady)
      #expect(await refusal { try await idle.start() }?.reason == "not_ready")
      #expect(try await idle.client.getSync(GetSyncRequest(name: "purchases")).state == .active)
    }
  }
}
