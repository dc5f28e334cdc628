import Destination
import SyncModel
import TestSupport
import Testing

@Suite("Attributes in the store")
struct AttributeTests {
  @Test("standard names are Braze's own, case sensitive; the rest is custom (R61, R77)")
  func standard() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(
          updatedAt: 1,
          externalID: "1",
          payload:
            #"{"time_zone":"UTC","First_Name":"x","first_name":"Ann","gender":"F","dob":"1980-01-02","country":"NL","#
            + #""language":"nl","home_city":"Delft","last_name":"Bo","email":"a@x.org","phone":"4155550100","zeta":1,"alpha":{"b":[1,2]}}"#
        )
      )
      #expect(
        try await harness.export() == [
          #"{"external_id":"1","user_aliases":[],"braze_id":"*","first_name":"Ann","last_name":"Bo","email":"a@x.org","#
            + #""phone":"+14155550100","dob":"1980-01-02","gender":"F","country":"NL","language":"nl","home_city":"Delft","#
            + #""time_zone":"UTC","custom_attributes":{"First_Name":"x","alpha":{"b":[1,2]},"zeta":1},"custom_events":[],"#
            + #""purchases":[],"total_revenue":0}"#
        ]
      )
    }
  }

  @Test("null removes, an empty string stays, what is not mentioned is kept (R71, R75, R93)")
  func null() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let receipt = try await sync.send(
        OwnedRow(
          updatedAt: 1,
          externalID: "1",
          payload: #"{"first_name":"Ann","a":1,"b":"x","c":3}"#
        ),
        OwnedRow(updatedAt: 2, externalID: "1", payload: #"{"first_name":null,"a":null,"b":""}"#)
      )
      #expect(receipt.counts.text == "applied: 2")
      #expect(try await harness.custom("1") == #"{"b":"","c":3}"#)
      let profile = try #require(try await harness.profile(.externalID("1")))
      #expect(profile["first_name"] == nil)
    }
  }

  @Test("arrays and objects replace the whole value (R94, R108)")
  func wholeValues() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(
          updatedAt: 1,
          externalID: "1",
          payload: #"{"o":{"a":1,"b":2},"l":[{"y":1},{"y":2}]}"#
        ),
        OwnedRow(updatedAt: 2, externalID: "1", payload: #"{"o":{"c":3},"l":[{"x":1}]}"#)
      )
      #expect(try await harness.custom("1") == #"{"l":[{"x":1}],"o":{"c":3}}"#)
    }
  }

  @Test("later, equal and older rows: applied, unchanged, superseded (decision 5, R12)")
  func outcomes() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync(overlap: 1_000)
      try await sync.begin()
      func send(_ stamp: Int64, _ payload: String) async throws -> String {
        try await sync.send(OwnedRow(updatedAt: stamp, externalID: "1", payload: payload)).counts
          .text
      }
      #expect(try await send(10, #"{"a":1,"b":1}"#) == "applied: 1")
      #expect(try await send(20, #"{"a":1}"#) == "unchanged: 1")
      #expect(try await send(15, #"{"a":2}"#) == "superseded: 1")
      #expect(try await send(5, #"{"b":1,"a":7}"#) == "superseded: 1")
      // One attribute too late, the other confirmed.
      #expect(try await send(15, #"{"a":2,"b":1}"#) == "unchanged: 1")
      #expect(try await send(16, #"{"a":2,"b":3}"#) == "applied: 1")
      #expect(try await send(17, "{}") == "unchanged: 1")
      #expect(try await send(21, #"{"c":null}"#) == "unchanged: 1")
      #expect(try await send(20, #"{"c":1}"#) == "superseded: 1")
      #expect(try await harness.custom("1") == #"{"a":1,"b":3}"#)
    }
  }

  @Test("the later row wins across syncs, and a late one cannot bring a removed value back")
  func acrossSyncs() async throws {
    try await StoreHarness.with { harness in
      let (one, two) = (harness.sync("one"), harness.sync("two"))
      try await one.begin()
      try await two.begin()
      try await one.send(OwnedRow(updatedAt: 10, externalID: "1", payload: #"{"a":"one","b":1}"#))
      try await two.send(OwnedRow(updatedAt: 30, externalID: "1", payload: #"{"a":null}"#))
      #expect(
        try await one.send(OwnedRow(updatedAt: 20, externalID: "1", payload: #"{"a":"late"}"#))
          .counts.text == "superseded: 1"
      )
      // Of equal stamps the later arrival wins.
      try await one.send(OwnedRow(updatedAt: 30, externalID: "1", payload: #"{"a":"tie"}"#))
      #expect(try await harness.custom("1") == #"{"a":"tie","b":1}"#)
    }
  }

  @Test(
    "the result does not depend on how the rows are cut into batches",
    arguments: [1, 2, 3, 7, 40]
  )
  func cuts(_ size: Int) async throws {
    var random = Xorshift(7)
    let rows = (0..<40).map { index in
      OwnedRow(
        updatedAt: Int64(index / 3),
        externalID: random.below(2) == 0 ? "1" : nil,
        email: "a@x.org",
        payload:
          "{\"k\(random.below(5))\":\(random.below(3)),\"email\":\"\(["a", "b"][random.below(2)])@x.org\"}"
      )
    }
    func run(_ size: Int) async throws -> ([String], String) {
      var result: ([String], String) = ([], "")
      try await StoreHarness.with { harness in
        let sync = harness.sync()
        try await sync.begin()
        var counts = RowCounts()
        for start in stride(from: 0, to: rows.count, by: size) {
          counts += try await sync.send(Array(rows[start..<min(start + size, rows.count)])).counts
        }
        result = (try await harness.export(), counts.text)
      }
      return result
    }
    let whole = try await run(40)
    let cut = try await run(size)
    #expect(cut.0 == whole.0)
    #expect(cut.1 == whole.1)
  }

  @Test("each attribute remembers the sync and run that set it")
  func origins() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"a":1}"#))
      try await sync.begin()
      try await sync.send(OwnedRow(updatedAt: 2, externalID: "1", payload: #"{"b":1}"#))
      #expect(try await harness.rows(in: "origins") == 2)
    }
  }
}
