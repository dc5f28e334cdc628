import Destination
import Destinations
import SQLDatabase
import SyncModel
import TestSupport
import Testing

/// The one way by which a position may fall (reliability, I4), and what it does to exactly once.
@Suite("Moving a position by hand")
struct MoveTests {
  private func event(_ stamp: Int64, _ name: String = "e") -> OwnedRow {
    OwnedRow(updatedAt: stamp, externalID: "1", payload: "{\"name\":\"\(name)\"}")
  }

  private func time(_ nanoseconds: Int64) -> Timestamp { Timestamp(nanoseconds: nanoseconds) }

  @Test("back to where the ledger still reaches: every row is recognised")
  func insideLedger() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      try await sync.send(event(1), event(15), event(20))
      let moved = try await sync.move(to: 12)
      #expect(moved == PositionMoved(previous: time(20), knownFrom: time(10)))
      let begun = try await sync.begin()
      #expect(begun.position == time(12))
      #expect(begun.readFrom == time(10))
      #expect(begun.nextBatchNumber == 2)
      #expect(try await sync.send(event(15), event(20)).counts.text == "already_applied: 2")
      #expect(try await harness.counts().events == 3)
    }
  }

  @Test("back past the ledger: what is forgotten has its effect again, what is known has not")
  func pastLedger() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      try await sync.send(event(1), event(5), event(15), event(15), event(20))
      #expect(try await sync.move(to: 5).knownFrom == time(10))
      // From there exactly: not from an overlap before it.
      #expect(try await sync.begin().readFrom == time(5))
      #expect(
        try await sync.send(event(5), event(15), event(15), event(20)).counts.text
          == "applied: 1, already_applied: 3"
      )
      // As if nothing had been: the overlap is known again.
      #expect(try await sync.begin().readFrom == time(10))
      #expect(
        try await sync.send(event(15), event(15), event(20), event(21)).counts.text
          == "applied: 1, already_applied: 3"
      )
      #expect(try await harness.counts().events == 7)
    }
  }

  @Test("a move on top of a move that no run followed still says what is forgotten")
  func twice() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      try await sync.send((1...100).map { event($0) })
      #expect(try await sync.move(to: 50).knownFrom == time(90))
      #expect(try await sync.move(to: 20) == PositionMoved(previous: time(50), knownFrom: time(90)))
      // The same again says where the ledger is complete from, until a run has passed it.
      #expect(try await sync.move(to: nil, dryRun: true).knownFrom == time(90))
      try await sync.begin()
      #expect(
        try await sync.send((20...100).map { event($0) }).counts.text
          == "applied: 70, already_applied: 11"
      )
      #expect(try await sync.move(to: nil, dryRun: true).knownFrom == time(90))
    }
  }

  @Test("forward: rows in between are left out, and the run reads from the new position")
  func forward() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      try await sync.send(event(20))
      #expect(try await sync.move(to: 50).previous == time(20))
      #expect(
        try await sync.begin()
          == SyncPosition(nextBatchNumber: 2, position: time(50), readFrom: time(50))
      )
      #expect(try await sync.send(event(50), event(60)).counts.text == "applied: 2")
      // Undone before a run: what was known then still is.
      try await sync.move(to: 1_000)
      try await sync.move(to: 60)
      #expect(try await sync.begin().readFrom == time(60))
      #expect(try await sync.send(event(60)).counts.text == "already_applied: 1")
    }
  }

  @Test("before its first run a sync may be told where to begin")
  func fresh() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events)
      let preview = try await sync.move(to: 40, epoch: 1, dryRun: true)
      #expect(preview == PositionMoved(previous: nil, knownFrom: nil))
      #expect(try await harness.rows(in: "syncs") == 0)
      #expect(try await sync.move(to: 40) == PositionMoved(previous: nil, knownFrom: nil))
      #expect(try await sync.begin().readFrom == time(40))
      #expect(try await sync.send(event(40)).counts.text == "applied: 1")
    }
  }

  @Test("to the beginning: everything is read, a row from the future is known, nothing is poisoned")
  func beginning() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      sync.limit = time(1_000)
      try await sync.begin()
      try await sync.send(event(1), event(900), event(5_000, "future"))
      try await sync.move(to: nil)
      let begun = try await sync.begin()
      #expect(begun.position == nil)
      #expect(begun.readFrom == nil)
      let receipt = try await sync.send(event(1), event(900), event(5_000, "future"))
      #expect(receipt.counts.text == "applied: 1, already_applied: 2")
      #expect(receipt.position == time(900))
    }
  }

  @Test("a move raises the fence; the same one again moves nothing and answers the same")
  func fence() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      try await sync.send(event(5), event(20))
      let first = try await sync.move(to: 3)
      #expect(
        await failureCode {
          _ = try await harness.store.apply(sync.batch([self.event(30)], epoch: 1, run: "run-1"))
        } == "stale_epoch"
      )
      try await harness.reopen()
      #expect(try await sync.move(to: 3, epoch: 2) == first)
      #expect(await failureCode { try await sync.move(to: 1, epoch: 1) } == "stale_epoch")
      try await sync.begin()
      try await sync.send(event(5), event(25))
      // A repeat from the network after a run of later: refused, and nothing moves.
      #expect(await failureCode { try await sync.move(to: 3, epoch: 2) } == "stale_epoch")
      #expect(try await sync.begin().position == time(25))
    }
  }

  @Test("attributes read again change nothing, and the same version is not written again")
  func attributes() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync(overlap: 10)
      func row(_ stamp: Int64, _ payload: String) -> OwnedRow {
        OwnedRow(updatedAt: stamp, externalID: "1", payload: payload)
      }
      let rows = [
        row(1, #"{"a":1,"b":1}"#), row(2, #"{"a":2}"#), row(50, #"{"c":1}"#), row(100, "{}"),
      ]
      try await sync.begin()
      try await sync.send(rows)
      let before = try await harness.custom("1")
      try await harness.countProfileWrites()
      try await sync.move(to: 1)
      try await sync.begin()
      #expect(
        try await sync.send(rows).counts.text
          == "unchanged: 3, already_applied: 1"
      )
      #expect(try await harness.custom("1") == before)
      #expect(try await harness.rows(in: "profile_writes") == 0)
    }
  }

  @Test("an equal value under a later stamp is written: a row from in between must not win")
  func laterStamp() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      func send(_ stamp: Int64, _ payload: String) async throws -> String {
        try await sync.send(OwnedRow(updatedAt: stamp, externalID: "1", payload: payload))
          .counts.text
      }
      try await sync.begin()
      #expect(try await send(10, #"{"a":1}"#) == "applied: 1")
      #expect(try await send(30, #"{"a":1}"#) == "unchanged: 1")
      #expect(try await send(20, #"{"a":2}"#) == "superseded: 1")
      #expect(try await harness.custom("1") == #"{"a":1}"#)
    }
  }

  @Test("where unchanged rows are not skipped they count as applied, and are written")
  func appliedUnchanged() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      func row(_ stamp: Int64) -> OwnedRow {
        OwnedRow(updatedAt: stamp, externalID: "1", payload: #"{"a":1}"#)
      }
      try await sync.begin()
      try await sync.send(row(10))
      #expect(try await sync.send(row(11)).counts.text == "unchanged: 1")
      sync.skipsUnchanged = false
      try await sync.begin()
      try await harness.countProfileWrites()
      #expect(try await sync.send(row(12)).counts.text == "applied: 1")
      #expect(try await harness.rows(in: "profile_writes") == 1)
      // Late ones are late all the same.
      #expect(try await sync.send(row(5)).counts.text == "superseded: 1")
    }
  }

  @Test(
    "in random histories of rows, crashes and moves back, each row counts once, and once more for each move past it that forgot it",
    arguments: UInt64(1)...40
  )
  func histories(_ seed: UInt64) async throws {
    var random = Xorshift(seed)
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 20)
      var rows: [(stamp: Int64, times: Int64)] = []
      var clock: Int64 = 100
      for _ in 0..<12 {
        for _ in 0..<(random.next() % 12) {
          clock += Int64(random.next() % 6)
          rows.append((clock, 1))
        }
        // A run, which crashes now and then; the next one goes on.
        var isDone = false
        while !isDone {
          let from = try await sync.begin().readFrom?.nanoseconds ?? .min
          let sorted = rows.map(\.stamp).filter { $0 >= from }.sorted()
          isDone = true
          for start in stride(from: 0, to: sorted.count, by: 3) {
            if random.next() % 8 == 0 {
              isDone = false
              break
            }
            try await sync.send(sorted[start..<min(start + 3, sorted.count)].map { event($0) })
          }
        }
        guard random.next() % 2 == 0 else { continue }
        let to = clock - Int64(random.next() % 120)
        let known = try await sync.move(to: to).knownFrom?.nanoseconds ?? .min
        for index in rows.indices where rows[index].stamp >= to && rows[index].stamp < known {
          rows[index].times += 1
        }
      }
      // The last move's run.
      let from = try await sync.begin().readFrom?.nanoseconds ?? .min
      for stamp in rows.map(\.stamp).filter({ $0 >= from }).sorted() {
        try await sync.send(event(stamp))
      }
      #expect(try await harness.counts().events == rows.map(\.times).reduce(0, +))
    }
  }
}

extension StoreHarness {
  /// From now on, each write of a profile is a row of `profile_writes`.
  func countProfileWrites() async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: ProfileStore.migrations)
    for sql in [
      "CREATE TABLE profile_writes (id INTEGER)",
      """
      CREATE TRIGGER profile_was_written AFTER UPDATE ON profiles
      BEGIN INSERT INTO profile_writes VALUES (new.id); END
      """,
    ] {
      _ = try await database.transaction { try $0.execute(sql) }
    }
    await database.close()
  }
}
