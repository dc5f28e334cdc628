import Destination
import Destinations
import SQLDatabase
import SyncModel
import TestSupport
import Testing

@Suite("Fence, batch numbers and receipts")
struct FenceTests {
  private func row(_ stamp: Int64, _ id: String = "1") -> OwnedRow {
    OwnedRow(updatedAt: stamp, externalID: id, payload: "{\"at\":\(stamp)}")
  }

  @Test("a new sync begins at batch 1, from the beginning")
  func fresh() async throws {
    try await StoreHarness.with { harness in
      let position = try await harness.sync().begin()
      #expect(position == SyncPosition(nextBatchNumber: 1, position: nil, readFrom: nil))
    }
  }

  /// The sequence that was checked against PostgreSQL (reliability, A1).
  @Test("a stale holder may finish until the next one opens, then every call of it is refused (I5)")
  func takeover() async throws {
    try await StoreHarness.with { harness in
      let a = harness.sync(overlap: 0)
      a.epoch = 0
      #expect(try await a.begin().nextBatchNumber == 1)
      try await a.send(row(1))
      // B has an epoch of its own, but has not opened yet: A's batch is allowed.
      let b = harness.sync(overlap: 0)
      b.epoch = a.epoch
      try await a.send(row(2, "2"))
      let told = try await b.begin()
      #expect(told.nextBatchNumber == 3)
      #expect(told.position == Timestamp(nanoseconds: 2))
      #expect(await failureCode { try await a.send(self.row(3, "3")) } == "stale_epoch")
      #expect(
        await failureCode { _ = try await a.open(epoch: a.epoch, run: "run-1") } == "stale_epoch"
      )
      try await b.send(row(3, "3"))
      #expect(try await harness.counts().profiles == 3)
      // A receipt of its own is no way round the fence.
      #expect(
        await failureCode {
          _ = try await harness.store.apply(a.batch([self.row(1)], number: 1, id: "batch-1"))
        } == "stale_epoch"
      )
    }
  }

  @Test("opening again with the same epoch and run answers the same, even after batches")
  func repeatedOpen() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(row(1))
      let first = try await sync.begin()
      #expect(first.nextBatchNumber == 2)
      #expect(try await sync.open(epoch: 2, run: "run-2") == first)
      try await sync.send(row(500))
      #expect(try await sync.open(epoch: 2, run: "run-2") == first)
      try await harness.reopen()
      #expect(try await sync.open(epoch: 2, run: "run-2") == first)
      // A run that began again from there would read its own rows twice: its batch is refused.
      #expect(
        await failureCode {
          _ = try await harness.store.apply(sync.batch([self.row(1)], number: 2, id: "again"))
        } == "unexpected_batch"
      )
    }
  }

  @Test("the same epoch of another run, and a lower one, are refused")
  func staleOpen() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      sync.epoch = 4
      try await sync.begin()
      #expect(
        await failureCode { _ = try await sync.open(epoch: 5, run: "other") } == "stale_epoch"
      )
      #expect(
        await failureCode { _ = try await sync.open(epoch: 4, run: "run-4") } == "stale_epoch"
      )
      #expect(try await sync.open(epoch: 9, run: "run-9").nextBatchNumber == 1)
      // Epochs beyond 63 bits too.
      #expect(try await sync.open(epoch: .max, run: "last").nextBatchNumber == 1)
      #expect(await failureCode { _ = try await sync.open(epoch: 10, run: "r") } == "stale_epoch")
    }
  }

  @Test("batches of a sync that is not open for them are refused")
  func notOpen() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      sync.epoch = 1
      #expect(
        await failureCode { _ = try await harness.store.apply(sync.batch([], number: 1)) }
          == "sync_not_open"
      )
      sync.epoch = 0
      try await sync.begin()
      #expect(
        await failureCode { _ = try await harness.store.apply(sync.batch([], epoch: 2)) }
          == "sync_not_open"
      )
      #expect(
        await failureCode { _ = try await harness.store.apply(sync.batch([], run: "other")) }
          == "sync_not_open"
      )
      let elsewhere = harness.sync(workspace: "elsewhere")
      elsewhere.epoch = 1
      #expect(
        await failureCode { _ = try await harness.store.apply(elsewhere.batch([], number: 1)) }
          == "sync_not_open"
      )
    }
  }

  @Test("a repeated batch is answered with its receipt and changes nothing")
  func repeats() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events)
      try await sync.begin()
      let events = (0..<3).map {
        OwnedRow(updatedAt: $0, externalID: "1", payload: #"{"name":"e"}"#)
      }
      let first = sync.batch(events + [OwnedRow(updatedAt: 9, payload: "{}")])
      let receipt = try await harness.store.apply(first)
      #expect(receipt.counts.text == "applied: 3, rejected: 1")
      #expect(receipt.position == Timestamp(nanoseconds: 9))
      sync.next += 1
      try await sync.send(OwnedRow(updatedAt: 10, externalID: "1", payload: #"{"name":"e"}"#))
      #expect(try await harness.store.apply(first) == receipt)
      try await harness.reopen()
      #expect(try await harness.store.apply(first) == receipt)
      #expect(try await harness.counts().events == 4)
      #expect(try await harness.rows(in: "rejected_rows") == 1)
    }
  }

  @Test("another batch under a used number, and a number ahead, are refused and change nothing")
  func unexpected() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(row(1))
      for number: UInt64 in [0, 1, 3, 4, .max] {
        #expect(
          await failureCode {
            _ = try await harness.store.apply(sync.batch([self.row(5, "x")], number: number))
          } == "unexpected_batch"
        )
      }
      #expect(try await harness.counts().profiles == 1)
      try await sync.send(row(2))
    }
  }

  @Test("the last 64 receipts are kept")
  func receipts() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      for number in 1...70 { try await sync.send([row(Int64(number))]) }
      #expect(try await harness.rows(in: "receipts") == 64)
      #expect(
        try await harness.store.apply(sync.batch([], number: 7, id: "batch-7")).number == 7
      )
      #expect(
        await failureCode {
          _ = try await harness.store.apply(sync.batch([], number: 6, id: "batch-6"))
        } == "unexpected_batch"
      )
    }
  }

  @Test("an empty batch moves the number only")
  func emptyBatch() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let receipt = try await sync.send([])
      #expect(receipt.position == nil)
      #expect(receipt.counts.total == 0)
      #expect(try await sync.begin().nextBatchNumber == 2)
    }
  }

  @Test("a sync's data type cannot change (R136)")
  func dataType() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      #expect(
        await failureCode { _ = try await sync.open(epoch: 2, run: "r", data: .events) }
          == "data_type_changed"
      )
      // Refused, so the fence stays where it was.
      try await sync.send(row(1))
    }
  }

  @Test("a batch whose storage fails is not applied, in any part, and works when there is room")
  func diskFull() async throws {
    try await StoreHarness.with { try await fillDisk($0.anotherPath()) }
  }

  private func fillDisk(_ path: String) async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: ProfileStore.migrations)
    let store = ProfileStore(database: database, world: .simulated())
    _ = try await store.open(
      SyncOpening(
        workspace: "default",
        sync: "s",
        epoch: 1,
        runID: "r",
        data: .attributes,
        overlap: 100,
        updateExistingOnly: false
      )
    )
    func batch(_ number: UInt64, _ count: Int) -> BatchToApply {
      BatchToApply(
        workspace: "default",
        sync: "s",
        epoch: 1,
        number: number,
        id: "b\(number)",
        runID: "r",
        positionLimit: .latest,
        rows: .of(
          (0..<count).map {
            OwnedRow(
              updatedAt: Int64($0),
              externalID: "\(number)-\($0)",
              payload: "{\"a\":\"\(String(repeating: "x", count: 200))\"}"
            )
          }
        )
      )
    }
    _ = try await store.apply(batch(1, 10))
    func limitPages(_ expression: String) async throws {
      try await database.transaction { connection in
        let pages = try connection.first("PRAGMA page_count") { $0.int64(0) } ?? 0
        let limit = expression == "now" ? pages + 4 : 1 << 30
        try connection.query("PRAGMA max_page_count = \(limit)", []) { _ in }
      }
    }
    try await limitPages("now")
    #expect(await failureCode { _ = try await store.apply(batch(2, 2_000)) } == "disk_full")
    #expect(try await store.counts(workspace: "default").profiles == 10)
    try await limitPages("never")
    #expect(try await store.apply(batch(2, 2_000)).counts.text == "applied: 2000")
    #expect(try await store.counts(workspace: "default").profiles == 2_010)
    await store.close()
  }

  @Test("a file that is no database is named as such")
  func corrupt() async throws {
    try await StoreHarness.with { harness in
      let path = harness.anotherPath()
      try StoreHarness.write(String(repeating: "not a database ", count: 100), to: path)
      #expect(
        await failureCode { _ = try await ProfileStore.open(path: path, world: .simulated()) }
          == "storage_corrupt"
      )
    }
  }

  @Test(
    "values that this code cannot have written are named as damage, and nothing traps",
    arguments: [
      "UPDATE workspaces SET next_profile = 9223372036854775807",
      "UPDATE workspaces SET profiles = -1", "UPDATE workspaces SET revenue = 'x'",
      "UPDATE syncs SET data = 'x'", "UPDATE syncs SET next_batch = -1",
      "UPDATE syncs SET origin = -1", "UPDATE profiles SET attributes = x'01'",
      "UPDATE profiles SET attributes = x'01ffffffff'", "UPDATE profiles SET attributes = x'02'",
    ]
  )
  func damage(_ statement: String) async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(row(1))
      let database = try await SQLiteDatabase.open(
        path: harness.path,
        migrations: ProfileStore.migrations
      )
      _ = try await database.transaction { try $0.execute(statement) }
      await database.close()
      #expect(await failureCode { try await sync.send(self.row(2)) } == "storage_corrupt")
    }
  }

  @Test("a cancelled call applies its batch as a whole or not at all")
  func cancellation() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      let store = harness.store
      for round in 1...20 {
        let begun = try await sync.begin()
        let rows = (0..<300).map { row(Int64(round * 1_000 + $0), "\(round)-\($0)") }
        let batch = sync.batch(rows)
        let before = try await harness.counts().profiles
        let task = Task { try await store.apply(batch) }
        for _ in 0..<(round * 3) { await Task.yield() }
        task.cancel()
        _ = try? await task.value
        let next = try await sync.begin().nextBatchNumber
        let added = try await harness.counts().profiles - before
        #expect(added == (next == begun.nextBatchNumber ? 0 : 300))
      }
    }
  }
}
