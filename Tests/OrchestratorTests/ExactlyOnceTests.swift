import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

/// A real table, the real warehouse driver, the real writer and profile store.
@Suite("Exactly once in effect, and what a user reads when it is not (I1 to I8)")
struct ExactlyOnceTests {
  @Test(
    "decision 3: a stream that breaks after any batch is taken up again, once each",
    arguments: [0, 1, 2]
  )
  func brokenStream(_ message: Int) async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.addPurchases(25_000, at: -10)
      house.line.change { $0.loseMessage = message }
      let run = try await house.run("changes")
      #expect(run.status == .success, "\(run.errorMessage)")
      #expect(run.applied == 25_000)
      let counts = try await house.counts()
      #expect(counts.purchases == 25_000)
      #expect(counts.revenue == "25000")
    }
  }

  @Test("a writer that stays away in the middle: the next run brings the rest, once each")
  func writerAway() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.addPurchases(25_000, at: -10)
      house.line.change {
        $0.loseMessage = 1
        $0.refuseAfterNext = true
      }
      let run = try await house.run("changes")
      #expect(run.status == .error)
      #expect(run.errorCode == "writer_unavailable")
      #expect(run.applied < 25_000)
      house.line.change { $0 = FlakyTransport.Faults() }
      let next = try await house.run("changes")
      #expect(next.status == .success, "\(next.errorMessage)")
      #expect(try await house.counts().purchases == 25_000)
    }
  }

  @Test("C4: an orchestrator that dies in the middle: its successor brings the rest, once each")
  func orchestratorDies() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: nil)
      for second in 1...8 { try await house.addPurchases(5000, at: Int64(-second)) }
      var id = ""
      try await house.restarted { doomed in
        id = try await doomed.start("changes").runId
        doomed.database.sever()
        try await until { try await doomed.counts().purchases >= 10_000 }
      }
      try await house.restarted { house in
        let dead = try await house.client.getRun(GetRunRequest(runId: id))
        #expect(dead.status == .error)
        #expect(dead.errorCode == "interrupted")
        let next = try await house.run("changes")
        #expect(next.status == .success, "\(next.errorMessage)")
        let counts = try await house.counts()
        #expect(counts.purchases == 40_000)
        #expect(counts.revenue == "40000")
        #expect(try await house.cursor("changes") == stamp(-1))
      }
    }
  }

  @Test("R125, R126, C7: bad rows are rejected with their reasons, the others go on")
  func rejected() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.add([
        (-30, "a", purchase), (-20, "b", "[1]"), (-15, "", purchase), (-10, "c", purchase),
      ])
      let run = try await house.run("changes")
      #expect(run.status == .partial)
      #expect(run.applied == 2)
      #expect(run.rejected == 2)
      #expect(run.cursor == stamp(-10))
      let rows = try await house.writer.listRejectedRows(
        ListRejectedRowsRequest(workspace: "default", sync: "changes", runId: run.runId)
      ) { try await $0.all() }
      #expect(rows.map(\.updatedAt) == [stamp(-20), stamp(-15)])
      // I8: rejected once, not again with every run that reads them again.
      let next = try await house.run("changes")
      #expect(next.status == .success)
      #expect(next.rejected == 0)
    }
  }

  struct Table: Sendable, CustomTestStringConvertible {
    var schema: String
    var data = OrchestratorAPI.DataType.purchases
    var says: String
    var testDescription: String { schema }
  }

  @Test(
    "R21 to R23, R26: a table that cannot be synced says so in its test, and cannot be activated",
    arguments: [
      Table(schema: "CREATE TABLE other (x TEXT)", says: "changes"),
      Table(schema: "CREATE TABLE changes (EXTERNAL_ID TEXT, PAYLOAD TEXT)", says: "UPDATED_AT"),
      Table(schema: "CREATE TABLE changes (UPDATED_AT TEXT, PAYLOAD TEXT)", says: "EXTERNAL_ID"),
      Table(schema: "CREATE TABLE changes (UPDATED_AT TEXT, EXTERNAL_ID TEXT)", says: "PAYLOAD"),
      Table(
        schema: "CREATE TABLE changes (UPDATED_AT TEXT, EXTERNAL_ID TEXT, PAYLOAD TEXT)",
        data: .deletes,
        says: "PAYLOAD"
      ),
    ]
  )
  func unfit(_ table: Table) async throws {
    try await RealHouse.with(schema: table.schema) { house in
      let sync = Sync(
        name: "changes",
        source: "shop",
        table: "changes",
        data: table.data,
        contacts: ["ops@example.com"]
      )
      _ = try await house.client.putSync(PutSyncRequest(sync: sync))
      let report = try await house.testSync("changes")
      #expect(!report.ok)
      #expect(!report.errorCode.isEmpty)
      #expect(report.errorMessage.contains(table.says), "\(report.errorMessage)")
      let refused = await refusal {
        try await house.client.activateSync(ActivateSyncRequest(name: "changes"))
      }
      #expect(refused?.reason == "not_tested")
    }
  }

  @Test("a table that goes away after the activation is a config error; the cursor stays")
  func tableGone() async throws {
    try await RealHouse.with { house in
      try await house.activeSync()
      try await house.add([(-30, "a", purchase)])
      _ = try await house.run("changes")
      try await house.source("DROP TABLE changes")
      let run = try await house.run("changes")
      #expect(run.status == .configError)
      #expect(run.errorCode == "table_not_found", "\(run.errorMessage)")
      #expect(run.cursor == stamp(-30))
      // Back again, the sync goes on where it was.
      try await house.source("CREATE TABLE changes (\(RealHouse.columns))")
      try await house.add([(-30, "a", purchase), (-20, "b", purchase)])
      let next = try await house.run("changes")
      #expect(next.applied == 1)
    }
  }

  @Test("R26: a deletes sync deletes; update-existing-only skips who is not there (R58, R59)")
  func kinds() async throws {
    let schema = """
      CREATE TABLE changes (\(RealHouse.columns));
      CREATE TABLE gone (UPDATED_AT INTEGER, EXTERNAL_ID TEXT)
      """
    try await RealHouse.with(schema: schema) { house in
      try await house.activeSync(.attributes)
      try await house.add([(-30, "a", #"{"color":"red"}"#), (-20, "b", #"{"color":"red"}"#)])
      _ = try await house.run("changes")
      try await house.activeSync(.deletes) {
        $0.name = "gone"
        $0.table = "gone"
      }
      try await house.source(
        "INSERT INTO gone VALUES (?1, 'a'), (?1, 'nobody')",
        [.integer(stamp(-10))]
      )
      let deletes = try await house.run("gone")
      #expect(deletes.status == .success, "\(deletes.errorMessage)")
      #expect(deletes.applied == 1)
      #expect(deletes.skipped == 1)
      #expect(try await house.counts().profiles == 1)
      try await house.activeSync(.attributes) { $0.options?.updateExistingOnly = true }
      try await house.add([(-5, "c", #"{"color":"red"}"#), (-5, "b", #"{"color":"blue"}"#)])
      let run = try await house.run("changes")
      #expect(run.status == .success)
      #expect(run.applied == 1)
      #expect(run.skipped == 1)
    }
  }
}
