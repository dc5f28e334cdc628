import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

@Suite("Retrying rejected rows")
struct RowRetryTests {
  @Test("a row whose limit was raised is applied once, as the run's that read it")
  func cured() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .keys(2), rowLog: log) { harness in
      let sync = harness.sync(overlap: 1_000)
      try await sync.begin()
      #expect(try await sync.send(wide(10), wide(20, "2")).counts.text == "rejected: 2")
      #expect(try await harness.log().allSatisfy(\.isRetryable))
      // Nothing has changed: they stay.
      harness.simulated.advance(seconds: 1)
      #expect(try await harness.retry().outcomes.text == "rejected: 2")
      #expect(
        try await harness.log().map(\.retriedAt) == [harness.simulated.now, harness.simulated.now]
      )

      try await harness.reopen(rowLog: log)
      harness.simulated.advance(seconds: 1)
      #expect(try await harness.retry().outcomes.text == "applied: 2")
      #expect(try await harness.custom("1") == #"{"a":10,"b":10,"c":10}"#)
      let entries = try await harness.log()
      #expect(
        entries.map(\.resolution)
          == Array(
            repeating: RowResolution(outcome: "applied", at: harness.simulated.now),
            count: 2
          )
      )
      #expect(entries.allSatisfy { !$0.isRetryable })
      #expect(try await harness.log(open: true).isEmpty)
      #expect(try await harness.retry() == RetriedRowCounts())
      let origin = try await harness.store.explain(
        workspace: "default",
        identifier: .externalID("1"),
        attribute: "a"
      )
      #expect(origin?.first?.runID == "run-1")
      #expect(origin?.first?.updatedAt.nanoseconds == 10)
      // A run that reads them again knows them.
      try await sync.begin()
      #expect(try await sync.send(wide(10), wide(20, "2")).counts.text == "already_applied: 2")
      #expect(try await harness.counts().profiles == 2)
    }
  }

  @Test("newer data is never overwritten, nor is what came at the same time")
  func newer() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .keys(2), rowLog: log) { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(wide(10), wide(10, "2"), wide(10, "3"))
      try await sync.send(
        OwnedRow(updatedAt: 11, externalID: "1", payload: #"{"a":99}"#),
        OwnedRow(updatedAt: 10, externalID: "2", payload: #"{"a":98,"b":10}"#)
      )
      try await sync.send(OwnedRow(updatedAt: 12, externalID: "3", payload: #"{"a":1,"b":2}"#))
      try await sync.send(OwnedRow(updatedAt: 13, externalID: "3", payload: #"{"c":3}"#))
      try await harness.reopen(rowLog: log)
      #expect(try await harness.retry().outcomes.text == "applied: 2, superseded: 1")
      #expect(try await harness.custom("1") == #"{"a":99,"b":10,"c":10}"#)
      #expect(try await harness.custom("2") == #"{"a":98,"b":10,"c":10}"#)
      #expect(try await harness.custom("3") == #"{"a":1,"b":2,"c":3}"#)
      #expect(
        try await harness.log().map(\.resolution?.outcome) == ["applied", "applied", "superseded"]
      )
    }
  }

  @Test("two equal events are two, and each is applied once, however often it is in the log")
  func copies() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .strings(3), rowLog: log) { harness in
      let sync = harness.sync("sync", .events, overlap: 1_000)
      let rows = [longEvent(10), longEvent(10), longEvent(11)]
      try await sync.begin()
      #expect(try await sync.send(rows).counts.text == "rejected: 3")
      // A third copy comes in a batch of its own, a fourth in another run.
      #expect(try await sync.send(longEvent(10)).counts.text == "rejected: 1")
      try await sync.begin()
      #expect(
        try await sync.send(rows + [longEvent(10), longEvent(10)]).counts.text
          == "already_applied: 4, rejected: 1"
      )
      // A run reads everything again, and rejects it again: the log has each of the five twice.
      try await harness.rewind()
      try await sync.begin()
      #expect(
        try await sync.send(rows + [longEvent(10), longEvent(10)]).counts.text == "rejected: 5"
      )
      #expect(try await harness.log().count == 10)
      try await harness.reopen(policy: .strings(4), rowLog: log)
      #expect(try await harness.retry(run: "run-1").outcomes.text == "applied: 4")
      #expect(try await harness.log(open: true).count == 2)
      #expect(try await harness.retry().outcomes.text == "applied: 1")
      #expect(try await harness.counts().events == 5)
      #expect(try await harness.retry() == RetriedRowCounts())
      // Nor does a run apply them again that has to read everything.
      try await harness.rewind()
      try await sync.begin()
      #expect(
        try await sync.send(rows + [longEvent(10), longEvent(10), longEvent(10)]).counts.text
          == "applied: 1, already_applied: 5"
      )
      #expect(try await harness.counts().events == 6)
    }
  }

  @Test("what a later run applied is not retried")
  func readAgain() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .strings(3), rowLog: log) { harness in
      let sync = harness.sync("sync", .events)
      try await sync.begin()
      try await sync.send(longEvent(10), longEvent(10), longEvent(20))
      try await harness.reopen(policy: .strings(4), rowLog: log)
      try await harness.rewind()
      try await sync.begin()
      #expect(try await sync.send(longEvent(10)).counts.text == "applied: 1")
      let entries = try await harness.log()
      #expect(
        entries.map(\.resolution?.runID) == ["run-2", nil, nil]
          && entries.map(\.resolution?.outcome) == ["applied", nil, nil]
      )
      #expect(try await harness.retry().outcomes.text == "applied: 2")
      #expect(try await harness.counts().events == 3)
    }
  }

  @Test("a row that is rejected again stays, with the reason of now")
  func rejectedAgain() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .keys(1), rowLog: log) { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(wide(10))
      try await harness.reopen(policy: .keys(2), rowLog: log)
      #expect(try await harness.retry().outcomes.text == "rejected: 1")
      let entry = try #require(try await harness.log().first)
      #expect(entry.issue.message == "PAYLOAD has 3 top-level keys, but 2 are allowed")
      #expect(entry.isRetryable && entry.resolution == nil)
      #expect(entry.rejectedAt == SimulatedWorld.start)
    }
  }

  @Test("by run, code and user; the user's bytes must be the same")
  func filters() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .keys(2), rowLog: log) { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(wide(10), wide(11, "2"), wide(12, "caf\u{E9}"))
      try await sync.begin()
      try await sync.send(
        wide(20, "3"),
        OwnedRow(updatedAt: 21, externalID: "4", payload: "[]"),
        OwnedRow(updatedAt: 22, aliasName: "n", aliasLabel: "l", payload: #"{"a":1,"b":1,"c":1}"#)
      )
      try await harness.reopen(rowLog: log)
      #expect(try await harness.retry(user: .externalID("cafe\u{301}")) == RetriedRowCounts())
      #expect(try await harness.retry(user: .email("1")) == RetriedRowCounts())
      let one = try await harness.retry(user: .externalID("caf\u{E9}"))
      #expect(one.outcomes.text == "applied: 1")
      let alias = try await harness.retry(user: .alias(name: "n", label: "l"))
      #expect(alias.outcomes.text == "applied: 1")
      #expect(try await harness.retry(code: "no_such_code") == RetriedRowCounts())
      #expect(
        try await harness.retry(run: "run-2", code: "too_many_attributes").outcomes.applied == 1
      )
      #expect(try await harness.retry(run: "run-1").outcomes.text == "applied: 2")
      #expect(try await harness.retry().outcomes.text == "rejected: 1")
      #expect(try await harness.retry("another") == RetriedRowCounts())
      #expect(try await harness.log(code: "payload_not_object").count == 1)
    }
  }

  @Test("purchases count once in the totals, warnings are logged, existing-only syncs skip")
  func kinds() async throws {
    let log = try RowLogOptions.sealing()
    var few = PayloadPolicy()
    few.limits.quantity = 2
    try await StoreHarness.with(policy: few, rowLog: log) { harness in
      let purchases = harness.sync("purchases", .purchases)
      try await purchases.begin()
      let bought = #"{"product_id":"p","currency":"EUR","price":1.5,"quantity":3}"#
      try await purchases.send(OwnedRow(updatedAt: 10, externalID: "1", payload: bought))
      try await harness.reopen(policy: .keys(2), rowLog: log)
      let people = harness.sync("people", updateExistingOnly: true)
      try await people.begin()
      try await people.send(
        wide(10, "nobody"),
        OwnedRow(updatedAt: 11, externalID: "1", payload: #"{"a":1,"b":2,"gender":"?"}"#)
      )
      try await harness.reopen(rowLog: log)
      #expect(try await harness.retry("purchases").outcomes.text == "applied: 1")
      #expect(try await harness.counts().revenue == "4.5")
      let counts = try await harness.retry("people")
      #expect(counts.outcomes.text == "applied: 1, skipped: 1")
      #expect(counts.warnings == 1)
      let warned = try await harness.log("people", warnings: true)
      #expect(warned.map(\.isWarning) == [false, false, true])
      #expect(warned.last?.runID == "run-1" && warned.last?.issue.code == "attribute_not_valid")
    }
  }

  @Test("a row that deletes does not delete a user who was updated since")
  func deletes() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(rowLog: log) { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(updatedAt: 10, externalID: "1"),
        OwnedRow(updatedAt: 10, externalID: "2"),
        OwnedRow(updatedAt: 11, externalID: "1", payload: #"{"a":1}"#),
        OwnedRow(updatedAt: 9, externalID: "2", payload: #"{"a":1}"#)
      )
      #expect(try await harness.log().count == 2)
      // No limit makes a delete fail, so the two rows are made into deletes.
      try await harness.edit("UPDATE syncs SET data = 'deletes'")
      #expect(try await harness.retry().outcomes.text == "applied: 1, superseded: 1")
      #expect(try await harness.custom("1") == #"{"a":1}"#)
      #expect(try await harness.counts().profiles == 1)
    }
  }

  @Test("retries beside each other and beside a run apply each row once")
  func together() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .strings(3), rowLog: log) { harness in
      let sync = harness.sync("sync", .events, overlap: 1_000_000)
      try await sync.begin()
      let rows = (0..<1_300).map { longEvent($0, "\($0 % 7)") }
      try await sync.send(rows)
      try await harness.reopen(policy: .strings(4), rowLog: log)
      try await sync.begin()
      let store = harness.store
      let retries = (0..<3).map { _ in
        Task {
          var applied: Int64 = 0
          try await store.retryRows(RowRetry(workspace: "default", sync: "sync")) {
            applied += $0.outcomes.applied
          }
          return applied
        }
      }
      for start in stride(from: 0, to: 1_300, by: 100) {
        let receipt = try await sync.send(Array(rows[start..<start + 100]))
        #expect(receipt.counts.text == "already_applied: 100")
      }
      var applied: Int64 = 0
      for retry in retries { applied += try await retry.value }
      #expect(applied == 1_300)
      #expect(try await harness.counts().events == 1_300)
      #expect(try await harness.log(open: true).isEmpty)
    }
  }
}
