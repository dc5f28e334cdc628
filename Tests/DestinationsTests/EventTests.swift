import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

@Suite("Events, purchases and deletes in the store")
struct EventTests {
  @Test(
    "an event takes the row's time unless it has one; two equal rows are two events (R35, R38, R39, R124)"
  )
  func events() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events)
      try await sync.begin()
      let minute: Int64 = 60_000_000_000
      let receipt = try await sync.send(
        OwnedRow(updatedAt: minute, externalID: "1", payload: #"{"name":"click"}"#),
        OwnedRow(updatedAt: minute, externalID: "1", payload: #"{"name":"click"}"#),
        OwnedRow(
          updatedAt: 2 * minute,
          externalID: "1",
          payload: #"{"name":"buy","time":"2020-02-02T02:02:02.5Z","properties":{ "x" : [ 1 ] }}"#
        )
      )
      #expect(receipt.counts.text == "applied: 3")
      #expect(
        try await harness.export(withEvents: true) == [
          #"{"external_id":"1","user_aliases":[],"braze_id":"*","custom_attributes":{},"custom_events":["#
            + #"{"name":"buy","first":"2020-02-02T02:02:02.500Z","last":"2020-02-02T02:02:02.500Z","count":1},"#
            + #"{"name":"click","first":"1970-01-01T00:01:00Z","last":"1970-01-01T00:01:00Z","count":2}],"#
            + #""purchases":[],"total_revenue":0,"events":[{"name":"click","time":"1970-01-01T00:01:00Z"},"#
            + #"{"name":"click","time":"1970-01-01T00:01:00Z"},"#
            + #"{"name":"buy","time":"2020-02-02T02:02:02.500Z","properties":{"x":[1]}}],"purchase_events":[]}"#
        ]
      )
      #expect(try await harness.counts().events == 3)
    }
  }

  @Test("a time in the future is stored as the time of processing (R110)")
  func future() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events)
      try await sync.begin()
      try await sync.send(
        OwnedRow(
          updatedAt: 1,
          externalID: "1",
          payload: #"{"name":"a","time":"2999-01-01T00:00:00Z"}"#
        ),
        OwnedRow(
          updatedAt: SimulatedWorld.start.nanoseconds + 1,
          externalID: "1",
          payload: #"{"name":"b"}"#
        )
      )
      let profile = try #require(try await harness.profile(.externalID("1"), withEvents: true))
      let events = try #require(profile["events"] as? [[String: String]])
      #expect(events.map { $0["time"] } == ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"])
    }
  }

  @Test("purchases count by quantity and add up exactly (R118, R119, R120, R121)")
  func purchases() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("purchases", .purchases)
      try await sync.begin()
      func row(_ stamp: Int64, _ product: String, _ price: String, _ rest: String = "") -> OwnedRow
      {
        OwnedRow(
          updatedAt: stamp,
          externalID: "1",
          payload: #"{"product_id":"\#(product)","currency":"usd","price":\#(price)\#(rest)}"#
        )
      }
      let receipt = try await sync.send(
        row(0, "cd", "0.10"),
        row(1_000_000_000, "cd", "0.20", #","quantity":3"#),
        row(2_000_000_000, "book", "-5.005"),
        row(3_000_000_000, "cd", "1", #","quantity":101"#)
      )
      #expect(receipt.counts.text == "applied: 3, rejected: 1")
      #expect(
        try await harness.export(withEvents: true) == [
          #"{"external_id":"1","user_aliases":[],"braze_id":"*","custom_attributes":{},"custom_events":[],"purchases":["#
            + #"{"name":"book","first":"1970-01-01T00:00:02Z","last":"1970-01-01T00:00:02Z","count":1},"#
            + #"{"name":"cd","first":"1970-01-01T00:00:00Z","last":"1970-01-01T00:00:01Z","count":4}],"total_revenue":-4.305,"#
            + #""events":[],"purchase_events":[{"product_id":"cd","time":"1970-01-01T00:00:00Z","currency":"USD","price":0.1,"quantity":1},"#
            + #"{"product_id":"cd","time":"1970-01-01T00:00:01Z","currency":"USD","price":0.2,"quantity":3},"#
            + #"{"product_id":"book","time":"1970-01-01T00:00:02Z","currency":"USD","price":-5.005,"quantity":1}]}"#
        ]
      )
      #expect(
        try await harness.counts()
          == ProfileTotals(profiles: 1, events: 0, purchases: 3, revenue: "-4.305")
      )
    }
  }

  @Test("a revenue that cannot be added up exactly is a row error, and nothing of the row stays")
  func revenueOverflow() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("purchases", .purchases)
      try await sync.begin()
      let price = "999999999999999.999999999999999999"
      let rows = (0..<2_000).map { index in
        OwnedRow(
          updatedAt: 1,
          externalID: "\(index % 3)",
          payload: #"{"product_id":"p","currency":"USD","price":\#(price),"quantity":99}"#
        )
      }
      let receipt = try await sync.send(rows)
      #expect(receipt.counts.rejected > 0)
      #expect(receipt.counts.applied > 1_000)
      let counts = try await harness.counts()
      #expect(counts.purchases == receipt.counts.applied)
      #expect(try await harness.rows(in: "purchases") == receipt.counts.applied)
    }
  }

  @Test("an event or purchase makes its user, with the email that named it (R41, R45)")
  func makesUser() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync("events", .events)
      try await sync.begin()
      let receipt = try await sync.send(
        OwnedRow(updatedAt: 1, email: "a@x.org", payload: #"{"name":"e"}"#),
        OwnedRow(updatedAt: 2, email: "A@x.org", payload: #"{"name":"e"}"#),
        OwnedRow(updatedAt: 3, brazeID: "unknown", payload: #"{"name":"e"}"#)
      )
      #expect(receipt.counts.text == "applied: 2, skipped: 1")
      #expect(
        try await harness.counts()
          == ProfileTotals(profiles: 1, events: 2, purchases: 0, revenue: "0")
      )
      #expect(try await harness.profile(.email("a@x.org"))?["email"] as? String == "a@x.org")
    }
  }

  @Test(
    "a delete removes the profile with all that belongs to it; totals stay, unknown users are skipped"
  )
  func deletes() async throws {
    try await StoreHarness.with { harness in
      let attributes = harness.sync("attributes")
      let events = harness.sync("events", .events)
      let purchases = harness.sync("purchases", .purchases)
      for sync in [attributes, events, purchases] { try await sync.begin() }
      try await attributes.send(
        OwnedRow(
          updatedAt: 1,
          externalID: "1",
          payload: #"{"email":"a@x.org","phone":"4155550100"}"#
        ),
        OwnedRow(updatedAt: 1, aliasName: "n", aliasLabel: "l", payload: #"{"email":"a@x.org"}"#),
        OwnedRow(updatedAt: 1, externalID: "kept", payload: #"{"email":"a@x.org"}"#)
      )
      try await events.send(
        OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"name":"e"}"#),
        OwnedRow(updatedAt: 1, externalID: "kept", payload: #"{"name":"e"}"#)
      )
      let purchase = #"{"product_id":"p","currency":"USD","price":2.50}"#
      try await purchases.send(
        OwnedRow(updatedAt: 1, externalID: "1", payload: purchase),
        OwnedRow(updatedAt: 1, externalID: "kept", payload: purchase)
      )
      let deletes = harness.sync("deletes", .deletes)
      try await deletes.begin()
      // R26: a payload fails the batch before anybody is deleted.
      let guarded = await failureCode {
        _ = try await deletes.send(
          OwnedRow(updatedAt: 1, externalID: "1"),
          OwnedRow(updatedAt: 1, externalID: "kept", payload: "{}")
        )
      }
      #expect(guarded == "payload_in_deletes")
      #expect(try await harness.counts().profiles == 3)
      let receipt = try await deletes.send(
        OwnedRow(updatedAt: 1, externalID: "1"),
        OwnedRow(updatedAt: 1, externalID: "1", email: "b@x.org"),
        OwnedRow(updatedAt: 1, externalID: "unknown"),
        OwnedRow(updatedAt: 1, aliasName: "n", aliasLabel: "l"),
        OwnedRow(updatedAt: 1, email: "a@x.org")
      )
      #expect(receipt.counts.text == "applied: 2, skipped: 2, rejected: 1")
      #expect(
        try await harness.counts()
          == ProfileTotals(profiles: 1, events: 2, purchases: 2, revenue: "5")
      )
      for (table, count) in [
        ("profiles", 1), ("aliases", 0), ("emails", 1), ("phones", 0), ("events", 1),
        ("purchases", 1),
      ] {
        #expect(try await harness.rows(in: table) == count, "\(table)")
      }
      // A new user of the same name begins with nothing.
      try await attributes.send(OwnedRow(updatedAt: 2, externalID: "1", payload: #"{"a":1}"#))
      #expect(try await harness.custom("1") == #"{"a":1}"#)
      #expect(try await harness.profile(.externalID("1"))?["email"] == nil)
    }
  }

  @Test("a delete by braze id")
  func deleteByBrazeID() async throws {
    try await StoreHarness.with { harness in
      let attributes = harness.sync("attributes")
      try await attributes.begin()
      try await attributes.send(OwnedRow(updatedAt: 1, externalID: "1", payload: "{}"))
      let braze = try #require(
        try await harness.store.profile(
          workspace: "default",
          identifier: .externalID("1"),
          withEvents: false
        )
      ).brazeID
      let deletes = harness.sync("deletes", .deletes)
      try await deletes.begin()
      #expect(
        try await deletes.send(OwnedRow(updatedAt: 1, brazeID: braze)).counts.text == "applied: 1"
      )
      #expect(try await harness.profile(.brazeID(braze)) == nil)
    }
  }

  @Test(
    "rejected rows are listed with reason and identifier, oldest first; the others go on (R29, R49, R51)"
  )
  func rejected() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync(overlap: 1_000)
      try await sync.begin()
      var oversized = OwnedRow(updatedAt: 5, externalID: "5", payload: #"{"a":"cut"#)
      oversized.oversizedPayload = 3_000_000
      var invalid = OwnedRow(updatedAt: 6, payload: "{}")
      invalid.externalID = [0x61, 0xFF]
      let rows = [
        OwnedRow(updatedAt: 1, payload: "{}"),
        OwnedRow(updatedAt: 2, externalID: "2", brazeID: "x", payload: "{}"),
        OwnedRow(updatedAt: 3, externalID: "3", payload: "[]"),
        OwnedRow(updatedAt: 4, externalID: "4", payload: #"{"good":true}"#), oversized, invalid,
        OwnedRow(updatedAt: 7, externalID: "7", payload: "{\"a\":\"\\u0000\"}"),
      ]
      #expect(try await sync.send(rows).counts.text == "applied: 1, rejected: 6")
      func list(_ run: String?, _ limit: Int?) async throws -> [RowRejection] {
        var found: [RowRejection] = []
        try await harness.store.rejectedRows(
          RowLogQuery(workspace: "default", sync: "sync", runID: run, limit: limit)
        ) { found.append($0) }
        return found
      }
      let all = try await list(nil, nil)
      #expect(
        all.map(\.issue.code) == [
          "identifier_missing", "identifiers_conflict", "payload_not_object", "payload_too_large",
          "invalid_utf8", "nul_character",
        ]
      )
      #expect(all.map(\.rowIndex) == [0, 1, 2, 4, 5, 6])
      #expect(
        all.map(\.identifier) == [
          "", "external_id=2, braze_id=x", "external_id=3", "external_id=5", "external_id=a\\xFF",
          "external_id=7",
        ]
      )
      #expect(all.allSatisfy { $0.runID == "run-1" && $0.batchNumber == 1 })
      #expect(all.allSatisfy { $0.rejectedAt == SimulatedWorld.start })
      #expect(try await list(nil, 2) == Array(all.prefix(2)))
      #expect(try await list("run-1", nil).count == 6)
      #expect(try await list("run-2", nil).isEmpty)
      // Read again, they are known (decision 2).
      try await sync.begin()
      #expect(try await sync.send(rows).counts.text == "already_applied: 7")
      #expect(try await list(nil, nil).count == 6)
      // After 30 days nothing is kept of them (R130).
      harness.simulated.advance(seconds: 31 * 86_400)
      #expect(try await harness.store.forgetExpiredRows() == 6)
      #expect(try await list(nil, nil).isEmpty)
    }
  }

  @Test("more rejected rows and profiles than a page holds are listed completely")
  func pages() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let good = (0..<1203).map {
        OwnedRow(updatedAt: 1, externalID: "\($0)", payload: "{\"n\":\($0)}")
      }
      let bad = (0..<1001).map { OwnedRow(updatedAt: 1, externalID: "bad\($0)", payload: "[]") }
      try await sync.send(good + bad)
      var found: [String] = []
      try await harness.store.rejectedRows(RowLogQuery(workspace: "default", sync: "sync")) {
        found.append($0.identifier)
      }
      #expect(found == (0..<1001).map { "external_id=bad\($0)" })
      var ids: [String] = []
      try await harness.store.exportProfiles(workspace: "default", withEvents: false) {
        ids.append($0.externalID)
      }
      #expect(ids == (0..<1203).map { "\($0)" })
    }
  }
}
