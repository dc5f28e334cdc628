import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

/// A real table, the real warehouse driver, the real writer and profile store.
@Suite("What runs select and where the cursor goes (R1 to R20)", .timeLimit(.minutes(2)))
struct CursorTests {
  @Test("R1, R4, R9, R39, decision 2: everything once, then nothing, then two equal rows twice")
  func purchases() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: nil)
      try await house.add([(-30, "a", purchase), (-20, "b", purchase), (-10, "a", purchase)])
      let first = try await house.run("changes")
      #expect(first.status == .success, "\(first.errorMessage)")
      #expect(first.applied == 3)
      #expect(first.cursor == stamp(-10))
      let second = try await house.run("changes")
      #expect(second.status == .success)
      #expect(second.applied == 0)
      #expect(second.rowsRead == second.alreadyApplied)
      #expect(second.cursor == stamp(-10))
      try await house.add([(-10, "b", purchase), (-10, "b", purchase)])
      let third = try await house.run("changes")
      #expect(third.applied == 2)
      let counts = try await house.counts()
      #expect(counts.profiles == 2)
      #expect(counts.purchases == 5)
      #expect(counts.revenue == "5")
    }
  }

  @Test("C1, R3: 25,000 rows of one instant, more than a batch, applied once each")
  func oneInstant() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.addPurchases(25_000, at: -10)
      let first = try await house.run("changes")
      #expect(first.status == .success, "\(first.errorMessage)")
      #expect(first.applied == 25_000)
      let second = try await house.run("changes")
      #expect(second.applied == 0)
      #expect(second.alreadyApplied == 25_000)
      #expect(try await house.counts().purchases == 25_000)
    }
  }

  @Test("C2, R3, R18: a row added at the very boundary is applied, also where one went away")
  func boundary() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.add([(-20, "a", purchase), (-10, "b", purchase)])
      _ = try await house.run("changes")
      try await house.add([(-10, "c", purchase)])
      let added = try await house.run("changes")
      #expect(added.applied == 1)
      #expect(added.alreadyApplied == 1)
      // As many rows as before: a rule that counts them would miss the new one.
      try await house.source("DELETE FROM changes WHERE EXTERNAL_ID = 'c'")
      try await house.add([(-10, "d", purchase)])
      #expect(try await house.run("changes").applied == 1)
      #expect(try await house.counts().purchases == 4)
    }
  }

  @Test("C3, decision 1: a late row inside the overlap is applied; R5: one before it is not read")
  func late() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: 60_000_000_000)
      try await house.add([(-200, "a", purchase), (-100, "b", purchase)])
      _ = try await house.run("changes")
      try await house.add([(-150, "late", purchase), (-170, "too late", purchase)])
      let run = try await house.run("changes")
      #expect(run.rowsRead == 2)
      #expect(run.applied == 1)
      #expect(run.alreadyApplied == 1)
      #expect(run.cursor == stamp(-100))
      #expect(try await house.profile("late").contains("purchases"))
      let missing = await refusal { try await house.profile("too late") }
      #expect(missing?.code == .notFound)
    }
  }

  @Test("R6, R12: a change without a new stamp is not seen; equal content under one is unchanged")
  func stamps() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes)
      try await house.add([(-30, "a", #"{"color":"red"}"#), (-20, "b", #"{"color":"red"}"#)])
      _ = try await house.run("changes")
      try await house.source(
        "UPDATE changes SET PAYLOAD = '{\"color\":\"blue\"}' WHERE EXTERNAL_ID = 'a'"
      )
      #expect(try await house.run("changes").applied == 0)
      #expect(try await house.profile("a").contains("red"))
      try await house.add([(-10, "b", #"{"color":"red"}"#)])
      let run = try await house.run("changes")
      #expect(run.unchanged == 1)
      #expect(run.status == .success)
      #expect(run.cursor == stamp(-10))
    }
  }

  @Test("R7, R8, C9, decision 4: a row of 2099 is applied and does not move the cursor past now")
  func future() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.add([(-30, "a", purchase), (2_400_000_000, "b", purchase)])
      let run = try await house.run("changes")
      #expect(run.status == .success)
      #expect(run.applied == 2)
      #expect(run.warnings.count == 1)
      let cursor = try #require(run.cursor)
      // Not even up to now: a row that is committed late would fall behind the cursor.
      #expect(cursor == stamp(-30))
      // What comes between now and then is read (R8 improved), and nothing twice.
      try await house.source(
        "INSERT INTO changes VALUES (?1, 'c', ?2)",
        [.integer(cursor + 1), .text(purchase)]
      )
      let next = try await house.run("changes")
      #expect(next.applied == 1)
      #expect(next.alreadyApplied == 2)
      #expect(try await house.counts().purchases == 3)
    }
  }

  @Test("R13: rows without UPDATED_AT are never read and never move the cursor")
  func null() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.add([(-30, "a", purchase)])
      try await house.source("INSERT INTO changes VALUES (NULL, 'b', ?1)", [.text(purchase)])
      let run = try await house.run("changes")
      #expect(run.rowsRead == 1)
      #expect(run.cursor == stamp(-30))
      #expect(try await house.testSync("changes").rowsWithoutUpdatedAt == 1)
    }
  }

  @Test("R15: stamps one nanosecond apart are kept apart")
  func nanoseconds() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      let insert = "INSERT INTO changes VALUES (?1, ?2, ?3)"
      try await house.source(insert, [.integer(stamp(-1)), .text("a"), .text(purchase)])
      #expect(try await house.run("changes").cursor == stamp(-1))
      try await house.source(insert, [.integer(stamp(-1) + 1), .text("b"), .text(purchase)])
      let run = try await house.run("changes")
      #expect(run.applied == 1)
      #expect(run.cursor == stamp(-1) + 1)
    }
  }

  @Test("R16: a view stamped with the current time is read whole at every run")
  func currentTime() async throws {
    let schema = """
      CREATE TABLE users (id TEXT, color TEXT);
      CREATE VIEW changes AS SELECT
        CAST(strftime('%s', 'now') AS INTEGER) * 1000000000 AS UPDATED_AT,
        id AS EXTERNAL_ID, '{"color":"' || color || '"}' AS PAYLOAD FROM users
      """
    try await RealHouse.with(schema: schema) { house in
      try await house.activeSync(.attributes)
      try await house.source("INSERT INTO users VALUES ('a', 'red'), ('b', 'blue')")
      let first = try await house.run("changes")
      #expect(first.rowsRead == 2, "\(first.errorMessage)")
      let second = try await house.run("changes")
      #expect(second.rowsRead == 2)
      #expect(second.applied == 0)
    }
  }

  @Test("R17: rows committed after the query began are left for the next run")
  func snapshot() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.addPurchases(25_000, at: -10)
      let gate = Gate()
      house.line.change { $0.gate = gate }
      let started = try await house.start("changes")
      await gate.reached()
      try await house.add([(-5, "new", purchase)])
      gate.open()
      let run = try await house.end(of: started.runId)
      #expect(run.rowsRead == 25_000, "\(run.errorMessage)")
      let next = try await house.run("changes")
      #expect(next.applied == 1)
    }
  }

  @Test("R19: a new sync on the same data starts without a cursor")
  func newSync() async throws {
    let schema = """
      CREATE TABLE changes (\(RealHouse.columns));
      CREATE VIEW again AS SELECT * FROM changes
      """
    try await RealHouse.with(schema: schema) { house in
      try await house.activeSync()
      try await house.add([(-30, "a", purchase), (-20, "b", purchase)])
      #expect(try await house.run("changes").applied == 2)
      try await house.activeSync {
        $0.name = "again"
        $0.table = "again"
      }
      #expect(try await house.cursor("again") == nil)
      #expect(try await house.run("again").applied == 2)
    }
  }

  @Test("R20: more rows than the limit end the run as limit_exceeded")
  func limit() async throws {
    try await RealHouse.with { house in
      try await house.activeSync { $0.options?.rowLimit = 15_000 }
      try await house.addPurchases(25_000, at: -10)
      let run = try await house.run("changes")
      #expect(run.status == .limitExceeded)
      #expect(run.applied == 10_000)
      // The limit raised, the next run takes only what is left.
      var sync = try await house.client.getSync(GetSyncRequest(name: "changes"))
      sync.options?.rowLimit = 0
      _ = try await house.client.putSync(PutSyncRequest(sync: sync))
      let next = try await house.run("changes")
      #expect(next.status == .success, "\(next.errorMessage)")
      #expect(next.applied == 15_000)
      #expect(next.alreadyApplied == 10_000)
    }
  }
}
