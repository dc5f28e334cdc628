import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing

@testable import Orchestrator

@Suite("Runs beside each other, and those who watch them", .timeLimit(.minutes(4)))
struct RunBoardTests {
  @Test("R139, decision 8: one run a sync; another sync runs beside it")
  func overlapping() async throws {
    try await House.with { house in
      try await house.activeSync()
      try await house.activeSync {
        $0.name = "refunds"
        $0.table = "public.refunds"
      }
      let gate = Gate()
      house.warehouse.script.rows = [row(-1)]
      house.warehouse.script.gate = (0, gate)
      let first = try await house.start()
      await gate.reached()
      let refused = await refusal { try await house.start() }
      #expect(refused?.code == .failedPrecondition)
      #expect(refused?.reason == "already_running")
      #expect(refused?.message.hasPrefix("Another job is in progress") == true)
      house.warehouse.script.gate = nil
      #expect(try await house.run("refunds").status == .success)
      gate.open()
      #expect(try await house.end(of: first.runId).status == .success)
      #expect(try await house.run().status == .success)
      #expect(try await house.runs("purchases").count == 2)
      #expect(try await house.runs().count == 3)
    }
  }

  @Test("of many starts at the same moment one wins")
  func race() async throws {
    try await House.with { house in
      try await house.activeSync()
      let gate = Gate()
      house.warehouse.script.rows = [row(-1)]
      house.warehouse.script.gate = (0, gate)
      let won = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<20 { group.addTask { await refusal { try await house.start() } == nil } }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(won == 1)
      gate.open()
      _ = try await house.end(of: try #require(try await house.runs().first).runId)
    }
  }

  @Test("runs beyond the limit wait for their turn, and can be cancelled while they wait")
  func waiting() async throws {
    var configuration = House.configuration
    configuration.maximumRuns = 1
    try await House.with(configuration: configuration) { house in
      for name in ["purchases", "b", "c"] {
        try await house.activeSync {
          $0.name = name
          $0.table = "public.\(name)"
        }
      }
      let gate = Gate()
      house.warehouse.script.gate = (0, gate)
      let first = try await house.start()
      await gate.reached()
      let (second, third) = (try await house.start("b"), try await house.start("c"))
      #expect(second.phase == "queued")
      let cancelled = try await house.client.cancelRun(CancelRunRequest(runId: second.runId))
      #expect(cancelled.status == .cancelled)
      house.warehouse.script.gate = nil
      gate.open()
      #expect(try await house.end(of: first.runId).status == .success)
      #expect(try await house.end(of: third.runId).status == .success)
    }
  }

  @Test("a run is cancelled while the warehouse says nothing; what was receipted stays")
  func cancelled() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (0..<30).map { row(-200 + $0, "u\($0)") }
      let gate = Gate()
      house.warehouse.script.gate = (2, gate)
      let run = try await house.start()
      await gate.reached()
      while house.writer.appliedRows("purchases") < 20 {
        try await Task.sleep(for: .milliseconds(1))
      }
      let cancelled = try await house.client.cancelRun(CancelRunRequest(runId: run.runId))
      #expect(cancelled.status == .cancelled)
      #expect(cancelled.errorCode == "cancelled")
      #expect(cancelled.applied == 20)
      let again = await refusal {
        try await house.client.cancelRun(CancelRunRequest(runId: run.runId))
      }
      #expect(again?.reason == "run_has_ended")
      house.warehouse.script.gate = nil
      #expect(try await house.run().status == .success)
      #expect(house.writer.appliedRows("purchases") == 30)
    }
  }

  @Test("a run in which nothing moves is ended, and says what it waited for")
  func stalled() async throws {
    var configuration = House.configuration
    configuration.runStallLimit = .milliseconds(300)
    try await House.with(configuration: configuration) { house in
      try await house.activeSync()
      house.warehouse.script.gate = (0, Gate())
      let run = try await house.run()
      #expect(run.status == .error)
      #expect(run.errorCode == "stalled")
      #expect(run.errorMessage.contains("waiting for the warehouse"))
    }
  }

  @Test(
    "circuit breakers end a run before more harm is done",
    arguments: ["too_many_deletes", "unusual_volume"]
  )
  func breakers(code: String) async throws {
    try await House.with { house in
      try await house.activeSync {
        if code == "too_many_deletes" { $0.data = .deletes }
        $0.options = SyncOptions(
          overlapNs: 0,
          maxDeletes: 15,
          unusualVolumeFactor: code == "unusual_volume" ? 2 : 0
        )
      }
      for second in 0..<3 {
        house.warehouse.script.rows.append(row(-9000 + Int64(second), "early-\(second)"))
        #expect(try await house.run().status == .success)
      }
      house.warehouse.script.rows += (0..<2000).map { row(-5000 + $0, "u\($0)") }
      let run = try await house.run()
      #expect(run.status == .error)
      #expect(run.errorCode == code)
      #expect(run.rowsRead <= (code == "too_many_deletes" ? 15 : 1000))
    }
  }

  @Test("as many runs as the limit, going on or waiting, then no more")
  func tooMany() async throws {
    var configuration = House.configuration
    configuration.maximumWaitingRuns = 1
    try await House.with(configuration: configuration) { house in
      try await house.activeSync()
      try await house.activeSync {
        $0.name = "refunds"
        $0.table = "public.refunds"
      }
      let gate = Gate()
      house.warehouse.script.gate = (0, gate)
      let first = try await house.start()
      await gate.reached()
      #expect(await refusal { try await house.start("refunds") }?.reason == "too_many_runs")
      gate.open()
      _ = try await house.end(of: first.runId)
    }
  }

  @Test("a watcher sees the run now, its progress, and its end; also of a run that has ended")
  func watch() async throws {
    try await House.with { house in
      try await house.activeSync()
      let gate = Gate()
      house.warehouse.script.rows = (0..<30).map { row(-200 + $0, "u\($0)") }
      house.warehouse.script.gate = (2, gate)
      let started = try await house.start()
      await gate.reached()
      var seen: [Run] = []
      seen = try await house.client.watchRun(WatchRunRequest(runId: started.runId)) { runs in
        var seen: [Run] = []
        while let run = try await runs.next() {
          seen.append(run)
          if run.applied == 20 { gate.open() }
        }
        return seen
      }
      #expect(seen.first?.status == .running)
      #expect(seen.first?.phase == "reading")
      #expect(seen.last?.status == .success)
      #expect(seen.dropLast().allSatisfy { $0.status == .running && $0.finishedAt == 0 })
      #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.rowsRead <= $1.rowsRead })
      let ended = try await house.watch(started.runId)
      #expect(ended == [try await house.client.getRun(GetRunRequest(runId: started.runId))])
    }
  }

  @Test("progress is written down while a run goes on, with the cursor")
  func progress() async throws {
    try await House.with { house in
      try await house.activeSync()
      let gate = Gate()
      house.warehouse.script.rows = (0..<30).map { row(-200 + $0, "u\($0)") }
      house.warehouse.script.gate = (2, gate)
      let started = try await house.start()
      await gate.reached()
      try await until { try await house.cursor() == stamp(-181) }
      let database = house.database.inner
      let recorded = try await database.read {
        try $0.run(workspace: "default", id: started.runId)
      }
      #expect(recorded?.status == .running)
      #expect(recorded?.counts.applied == 20)
      #expect(try await house.runs().first?.applied == 20)
      gate.open()
      _ = try await house.end(of: started.runId)
    }
  }

  @Test("runs are listed newest first, as many as asked for")
  func list() async throws {
    try await House.with { house in
      try await house.activeSync()
      var ids: [String] = []
      for _ in 0..<4 {
        ids.append(try await house.run().runId)
        house.world.advance(seconds: -30)
      }
      // By epoch where one sync is asked for: a clock that jumps back does not reorder them.
      #expect(try await house.runs("purchases").map(\.runId) == ids.reversed())
      #expect(try await house.runs("purchases", limit: 2).map(\.runId) == [ids[3], ids[2]])
      #expect(try await house.runs().count == 4)
    }
  }

  @Test("a run that is not there is NOT_FOUND")
  func missing() async throws {
    try await House.with { house in
      for call in [
        { _ = try await house.client.getRun(GetRunRequest(runId: "none")) },
        { _ = try await house.watch("none") },
      ] as [@Sendable () async throws -> Void] {
        #expect(await refusal(call)?.reason == "run_not_found")
      }
      try await house.activeSync()
      let id = try await house.run().runId
      let elsewhere = await refusal {
        try await house.client.getRun(GetRunRequest(workspace: "other", runId: id))
      }
      #expect(elsewhere?.code == .notFound)
    }
  }

  @Test("decision 7: runs are forgotten after 13 months")
  func retention() async throws {
    try await House.with { house in
      try await house.activeSync()
      _ = try await house.run()
      house.world.advance(seconds: 399 * 86_400)
      _ = try await house.run()
      #expect(try await house.runs().count == 2)
      house.world.advance(seconds: 2 * 86_400)
      _ = try await house.run()
      #expect(try await house.runs().count == 2)
    }
  }

  @Test("a run that was recorded while the orchestrator stopped is not taken for one under way")
  func launchedTooLate() throws {
    let board = RunBoard(maximumRuns: 1)
    #expect(throws: RPCError.self) { try board.claim(workspace: "default", sync: "s") }
    #expect(board.open())
    #expect(!board.open())
    try board.claim(workspace: "default", sync: "s")
    board.close()
    let run = StoredRun(
      id: "r",
      workspace: "default",
      sync: "s",
      epoch: 1,
      startedAt: SimulatedWorld.start
    )
    let source = StoredSource(
      workspace: "default",
      name: "shop",
      type: "scripted",
      settings: [:],
      credential: ""
    )
    let sync = try SyncRules.validated(House.sync)
    let job = RunJob(
      live: LiveRun(run, limits: RunLimits(rowLimit: 1)),
      source: source,
      sync: sync,
      epoch: 1
    )
    #expect(!board.launch(job))
    #expect(board.liveRuns.map(\.id) == ["r"])
  }
}
