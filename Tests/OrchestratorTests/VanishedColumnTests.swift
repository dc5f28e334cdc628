import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing

@testable import Orchestrator

/// R142, design decision 9.
@Suite("A mapped column that vanished pauses the sync", .timeLimit(.minutes(2)))
struct VanishedColumnTests {
  private static let schema =
    "CREATE TABLE changes (UPDATED_AT INTEGER, EXTERNAL_ID TEXT, email TEXT, PAYLOAD TEXT)"
  private static let insert = "INSERT INTO changes VALUES (?1, 'a', 'a@example.com', '{}')"

  private func state(_ house: RealHouse) async throws -> Sync {
    try await house.client.getSync(GetSyncRequest(name: "changes"))
  }

  @Test(
    "one that no sync can do without, and one that it could",
    arguments: ["PAYLOAD", "email", "UPDATED_AT"]
  )
  func pauses(_ column: String) async throws {
    try await RealHouse.with(schema: Self.schema) { house in
      try await house.activeSync(.attributes)
      try await house.source(Self.insert, [.integer(stamp(-20))])
      #expect(try await house.run("changes").status == .success)
      try await house.source("ALTER TABLE changes RENAME COLUMN \(column) TO gone")
      let run = try await house.run("changes")
      #expect(run.status == .configError)
      #expect(run.errorCode == "column_missing")
      #expect(run.errorMessage.contains(column.uppercased()))
      #expect(run.errorMessage.contains("the sync is paused"))
      #expect(run.applied == 0)
      let paused = try await state(house)
      #expect(paused.state == .paused)
      #expect(!paused.tested)
      let refused = await refusal { try await house.start("changes") }
      #expect(refused?.reason == "sync_is_paused")

      // Not before it has been tested again, which fails as long as the column is away.
      let early = await refusal {
        try await house.client.activateSync(ActivateSyncRequest(name: "changes"))
      }
      #expect(early?.reason == "not_tested")
      if column != "email" { #expect(try await !house.testSync("changes").ok) }
      try await house.source("ALTER TABLE changes RENAME COLUMN gone TO \(column)")
      #expect(try await house.testSync("changes").ok)
      _ = try await house.client.activateSync(ActivateSyncRequest(name: "changes"))
      #expect(try await house.run("changes").status == .success)
    }
  }

  @Test("a new column, and one that is not mapped, pause nothing")
  func others() async throws {
    let schema =
      "CREATE TABLE changes (UPDATED_AT INTEGER, EXTERNAL_ID TEXT, PAYLOAD TEXT, other TEXT)"
    try await RealHouse.with(schema: schema) { house in
      try await house.activeSync(.attributes)
      try await house.source("ALTER TABLE changes ADD COLUMN PHONE TEXT")
      #expect(try await house.run("changes").status == .success)
      try await house.source("ALTER TABLE changes DROP COLUMN other")
      #expect(try await house.run("changes").status == .success)
      #expect(try await state(house).state == .active)
    }
  }

  @Test("a test without the column makes it one that is not mapped any more")
  func testedWithout() async throws {
    try await RealHouse.with(schema: Self.schema) { house in
      try await house.activeSync(.attributes)
      try await house.source("ALTER TABLE changes DROP COLUMN email")
      #expect(try await house.run("changes").errorCode == "column_missing")
      #expect(try await house.testSync("changes").ok)
      _ = try await house.client.activateSync(ActivateSyncRequest(name: "changes"))
      #expect(try await house.run("changes").status == .success)
    }
  }
}

@Suite("What contacts and webhooks are told")
struct AlertTests {
  private func run(_ status: SyncModel.RunStatus, _ code: String = "") -> StoredRun {
    var run = StoredRun(
      id: "run-1",
      workspace: "default",
      sync: "orders",
      epoch: 1,
      startedAt: SimulatedWorld.start
    )
    run.status = status
    run.errorCode = code
    return run
  }

  @Test("each pause is news, whatever failure is known; the recovery is told once")
  func paused() {
    let rules = AlertRules()
    let first = rules.decide(run(.configError, "column_missing"), knownFailure: "")
    #expect(first == AlertRules.Decision(kinds: [.paused], knownFailure: "column_missing"))
    let second = rules.decide(run(.configError, "column_missing"), knownFailure: "column_missing")
    #expect(second.kinds == [.paused])
    let other = rules.decide(run(.configError, "table_not_found"), knownFailure: "table_not_found")
    #expect(other.kinds == [])
    #expect(rules.decide(run(.success), knownFailure: "column_missing").kinds == [.recovered])
  }

  @Test("a webhook's body is one JSON object with what the mail says and the run's numbers")
  func webhook() {
    var run = run(.error, "x")
    run.errorMessage = "a \"quoted\"\nline"
    run.rowsRead = 3
    let alert = Alert(webhook: .failed, of: run, id: "i", at: SimulatedWorld.start)
    #expect(alert.channel == .webhook)
    #expect(alert.contacts.isEmpty)
    #expect(
      alert.body.hasPrefix(
        #"{"id":"i","kind":"failed","workspace":"default","sync":"orders","at":"2024-01-01T00:00:00Z","#
      )
    )
    #expect(alert.body.contains(#""error_message":"a \"quoted\"\nline","rows_read":3,"#))
    #expect(
      !Alert(webhook: .test, of: run, id: "i", at: SimulatedWorld.start).body.contains("run_id")
    )
  }
}
