import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

@Suite("Ledger and position")
struct LedgerTests {
  private func event(_ stamp: Int64, _ name: String = "e") -> OwnedRow {
    OwnedRow(updatedAt: stamp, externalID: "1", payload: "{\"name\":\"\(name)\"}")
  }

  private func time(_ nanoseconds: Int64) -> Timestamp { Timestamp(nanoseconds: nanoseconds) }

  @Test("rows inside the overlap are recognised when they are read again (decision 2)")
  func overlap() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      try await sync.send(event(1), event(15), event(20))
      let begun = try await sync.begin()
      #expect(begun.position == time(20))
      #expect(begun.readFrom == time(10))
      #expect(
        try await sync.send(event(15), event(20), event(21)).counts.text
          == "applied: 1, already_applied: 2"
      )
      #expect(try await harness.counts().events == 4)
    }
  }

  @Test("copies are counted: of n equal rows, as many are new as were added (R3, R39)")
  func multiset() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      #expect(try await sync.send(event(5), event(5)).counts.text == "applied: 2")
      try await sync.begin()
      #expect(
        try await sync.send(event(5), event(5), event(5)).counts.text
          == "applied: 1, already_applied: 2"
      )
      // A copy that is gone does not make room for another one.
      try await sync.begin()
      #expect(try await sync.send(event(5)).counts.text == "already_applied: 1")
      try await sync.begin()
      #expect(
        try await sync.send(event(5), event(5), event(5), event(5)).counts.text
          == "applied: 1, already_applied: 3"
      )
      #expect(try await harness.counts().events == 4)
    }
  }

  @Test("copies in several batches of one run are counted as in one")
  func copiesAcrossBatches() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      for _ in 0..<3 { try await sync.send(event(5)) }
      #expect(try await harness.counts().events == 3)
      try await sync.begin()
      for _ in 0..<3 {
        #expect(try await sync.send(event(5)).counts.text == "already_applied: 1")
      }
      #expect(try await sync.send(event(5)).counts.text == "applied: 1")
    }
  }

  @Test(
    "rows of one stamp across a cut, a crash and no overlap at all (R3, R18)",
    arguments: [0, 5]
  )
  func ties(_ overlap: Int64) async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: overlap)
      try await sync.begin()
      try await sync.send(event(1), event(7, "a"), event(7, "b"))
      // Crash: the rest of stamp 7 was not sent.
      try await harness.reopen()
      let begun = try await sync.begin()
      #expect(begun.readFrom == time(7 - overlap))
      try await sync.send([event(7, "c"), event(7, "b")])
      try await sync.send([event(7, "a"), event(7, "d"), event(7, "a")])
      #expect(try await harness.counts().events == 6)
      try await sync.begin()
      // One was deleted and one was added at the boundary, with the same count (R18).
      #expect(
        try await sync.send(event(7, "b"), event(7, "c"), event(7, "d"), event(7, "x")).counts.text
          == "applied: 1, already_applied: 3"
      )
    }
  }

  @Test("an overlap that grew does not bring back what the ledger has forgotten")
  func grownOverlap() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      try await sync.send((1...100).map { event($0) })
      sync.overlap = 80
      let begun = try await sync.begin()
      #expect(begun.position == time(100))
      #expect(begun.readFrom == time(90))
      // Even if the source reads further back than it was told.
      #expect(
        try await sync.send((80...100).map { event($0) }).counts.text == "already_applied: 21"
      )
      try await sync.send((101...200).map { event($0) })
      // From now on the ledger holds more.
      #expect(try await sync.begin().readFrom == time(120))
      #expect(
        try await sync.send((120...200).map { event($0) }).counts.text == "already_applied: 81"
      )
      #expect(try await harness.counts().events == 200)
    }
  }

  @Test("an overlap that shrank forgets at the next batch, not before")
  func shrunkOverlap() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 50)
      try await sync.begin()
      try await sync.send((1...100).map { event($0) })
      sync.overlap = 10
      #expect(try await sync.begin().readFrom == time(90))
      sync.overlap = 50
      #expect(try await sync.begin().readFrom == time(50))
      #expect(
        try await sync.send((50...100).map { event($0) }).counts.text == "already_applied: 51"
      )
    }
  }

  @Test("the ledger holds the overlap and nothing older")
  func pruned() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      try await sync.begin()
      for start in stride(from: Int64(0), to: 1_000, by: 100) {
        try await sync.send((start..<(start + 100)).map { event($0) })
        #expect(try await harness.rows(in: "ledger") == 11)
      }
      try await sync.begin()
      #expect(
        try await sync.send((989...999).map { event($0) }).counts.text == "already_applied: 11"
      )
    }
  }

  @Test("one stamp in the year 2099 is applied and poisons nothing (decision 4, R7, R8)")
  func future() async throws {
    try await StoreHarness.with { harness in
      let year2099: Int64 = 4_070_908_800_000_000_000
      let sync = harness.sync("events", .events, overlap: 10)
      sync.limit = time(1_000)
      try await sync.begin()
      let receipt = try await sync.send(event(990), event(year2099, "future"))
      #expect(receipt.counts.text == "applied: 2")
      #expect(receipt.futureRows == 1)
      // It does not even move the position up to the clock: late rows would fall behind.
      #expect(receipt.position == time(990))
      // It is read in every run from now on, and known; rows of the present go on.
      sync.limit = time(2_000)
      #expect(try await sync.begin().readFrom == time(980))
      let second = try await sync.send(
        event(990),
        event(1_500),
        event(year2099, "future"),
        event(year2099, "another")
      )
      #expect(second.counts.text == "applied: 2, already_applied: 2")
      #expect(second.futureRows == 2)
      #expect(second.position == time(1_500))
      // Once its time has come, it is a row like others.
      sync.limit = .latest
      try await sync.begin()
      let third = try await sync.send(
        event(1_995),
        event(year2099, "future"),
        event(year2099, "another")
      )
      #expect(third.counts.text == "applied: 1, already_applied: 2")
      #expect(third.futureRows == 0)
      #expect(third.position == time(year2099))
      #expect(try await sync.begin().readFrom == time(year2099 - 10))
    }
  }

  @Test("the position does not fall when a later run's clock is behind (I4)")
  func clockBack() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 10)
      sync.limit = time(1_000)
      try await sync.begin()
      try await sync.send(event(900), event(1_500))
      sync.limit = time(500)
      try await sync.begin()
      #expect(try await sync.send(event(995)).position == time(900))
      #expect(
        try await sync.send(event(1_500), event(1_600)).counts.text
          == "applied: 1, already_applied: 1"
      )
    }
  }

  @Test("late rows inside the overlap are applied once (R18)")
  func late() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 50)
      try await sync.begin()
      try await sync.send(event(100))
      try await sync.begin()
      #expect(
        try await sync.send(event(60), event(100), event(110)).counts.text
          == "applied: 2, already_applied: 1"
      )
      try await sync.begin()
      #expect(
        try await sync.send(event(60), event(100), event(110)).counts.text == "already_applied: 3"
      )
    }
  }

  @Test("skipped rows are known when they are read again, and applied when they are stamped anew")
  func skipped() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: 50, updateExistingOnly: true)
      try await sync.begin()
      #expect(try await sync.send(event(1)).counts.text == "skipped: 1")
      sync.updateExistingOnly = false
      try await sync.begin()
      #expect(
        try await sync.send(event(1), event(2)).counts.text == "applied: 1, already_applied: 1"
      )
    }
  }

  @Test("rows that differ in one field only are different rows, NULL and empty too")
  func fingerprints() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync(overlap: 100)
      let rows = [
        OwnedRow(updatedAt: 1, externalID: "ab", payload: "{}"),
        OwnedRow(updatedAt: 2, externalID: "ab", payload: "{}"),
        OwnedRow(updatedAt: 1, externalID: "a", payload: "{}"),
        OwnedRow(updatedAt: 1, externalID: "ab", aliasName: "", payload: "{}"),
        OwnedRow(updatedAt: 1, externalID: "ab", email: "", payload: "{}"),
        OwnedRow(updatedAt: 1, externalID: "ab", phone: "", payload: "{}"),
        OwnedRow(updatedAt: 1, externalID: "ab", payload: "{ }"),
        OwnedRow(updatedAt: 1, aliasName: "ab", aliasLabel: "c", payload: "{}"),
        OwnedRow(updatedAt: 1, aliasName: "a", aliasLabel: "bc", payload: "{}"),
        OwnedRow(updatedAt: 1, brazeID: "ab", payload: "{}"),
      ]
      try await sync.begin()
      #expect(try await sync.send(rows).counts.alreadyApplied == 0)
      #expect(try await harness.rows(in: "ledger") == Int64(rows.count))
      try await sync.begin()
      #expect(try await sync.send(rows).counts.text == "already_applied: \(rows.count)")
    }
  }

  @Test("times at the ends of the range do not trap")
  func extremes() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events, overlap: .max)
      try await sync.begin()
      let receipt = try await sync.send(event(.min), event(0), event(.max))
      #expect(receipt.counts.text == "applied: 3")
      #expect(try await sync.begin().readFrom == time(0))
      try await sync.send(event(.max))
      sync.limit = .earliest
      try await sync.begin()
      try await sync.send(event(.max, "x"))
    }
  }
}
