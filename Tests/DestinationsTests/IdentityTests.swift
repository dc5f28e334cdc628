import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

@Suite("Who a row is for")
struct IdentityTests {
  @Test("an unknown external id makes a profile (R41)")
  func externalID() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let receipt = try await sync.send(
        OwnedRow(updatedAt: 1, externalID: "42", payload: #"{"a":1}"#)
      )
      #expect(receipt.counts.text == "applied: 1")
      #expect(
        try await harness.export() == [
          #"{"external_id":"42","user_aliases":[],"braze_id":"*","custom_attributes":{"a":1},"#
            + #""custom_events":[],"purchases":[],"total_revenue":0}"#
        ]
      )
    }
  }

  @Test("an unknown alias makes an alias-only profile; names are case sensitive (R43, R53)")
  func alias() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let receipt = try await sync.send(
        OwnedRow(updatedAt: 1, aliasName: "Ann", aliasLabel: "crm", payload: #"{"a":1}"#),
        OwnedRow(updatedAt: 2, aliasName: "ann", aliasLabel: "crm", payload: #"{"a":2}"#),
        OwnedRow(updatedAt: 3, aliasName: "Ann", aliasLabel: "shop", payload: #"{"a":3}"#),
        OwnedRow(updatedAt: 4, aliasName: "Ann", aliasLabel: "crm", payload: #"{"b":4}"#)
      )
      #expect(receipt.counts.text == "applied: 4")
      #expect(try await harness.counts().profiles == 3)
      let profile = try #require(try await harness.profile(.alias(name: "Ann", label: "crm")))
      #expect(profile["external_id"] == nil)
      #expect(
        profile["user_aliases"] as? [[String: String]] == [
          ["alias_name": "Ann", "alias_label": "crm"]
        ]
      )
      #expect(profile["custom_attributes"] as? [String: Int] == ["a": 1, "b": 4])
    }
  }

  @Test("an alias never moves, and a user gets no second name under a label (R54, R55)")
  func aliasStays() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      for run in Int64(1)...3 {
        try await sync.begin()
        try await sync.send(
          OwnedRow(updatedAt: run, aliasName: "n", aliasLabel: "l", payload: "{\"run\":\(run)}"),
          OwnedRow(updatedAt: run, externalID: "1", payload: "{\"run\":\(run)}")
        )
      }
      #expect(try await harness.rows(in: "aliases") == 1)
      #expect(try await harness.counts().profiles == 2)
    }
  }

  @Test("a braze id finds its profile; an unknown one makes nothing (R44)")
  func brazeID() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"a":1}"#))
      let known = try #require(
        try await harness.store.profile(
          workspace: "default",
          identifier: .externalID("1"),
          withEvents: false
        )
      ).brazeID
      #expect(known.utf8.count == 24)
      let unknown = [
        String(known.reversed()), known.uppercased() == known ? "x" : known.uppercased(),
        "0" + known.dropFirst(), "x", String(repeating: "0", count: 24),
      ]
      let receipt = try await sync.send(
        [OwnedRow(updatedAt: 2, brazeID: known, payload: #"{"a":2}"#)]
          + unknown.filter { $0 != known }.map {
            OwnedRow(updatedAt: 3, brazeID: $0, payload: #"{"a":3}"#)
          }
      )
      #expect(receipt.counts.applied == 1)
      #expect(receipt.counts.skipped == Int64(unknown.filter { $0 != known }.count))
      #expect(try await harness.counts().profiles == 1)
      #expect(try await harness.custom("1") == #"{"a":2}"#)
      #expect(try await harness.profile(.brazeID(known)) != nil)
    }
  }

  @Test("an unknown email or phone makes a profile that has it (R45)")
  func emailAndPhone() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let receipt = try await sync.send(
        OwnedRow(updatedAt: 1, email: "Ann@X.org", payload: #"{"a":1}"#),
        OwnedRow(updatedAt: 2, email: "ann@x.ORG", payload: #"{"b":2}"#),
        OwnedRow(updatedAt: 3, phone: "(415) 555-0100", payload: #"{"c":3}"#),
        OwnedRow(updatedAt: 4, phone: "+14155550100", payload: #"{"d":4}"#)
      )
      #expect(receipt.counts.text == "applied: 4")
      #expect(
        try await harness.export() == [
          #"{"user_aliases":[],"braze_id":"*","email":"Ann@X.org","custom_attributes":{"a":1,"b":2},"#
            + #""custom_events":[],"purchases":[],"total_revenue":0}"#,
          #"{"user_aliases":[],"braze_id":"*","phone":"+14155550100","custom_attributes":{"c":3,"d":4},"#
            + #""custom_events":[],"purchases":[],"total_revenue":0}"#,
        ]
      )
      #expect(try await harness.profile(.email("ANN@x.org")) != nil)
      #expect(try await harness.profile(.phone("415-555-0100")) != nil)
    }
  }

  @Test("email and phone together: the email identifies, the phone is an attribute (R46)")
  func emailBeforePhone() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(updatedAt: 1, phone: "4155550100", payload: #"{"who":"phone"}"#),
        OwnedRow(updatedAt: 2, email: "a@x.org", phone: "4155550100", payload: #"{"who":"email"}"#)
      )
      #expect(try await harness.counts().profiles == 2)
      let profile = try #require(try await harness.profile(.email("a@x.org")))
      #expect(profile["phone"] as? String == "+14155550100")
    }
  }

  @Test(
    "of profiles with one email, one with an external id goes first, then the last updated (R47)"
  )
  func sharedEmail() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let share = #"{"email":"s@x.org"}"#
      try await sync.send(
        OwnedRow(updatedAt: 1, externalID: "old", payload: share),
        OwnedRow(updatedAt: 2, externalID: "new", payload: share),
        OwnedRow(updatedAt: 9, aliasName: "anonymous", aliasLabel: "l", payload: share),
        OwnedRow(updatedAt: 10, email: "s@x.org", payload: #"{"hit":1}"#)
      )
      #expect(try await harness.custom("new") == #"{"hit":1}"#)
      // The other one is updated last now; in a batch of its own it is read from the disk.
      try await sync.send(OwnedRow(updatedAt: 11, externalID: "old", payload: #"{"x":1}"#))
      try await sync.send(OwnedRow(updatedAt: 12, email: "S@x.org", payload: #"{"hit":2}"#))
      #expect(try await harness.custom("old") == #"{"hit":2,"x":1}"#)
      #expect(try await harness.custom("new") == #"{"hit":1}"#)
    }
  }

  @Test("of profiles with one phone, the last updated goes first, external id or not (R48)")
  func sharedPhone() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let share = #"{"phone":"4155550100"}"#
      try await sync.send(
        OwnedRow(updatedAt: 1, externalID: "1", payload: share),
        OwnedRow(updatedAt: 2, aliasName: "n", aliasLabel: "l", payload: share),
        OwnedRow(updatedAt: 3, phone: "+14155550100", payload: #"{"hit":1}"#)
      )
      let profile = try #require(try await harness.profile(.alias(name: "n", label: "l")))
      #expect(profile["custom_attributes"] as? [String: Int] == ["hit": 1])
    }
  }

  @Test("who changes or loses an email is found by the new one only")
  func changedEmail() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(
          updatedAt: 1,
          externalID: "1",
          payload: #"{"email":"a@x.org","phone":"4155550100"}"#
        ),
        OwnedRow(updatedAt: 2, externalID: "1", payload: #"{"email":"B@x.org","phone":null}"#)
      )
      #expect(try await harness.profile(.email("a@x.org")) == nil)
      #expect(try await harness.profile(.email("b@x.org")) != nil)
      #expect(try await harness.profile(.phone("4155550100")) == nil)
      try await sync.send(
        OwnedRow(updatedAt: 3, externalID: "1", payload: #"{"email":null}"#),
        OwnedRow(updatedAt: 4, email: "b@x.org", payload: #"{"a":1}"#)
      )
      #expect(try await harness.counts().profiles == 2)
      #expect(try await harness.rows(in: "emails") == 1)
      #expect(try await harness.rows(in: "phones") == 0)
    }
  }

  @Test("beside an external id, email and phone columns become attributes (R50, decision 10)")
  func columnsAsAttributes() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(updatedAt: 1, email: "a@x.org", payload: #"{"who":"email"}"#),
        OwnedRow(
          updatedAt: 2,
          externalID: "1",
          email: "a@x.org",
          phone: "4155550100",
          payload: #"{"who":"1"}"#
        )
      )
      #expect(try await harness.counts().profiles == 2)
      let profile = try #require(try await harness.profile(.externalID("1")))
      #expect(profile["email"] as? String == "a@x.org")
      #expect(profile["phone"] as? String == "+14155550100")
      // From now on the shared email means the one with the external id (R47).
      try await sync.send(OwnedRow(updatedAt: 3, email: "a@x.org", payload: #"{"hit":true}"#))
      #expect(try await harness.custom("1") == #"{"hit":true,"who":"1"}"#)
    }
  }

  @Test(
    "with update-existing-only, unknown users are skipped and known ones updated (R58, R59, R123)"
  )
  func updateExistingOnly() async throws {
    try await StoreHarness.with { harness in
      let before = harness.sync("before")
      try await before.begin()
      try await before.send(OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"a":1}"#))
      let rows = [
        OwnedRow(updatedAt: 2, externalID: "1", payload: #"{"a":2}"#),
        OwnedRow(updatedAt: 2, externalID: "2", payload: #"{"a":2}"#),
        OwnedRow(updatedAt: 2, aliasName: "n", aliasLabel: "l", payload: #"{"a":2}"#),
        OwnedRow(updatedAt: 2, email: "a@x.org", payload: #"{"a":2}"#),
        OwnedRow(updatedAt: 2, phone: "4155550100", payload: #"{"a":2}"#),
      ]
      let sync = harness.sync("only", updateExistingOnly: true)
      try await sync.begin()
      #expect(try await sync.send(rows).counts.text == "applied: 1, skipped: 4")
      let events = harness.sync("events", .events, updateExistingOnly: true)
      try await events.begin()
      #expect(
        try await events.send(
          OwnedRow(updatedAt: 1, externalID: "2", payload: #"{"name":"e"}"#),
          OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"name":"e"}"#)
        ).counts.text == "applied: 1, skipped: 1"
      )
      #expect(
        try await harness.counts()
          == ProfileTotals(profiles: 1, events: 1, purchases: 0, revenue: "0")
      )
      #expect(try await harness.custom("1") == #"{"a":2}"#)
    }
  }

  @Test("canonically equivalent identifiers are two users, and two attributes (decision 13)")
  func bytes() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(updatedAt: 1, externalID: "e\u{301}", payload: "{\"e\u{301}\":1,\"\u{E9}\":2}"),
        OwnedRow(updatedAt: 1, externalID: "\u{E9}", payload: #"{"a":3}"#)
      )
      try await sync.begin()
      try await sync.send(
        OwnedRow(updatedAt: 2, externalID: "\u{E9}", payload: #"{"a":4}"#),
        OwnedRow(updatedAt: 2, externalID: "e\u{301}", payload: #"{"a":5}"#)
      )
      let export = try await harness.export().map { Array($0.utf8) }
      #expect(export.count == 2)
      let first = String(decoding: export[0], as: UTF8.self)
      #expect(
        first.utf8.elementsEqual(
          ("{\"external_id\":\"e\u{301}\",\"user_aliases\":[],\"braze_id\":\"*\",\"custom_attributes\":"
            + "{\"a\":5,\"e\u{301}\":1,\"\u{E9}\":2},\"custom_events\":[],\"purchases\":[],\"total_revenue\":0}")
            .utf8
        )
      )
      #expect(try await harness.custom("\u{E9}") == #"{"a":4}"#)
    }
  }

  @Test("workspaces share nothing")
  func workspaces() async throws {
    try await StoreHarness.with { harness in
      let one = harness.sync(workspace: "one")
      let two = harness.sync(workspace: "two")
      try await one.begin()
      try await two.begin()
      let row = OwnedRow(
        updatedAt: 1,
        externalID: "1",
        email: "a@x.org",
        payload: #"{"a":1}"#
      )
      try await one.send(row)
      #expect(try await two.send(row).counts.text == "applied: 1")
      let braze = try #require(
        try await harness.store.profile(
          workspace: "one",
          identifier: .externalID("1"),
          withEvents: false
        )
      ).brazeID
      let foreign = try await harness.store.profile(
        workspace: "two",
        identifier: .brazeID(braze),
        withEvents: false
      )
      #expect(foreign == nil)
      #expect(try await harness.export(workspace: "one").count == 1)
      #expect(try await harness.export(workspace: "default").isEmpty)
      #expect(try await harness.counts().profiles == 0)
    }
  }
}
