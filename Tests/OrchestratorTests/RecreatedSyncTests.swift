import OrchestratorAPI
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

/// A sync that is deleted and made again under its name: a real table, the real writer and profile
/// store.
@Suite("A sync that is made again under its name", .timeLimit(.minutes(2)))
struct RecreatedSyncTests {
  @Test("it reads every row anew, from the beginning, and its runs are in order")
  func readsAnew() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: nil)
      try await house.add([(-900, "a", purchase), (-200, "b", purchase), (-10, "c", purchase)])
      #expect(try await house.run("changes").applied == 3)
      #expect(try await house.run("changes").status == .success)
      try await house.deleteSync()
      try await house.activeSync(overlap: nil)
      #expect(try await house.cursor("changes") == nil)
      let first = try await house.run("changes")
      #expect(first.status == .success, "\(first.errorMessage)")
      #expect(first.applied == 3)
      #expect(first.cursor == stamp(-10))
      // What the deleted one did stays.
      #expect(try await house.counts().purchases == 6)
      try await house.add([(-5, "d", purchase)])
      let second = try await house.run("changes")
      #expect(second.applied == 1, "\(second.errorMessage)")
      #expect(second.alreadyApplied == 2)
    }
  }

  @Test("it may have another data type and another table (R136 is of one sync)")
  func otherData() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.purchases)
      try await house.add([(-20, "a", purchase), (-10, "b", purchase)])
      #expect(try await house.run("changes").applied == 2)
      try await house.deleteSync()
      try await house.source("CREATE TABLE visits (\(RealHouse.columns))")
      try await house.source(
        "INSERT INTO visits SELECT UPDATED_AT - 1000000000, EXTERNAL_ID, '{\"name\":\"visited\"}' FROM changes"
      )
      try await house.activeSync(.events) { $0.table = "visits" }
      let run = try await house.run("changes")
      #expect(run.status == .success, "\(run.errorMessage)")
      #expect(run.applied == 2)
      #expect(try await house.counts().events == 2)
      #expect(try await house.counts().purchases == 2)
    }
  }

  @Test("before its first run, dry run, cursor and explanation know no place of it")
  func untouched() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: 0)
      try await house.add([(-20, "a", purchase), (-10, "b", purchase)])
      #expect(try await house.run("changes").applied == 2)
      try await house.deleteSync()
      try await house.activeSync(overlap: 0)
      let explained = try await house.client.explainRow(
        ExplainRowRequest(sync: "changes", externalId: "a")
      )
      #expect(explained.position == nil)
      #expect(explained.readFrom == nil)
      #expect(explained.rows.map(\.reason) == ["waiting"])
      let dry = try await house.client.dryRunSync(DryRunSyncRequest(name: "changes")) {
        try await $0.all()
      }
      #expect(dry.last?.run?.applied == 2)
      let preview = try await house.client.moveCursor(
        MoveCursorRequest(sync: "changes", toBeginning: true, dryRun: true)
      )
      #expect(preview.from == nil)
      #expect(preview.rowsAgain == 0)
      #expect(try await house.run("changes").applied == 2)
    }
  }

  @Test("what it found unchanged is not explained as what the deleted one applied")
  func explained() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes, overlap: 0)
      try await house.add([(-20, "a", #"{"plan":"gold"}"#), (-10, "b", "no JSON")])
      let old = try await house.run("changes")
      #expect(old.applied == 1 && old.rejected == 1)
      try await house.deleteSync()
      try await house.activeSync(.attributes, overlap: 0)
      func explain(_ user: String) async throws -> ExplainRowResponse {
        try await house.client.explainRow(ExplainRowRequest(sync: "changes", externalId: user))
      }
      // The deleted one's rejection says nothing of this one, which has not read the row yet.
      let before = try await explain("b")
      #expect(before.rows.map(\.reason) == ["waiting"])
      #expect(before.log.isEmpty)
      let run = try await house.run("changes")
      #expect(run.unchanged == 1 && run.rejected == 1)
      let unchanged = try await explain("a")
      #expect(unchanged.rows.map(\.reason) == ["unchanged"])
      #expect(unchanged.rows.first?.message.contains("\(old.runId) of the deleted sync") == true)
      let after = try await explain("b")
      #expect(after.rows.map(\.runId) == [run.runId])
      #expect(after.log.map(\.runId) == [run.runId])
    }
  }

  @Test("I5: a run of the deleted one changes nothing once the new one has opened")
  func stale() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (0..<100).map { row(-500 + $0, "u\($0)") }
      let gate = Gate()
      house.warehouse.script.gate = (5, gate)
      let run = try await house.start()
      await gate.reached()
      // Another process over the same state, which knows nothing of this run.
      try await house.restarted { other in
        other.warehouse.script.gate = nil
        try await other.deleteSync("purchases")
        try await other.activeSync()
        let anew = try await other.run()
        #expect(anew.status == .success, "\(anew.errorMessage)")
        #expect(anew.applied == 100)
        gate.open()
        let late = try await house.end(of: run.runId)
        #expect(late.errorCode == "stale_epoch")
        #expect(late.applied <= 50)
        #expect(other.writer.appliedRows("purchases") == 100)
        // Neither does its end move the new one's cursor, nor its alert reach anybody.
        #expect(try await other.cursor() == stamp(-401))
        #expect(try await other.client.getSync(GetSyncRequest(name: "purchases")).state == .active)
        let next = try await other.run()
        #expect(next.status == .success && next.applied == 0, "\(next.errorMessage)")
      }
    }
  }

  @Test("numbers grow with each sync, whatever the clock does, and stay with the sync")
  func numbers() async throws {
    try await House.with { house in
      func number() async throws -> Int64 {
        try await house.database.read { connection in
          try connection.existingSync(workspace: "default", name: "purchases").incarnation
        }
      }
      try await house.activeSync()
      let first = try await number()
      #expect(first >= SimulatedWorld.start.nanoseconds)
      try await house.activeSync { $0.contacts = ["other@example.com"] }
      #expect(try await number() == first)
      try await house.deleteSync("purchases")
      house.world.advance(seconds: -3_600)
      try await house.activeSync()
      let second = try await number()
      #expect(second == first + 1)
      try await house.restarted { house in
        try await house.deleteSync("purchases")
        house.world.advance(seconds: 7_200)
        try await house.activeSync()
      }
      #expect(try await number() == house.world.now.nanoseconds)
    }
  }

  @Test("syncs of before there were incarnations keep the number 0, and with it their place")
  func upgrade() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("orchestrator.sqlite")
    let old = SQLMigrations(Array(SyncOrchestrator.migrations.steps.prefix(5)))
    let before = try await SQLiteDatabase.open(path: path, migrations: old)
    _ = try await before.transaction { connection in
      try connection.execute(
        """
        INSERT INTO syncs (workspace, name, source, table_name, query, data, destination, schedule,
          time_zone, update_existing_only, row_limit, state, epoch, cursor_position, cursor_at,
          created_at, updated_at) VALUES ('default', 'old', 'shop', 't', '', 'events', 'profiles',
          'manual', 'UTC', 0, 0, 'draft', 7, 500, 1, 1, 1)
        """
      )
    }
    await before.close()
    let after = try await SQLiteDatabase.open(path: path, migrations: SyncOrchestrator.migrations)
    let (kept, next) = try await after.transaction { connection in
      let kept = try connection.existingSync(workspace: "default", name: "old")
      return (kept, try connection.newIncarnation(at: Timestamp(nanoseconds: -5)))
    }
    #expect(kept.incarnation == 0)
    #expect(kept.epoch == 7)
    #expect(OpenSyncRequest(kept, epoch: 8, runID: "r").incarnation == 0)
    #expect(next == 1)
    await after.close()
  }

  @Test("a cursor that is set before its first run is where that run begins")
  func movedFirst() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(overlap: 0)
      try await house.add([(-30, "a", purchase), (-20, "b", purchase), (-10, "c", purchase)])
      #expect(try await house.run("changes").applied == 3)
      try await house.deleteSync()
      try await house.activeSync(overlap: 0)
      let moved = try await house.client.moveCursor(
        MoveCursorRequest(sync: "changes", to: stamp(-20))
      )
      #expect(moved.moved)
      #expect(moved.from == nil)
      let run = try await house.run("changes")
      #expect(run.status == .success, "\(run.errorMessage)")
      #expect(run.applied == 2)
    }
  }
}

extension Operated {
  /// Pauses and deletes the sync `changes`.
  func deleteSync(_ name: String = "changes") async throws {
    _ = try await client.pauseSync(PauseSyncRequest(name: name))
    _ = try await client.deleteSync(DeleteSyncRequest(name: name))
  }
}
