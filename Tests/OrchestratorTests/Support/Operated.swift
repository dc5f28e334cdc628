import OrchestratorAPI
import RPC
import SyncModel
import TestSupport
import Testing

@testable import Orchestrator

/// Something with an orchestrator that an operator may talk to.
protocol Operated: Sendable {
  var orchestrator: SyncOrchestrator { get }
  var client: OrchestratorClient { get }
}

extension Operated {
  /// Takes runs while `body` is at work.
  func working(_ body: (Self) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await orchestrator.run() }
      try await until { orchestrator.isReady }
      do {
        try await body(self)
      } catch {
        group.cancelAll()
        throw error
      }
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  func testSync(_ name: String = "purchases") async throws -> TestReport {
    try await client.testSync(TestSyncRequest(name: name)) { events in
      var report: TestReport?
      while let event = try await events.next() { report = event.report }
      return try #require(report)
    }
  }

  func start(_ name: String = "purchases") async throws -> Run {
    try await client.runSync(RunSyncRequest(name: name))
  }

  /// Runs a sync and waits for its end.
  func run(_ name: String = "purchases") async throws -> Run {
    try await end(of: try await start(name).runId)
  }

  func end(of run: String) async throws -> Run {
    let run = try await watch(run).last
    return try #require(run)
  }

  /// Everything that a watcher is told.
  func watch(_ run: String) async throws -> [Run] {
    try await client.watchRun(WatchRunRequest(runId: run)) { runs in
      var seen: [Run] = []
      while let run = try await runs.next() { seen.append(run) }
      return seen
    }
  }

  func runs(_ sync: String = "", limit: UInt32 = 0) async throws -> [Run] {
    try await client.listRuns(ListRunsRequest(sync: sync, limit: limit)) { runs in
      var seen: [Run] = []
      while let run = try await runs.next() { seen.append(run) }
      return seen
    }
  }

  func cursor(_ sync: String = "purchases") async throws -> Int64? {
    try await client.getCursor(GetCursorRequest(sync: sync)).position
  }
}
