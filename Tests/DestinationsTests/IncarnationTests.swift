import Destination
import Destinations
import SQLDatabase
import SyncModel
import TestSupport
import Testing

/// A sync that was deleted and made again under its name, as the store sees it.
@Suite("Incarnations of a sync")
struct IncarnationTests {
  private func event(_ stamp: Int64, _ payload: String = #"{"name":"e"}"#) -> OwnedRow {
    OwnedRow(updatedAt: stamp, externalID: "1", payload: payload)
  }

  /// The sync of the same name that was made after it; its epochs count from 1 again.
  private func remade(_ sync: SyncPlayer, _ data: DataType? = nil) -> SyncPlayer {
    let new = sync.harness.sync(sync.name, data ?? sync.data, overlap: sync.overlap)
    new.incarnation = sync.incarnation + 1
    return new
  }

  @Test("a newer one begins at batch 1, from the beginning, and knows no row; profiles stay")
  func begins() async throws {
    try await StoreHarness.with { harness in
      let old = harness.sync("events", .events)
      for _ in 0..<5 { try await old.begin() }
      try await old.send(event(1), event(950), event(1_000))
      let new = remade(old)
      #expect(
        try await new.begin() == SyncPosition(nextBatchNumber: 1, position: nil, readFrom: nil)
      )
      #expect(try await harness.rows(in: "ledger") == 0)
      #expect(try await harness.rows(in: "receipts") == 0)
      // Also those that the old one's ledger knew, and those before its floor.
      let receipt = try await new.send(event(1), event(950))
      #expect(receipt.counts.text == "applied: 2")
      #expect(receipt.position == Timestamp(nanoseconds: 950))
      #expect(try await harness.counts().events == 5)
      #expect(try await harness.counts().profiles == 1)
      // From then on as any sync.
      #expect(try await new.begin().readFrom == Timestamp(nanoseconds: 850))
      let next = try await new.send(event(950), event(951))
      #expect(next.counts.text == "applied: 1, already_applied: 1")
    }
  }

  @Test("every call of an older one is refused, whatever its epoch")
  func stale() async throws {
    try await StoreHarness.with { harness in
      let old = harness.sync("events", .events)
      for _ in 0..<5 { try await old.begin() }
      let lost = old.batch([event(7)])
      _ = try await harness.store.apply(lost)
      old.next += 1
      let new = remade(old)
      try await new.begin()
      let before = try harness.dump()
      #expect(await failureCode { try await old.send(self.event(8)) } == "stale_epoch")
      // Neither is a receipt of its own a way round the fence.
      #expect(await failureCode { _ = try await harness.store.apply(lost) } == "stale_epoch")
      #expect(await failureCode { try await old.begin() } == "stale_epoch")
      #expect(
        await failureCode { _ = try await old.open(epoch: .max, run: "r") } == "stale_epoch"
      )
      #expect(await failureCode { try await old.move(to: nil) } == "stale_epoch")
      #expect(await failureCode { try await old.move(to: nil, dryRun: true) } == "stale_epoch")
      #expect(await failureCode { _ = try await old.evaluate([]) } == "stale_epoch")
      #expect(try harness.dump() == before)
      try await new.send(event(9))
    }
  }

  @Test("until a newer one opens, the old one's run goes on; its batches are not the newer one's")
  func before() async throws {
    try await StoreHarness.with { harness in
      let old = harness.sync("events", .events)
      try await old.begin()
      let new = remade(old)
      new.epoch = 1
      #expect(
        await failureCode { _ = try await harness.store.apply(new.batch([], number: 1)) }
          == "sync_not_open"
      )
      try await old.send(event(1))
      new.epoch = 0
      try await new.begin()
      #expect(await failureCode { try await old.send(self.event(2)) } == "stale_epoch")
      #expect(try await new.send(event(1), event(2)).counts.text == "applied: 2")
      #expect(try await harness.counts().events == 3)
    }
  }

  @Test("opening it again answers the same and takes nothing away")
  func repeated() async throws {
    try await StoreHarness.with { harness in
      let old = harness.sync("events", .events)
      try await old.begin()
      try await old.send(event(1))
      let new = remade(old)
      let first = try await new.begin()
      try await new.send(event(1))
      #expect(try await new.open(epoch: 1, run: "run-1") == first)
      #expect(try await new.send(event(2)).counts.text == "applied: 1")
      #expect(try await new.begin().position == Timestamp(nanoseconds: 2))
      #expect(try await new.send(event(1), event(2)).counts.text == "already_applied: 2")
    }
  }

  @Test("it may be of another data type, which then stays (R136)")
  func dataType() async throws {
    try await StoreHarness.with { harness in
      let old = harness.sync("sync", .attributes)
      try await old.begin()
      try await old.send(OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"a":1}"#))
      let new = remade(old, .events)
      try await new.begin()
      #expect(try await new.send(event(1)).counts.text == "applied: 1")
      #expect(try await harness.custom("1") == #"{"a":1}"#)
      #expect(
        await failureCode { _ = try await new.open(epoch: 9, run: "r", data: .purchases) }
          == "data_type_changed"
      )
    }
  }

  @Test("before it opens, a look at it is as of one that is new, and changes nothing")
  func evaluation() async throws {
    try await StoreHarness.with { harness in
      let old = harness.sync("events", .events)
      try await old.begin()
      try await old.send(event(500))
      let new = remade(old)
      let dump = try harness.dump()
      let effects = try await new.evaluate([event(500)])
      #expect(effects.position == SyncPosition(nextBatchNumber: 1, position: nil, readFrom: nil))
      #expect(effects.counts.text == "applied: 1")
      #expect(try await new.explain(event(500))?.isKnown == false)
      #expect(
        try await new.move(to: 1, dryRun: true) == PositionMoved(previous: nil, knownFrom: nil)
      )
      #expect(try harness.dump() == dump)
      try await old.send(event(501))
    }
  }

  @Test("a position that is set before its first run is its own")
  func move() async throws {
    try await StoreHarness.with { harness in
      let old = harness.sync("events", .events)
      try await old.begin()
      try await old.send(event(500))
      let new = remade(old)
      // The same epoch and id as the old one's last call: still not that call's repetition.
      let moved = try await new.move(to: 400)
      #expect(moved == PositionMoved(previous: nil, knownFrom: nil))
      #expect(await failureCode { try await old.send(self.event(501)) } == "stale_epoch")
      let begun = try await new.begin()
      #expect(begun.position == Timestamp(nanoseconds: 400))
      #expect(begun.readFrom == Timestamp(nanoseconds: 400))
      #expect(try await new.send(event(500)).counts.text == "applied: 1")
    }
  }

  @Test("the old one's rejected rows are listed, and neither open, nor retried, nor its user's")
  func rowLog() async throws {
    let options = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .strings(3), rowLog: options) { harness in
      let old = harness.sync("sync", .events)
      try await old.begin()
      #expect(try await old.send(longEvent(1)).counts.text == "rejected: 1")
      let new = remade(old)
      try await new.begin()
      let listed = try await harness.log()
      #expect(listed.map(\.runID) == ["run-1"])
      #expect(listed.map(\.isRetryable) == [false])
      #expect(try await harness.log(payload: true).first?.payload != nil)
      #expect(try await harness.log(open: true).isEmpty)
      func ofUser(_ incarnation: UInt64) async throws -> Int {
        try await harness.store.rejectedRows(
          workspace: "default",
          sync: "sync",
          incarnation: incarnation,
          of: .externalID("1"),
          limit: 9
        ).count
      }
      #expect(try await ofUser(1) == 0)
      #expect(try await ofUser(0) == 1)
      // The rule is loosened: only the new one's row is tried again, once.
      #expect(try await new.send(longEvent(1)).counts.text == "rejected: 1")
      #expect(try await ofUser(1) == 1)
      try await harness.reopen(rowLog: options)
      #expect(try await harness.log(open: true).map(\.isRetryable) == [true])
      #expect(try await harness.retry().outcomes.text == "applied: 1")
      #expect(try await harness.retry() == RetriedRowCounts())
      #expect(try await harness.counts().events == 1)
      #expect(try await harness.log().map { $0.resolution?.outcome } == [nil, "applied"])
    }
  }

  @Test("what a retry added for the old one is no reason to leave a row of the new one out")
  func retried() async throws {
    let options = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .strings(3), rowLog: options) { harness in
      let old = harness.sync("sync", .events)
      try await old.begin()
      try await old.send(longEvent(1), longEvent(2))
      try await harness.reopen(rowLog: options)
      #expect(try await harness.retry().outcomes.text == "applied: 2")
      let new = remade(old)
      try await new.begin()
      #expect(try await new.send(longEvent(1), longEvent(2)).counts.text == "applied: 2")
      #expect(try await harness.counts().events == 4)
    }
  }

  @Test("a store of before there were incarnations opens, and its syncs go on as they were")
  func upgrade() async throws {
    try await StoreHarness.with { harness in
      let path = harness.anotherPath()
      let before = SQLMigrations(Array(ProfileStore.migrations.steps.prefix(4)))
      let database = try await SQLiteDatabase.open(path: path, migrations: before)
      _ = try await database.transaction { connection in
        for sql in [
          "INSERT INTO workspaces (name) VALUES (CAST('default' AS BLOB))",
          """
          INSERT INTO syncs (workspace, name, data, epoch, run_id, origin, overlap,
            update_existing_only, next_batch, position, ledger_floor, opened_next_batch)
          VALUES (1, CAST('sync' AS BLOB), 'events', 3, 'run-3', 1, 100, 0, 8, 500, 400, 7)
          """,
          "INSERT INTO origins (sync, run_id, opened_at) VALUES (1, 'run-3', 1)",
          """
          INSERT INTO rejected_rows (sync, run_id, batch, row_index, updated_at, identifier, code,
            message, rejected_at) VALUES (1, 'run-3', 7, 0, 450, 'external_id=1', 'c', 'm', 1)
          """,
        ] { try connection.execute(sql) }
      }
      await database.close()
      let store = try await ProfileStore.open(path: path, world: .simulated())
      var opening = SyncOpening(
        workspace: "default",
        sync: "sync",
        epoch: 4,
        runID: "run-4",
        data: .events,
        overlap: 100,
        updateExistingOnly: false
      )
      let position = try await store.open(opening)
      #expect(position.nextBatchNumber == 8)
      #expect(position.position == Timestamp(nanoseconds: 500))
      #expect(position.readFrom == Timestamp(nanoseconds: 400))
      var open = 0
      try await store.rejectedRows(
        RowLogQuery(workspace: "default", sync: "sync", onlyOpen: true)
      ) { _ in open += 1 }
      #expect(open == 1)
      // One that is made again now has the time for a number.
      opening.incarnation = 1_700_000_000_000_000_000
      opening.epoch = 1
      #expect(try await store.open(opening).position == nil)
      await store.close()
    }
  }
}
