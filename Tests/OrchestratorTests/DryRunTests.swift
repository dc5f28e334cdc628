import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

@Suite("Dry runs", .timeLimit(.minutes(4)))
struct DryRunTests {
  @Test("the counts are those of the run that follows, and nothing else is another afterwards")
  func counts() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes)
      try await house.add([
        (-300, "1", #"{"a":1}"#), (-200, "2", #"{"a":"one"}"#), (-100, "3", "no JSON"),
      ])
      let before = try house.dumps()
      let events = try await house.dryRun("changes")
      let last = try #require(events.last)
      let dry = try #require(last.run)
      #expect(dry.dryRun && dry.status == .partial && dry.trigger == "manual")
      #expect(dry.rowsRead == 3 && dry.applied == 2 && dry.rejected == 1)
      #expect(last.differences.map(\.outcome) == ["applied", "applied", "rejected"])
      #expect(last.differences.first?.createsProfile == true)
      #expect(last.differences.last?.code == "payload_not_object")
      #expect(events.dropLast().allSatisfy { $0.differences.isEmpty && $0.run?.dryRun == true })
      #expect(try house.dumps() == before)
      #expect(try await house.runs().isEmpty)
      #expect(try await house.cursor("changes") == nil)

      let run = try await house.run("changes")
      #expect(!run.dryRun)
      #expect(run.counts == dry.counts && run.status == dry.status)
      let again = try #require(try await house.dryRun("changes").last?.run)
      #expect(again.rowsRead == 1 && again.alreadyApplied == 1)
      #expect(again.cursor == run.cursor)
      #expect(try await house.runs().map(\.runId) == [run.runId])
    }
  }

  @Test("rows that change nothing count as in a run of the sync", arguments: [true, false])
  func unchanged(_ skipsUnchanged: Bool) async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes) { $0.options?.skipUnchanged = skipsUnchanged }
      try await house.add([(-300, "1", #"{"a":1}"#)])
      #expect(try await house.run("changes").applied == 1)
      try await house.add([(-200, "1", #"{"a":1}"#)])
      let dry = try #require(try await house.dryRun("changes").last?.run)
      #expect(dry.alreadyApplied == 1)
      #expect(dry.applied == (skipsUnchanged ? 0 : 1))
      #expect(try await house.run("changes").counts == dry.counts)
    }
  }

  @Test("R135, R141: a draft that is tested may be tried, one that is not may not")
  func draft() async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      _ = try await house.client.putSync(PutSyncRequest(sync: House.sync))
      let untested = await refusal { try await house.dryRun() }
      #expect(untested?.reason == "not_tested")
      _ = try await house.testSync()
      house.warehouse.script.rows = (0..<25).map { row(-200 + $0, "u\($0)") }
      let run = try #require(try await house.dryRun().last?.run)
      #expect(run.status == .success && run.rowsRead == 25 && run.applied == 25)
      // Three batches, each by itself: that has to be said.
      #expect(run.warnings.contains { $0.contains("3 batches") })
      #expect(house.writer.sync("purchases").opens == 0)
      #expect(house.vault.releases.last?.purpose == "dry run")
      #expect(house.warehouse.log.closed == house.warehouse.log.opened)
      _ = try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      _ = try await house.client.pauseSync(PauseSyncRequest(name: "purchases"))
      #expect(try await house.dryRun().last?.run?.status == .success)
    }
  }

  @Test("R139: it is the sync's one job, it is seen while it goes on, and a cancel ends it")
  func oneJob() async throws {
    try await House.with { house in
      try await house.activeSync()
      let gate = Gate()
      house.warehouse.script.rows = (0..<25).map { row(-200 + $0, "u\($0)") }
      house.warehouse.script.gate = (1, gate)
      async let dry = house.dryRun()
      await gate.reached()
      #expect(await refusal { try await house.start() }?.reason == "already_running")
      #expect(await refusal { try await house.dryRun() }?.reason == "already_running")
      let live = try #require(house.orchestrator.board.liveRuns.first)
      let shown = try await house.client.getRun(GetRunRequest(runId: live.id))
      #expect(shown.dryRun && shown.status == .running)
      let cancelled = try await house.client.cancelRun(CancelRunRequest(runId: live.id))
      #expect(cancelled.status == .cancelled && cancelled.dryRun)
      let run = try #require(try await dry.last?.run)
      #expect(run.status == .cancelled)
      #expect(run.errorMessage.contains("changed nothing"))
      #expect(
        await refusal { try await house.client.getRun(GetRunRequest(runId: live.id)) }?.code
          == .notFound
      )
      house.warehouse.script.gate = nil
      #expect(try await house.run().status == .success)
    }
  }

  @Test("a caller who goes away ends it, and the sync is free again")
  func callerGone() async throws {
    try await House.with { house in
      try await house.activeSync()
      let gate = Gate()
      house.warehouse.script.rows = [row(-5)]
      house.warehouse.script.gate = (0, gate)
      let task = Task { try await house.dryRun() }
      await gate.reached()
      task.cancel()
      _ = await task.result
      try await until { house.orchestrator.board.liveRuns.isEmpty }
      house.warehouse.script.gate = nil
      #expect(try await house.run().applied == 1)
      #expect(house.warehouse.log.closed == house.warehouse.log.opened)
    }
  }

  @Test("it ends where the run would: row limit, breaker, a writer that refuses, a lost table")
  func endings() async throws {
    try await House.with { house in
      try await house.activeSync {
        $0.options = SyncOptions(overlapNs: 0, rowLimit: 20)
      }
      house.warehouse.script.rows = (0..<25).map { row(-200 + $0, "u\($0)") }
      #expect(try await house.dryRun().last?.run?.status == .limitExceeded)
      house.warehouse.script.rows = [row(-5)]
      house.writer.script.evaluate = { _ in
        throw RPCError(.failedPrecondition, "another type", reason: "data_type_changed")
      }
      let refused = try #require(try await house.dryRun().last?.run)
      #expect(refused.status == .configError && refused.errorCode == "data_type_changed")
      house.writer.script.evaluate = { BatchEvaluation(rejected: Int64($0.rows.count)) }
      let rejected = try #require(try await house.dryRun().last?.run)
      #expect(rejected.errorCode == "all_rows_rejected")
      #expect(rejected.errorMessage.contains("would be rejected"))
      house.warehouse.script.queryFailure = Failure(
        "table_not_found",
        "there is no table",
        recovery: .needsOperator
      )
      let lost = try #require(try await house.dryRun().last?.run)
      #expect(lost.status == .configError && lost.errorCode == "table_not_found")
      #expect(try await house.runs().isEmpty)
    }
  }

  @Test(
    "a writer that is away for a moment is asked again, and differences stay within their limit"
  )
  func retries() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (0..<25).map { row(-200 + $0, "u\($0)") }
      house.line.change { $0.refusedCalls = 2 }
      house.writer.script.evaluate = { request in
        var evaluation = BatchEvaluation(applied: Int64(request.rows.count))
        // More than was asked for.
        if !request.rows.isEmpty {
          evaluation.rows = (0..<10).map { _ in RowEvaluation(outcome: "applied") }
        }
        return evaluation
      }
      let last = try #require(try await house.dryRun(differences: 12).last)
      #expect(last.run?.status == .success)
      #expect(last.differences.count == 12)
      #expect(
        await refusal { try await house.dryRun(differences: 51) }?.reason
          == "invalid_difference_limit"
      )
    }
  }
}

extension Operated {
  func dryRun(_ name: String = "purchases", differences: UInt32 = 0) async throws -> [DryRunEvent] {
    try await client.dryRunSync(
      DryRunSyncRequest(name: name, differenceLimit: differences)
    ) { events in
      var seen: [DryRunEvent] = []
      while let event = try await events.next() { seen.append(event) }
      return seen
    }
  }
}

extension RealHouse {
  /// Every row of every table of the profile store and of the orchestrator, as SQL.
  func dumps() throws -> [String] {
    try ["profiles.sqlite", "orchestrator.sqlite"].map {
      try ChildProcess.run(["sqlite3", "-readonly", directory.file($0), ".dump"]).output
    }
  }
}
