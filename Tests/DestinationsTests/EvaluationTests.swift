import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

@Suite("What rows would do")
struct EvaluationTests {
  @Test("differences are told row by row, and nothing in the store is another afterwards")
  func differences() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(OwnedRow(updatedAt: 10, externalID: "1", payload: #"{"a":"x","b":1}"#))
      let before = try harness.dump()
      let effects = try await sync.evaluate(
        [
          OwnedRow(updatedAt: 20, externalID: "1", payload: #"{"a":"y","b":1,"c":true}"#),
          OwnedRow(updatedAt: 20, externalID: "2", payload: #"{"a":"z"}"#),
          OwnedRow(updatedAt: 20, payload: "{}"),
          OwnedRow(updatedAt: 20, externalID: "1", payload: #"{"b":"not a number"}"#),
          OwnedRow(updatedAt: 5, externalID: "1", payload: #"{"a":"old"}"#),
          OwnedRow(updatedAt: 10, externalID: "1", payload: #"{"a":"x","b":1}"#),
        ]
      )
      #expect(
        effects.counts.text
          == "applied: 2, unchanged: 1, already_applied: 1, superseded: 1, rejected: 1"
      )
      #expect(effects.warnings == 1)
      #expect(effects.position.position?.nanoseconds == 10)
      #expect(effects.rows.map(\.rowIndex) == [0, 1, 2, 3])
      let changed = try #require(effects.rows.first)
      #expect(changed.identifier == "external_id=1")
      #expect(!changed.createsProfile && changed.brazeID.count == 24)
      #expect(changed.attributes.map(\.name) == ["a", "c"])
      #expect(changed.attributes.map(\.oldValue) == [#""x""#, nil])
      #expect(changed.attributes.map(\.newValue) == [#""y""#, "true"])
      #expect(changed.attributes.first?.setBy == .init(sync: "sync", runID: "run-1"))
      #expect(changed.attributes.first?.setAt?.nanoseconds == 10)
      #expect(effects.rows[1].createsProfile && effects.rows[1].brazeID.isEmpty)
      #expect(
        effects.rows[2].outcome
          == .rejected(.init("identifier_missing", issueText(effects.rows[2])))
      )
      #expect(effects.rows[3].warnings.map(\.code) == ["type_mismatch"])
      #expect(try harness.dump() == before)
    }
  }

  private func issueText(_ row: RowEffect) -> String {
    guard case .rejected(let issue) = row.outcome else { return "" }
    return issue.message
  }

  @Test("events, purchases and deletes are told in words")
  func activity() async throws {
    try await StoreHarness.with { harness in
      let events = harness.sync("events", .events)
      let purchases = harness.sync("purchases", .purchases)
      let deletes = harness.sync("deletes", .deletes)
      let people = harness.sync("people")
      try await people.begin()
      try await people.send(OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"a":1}"#))
      let before = try harness.dump()
      let event = try await events.evaluate(
        [
          OwnedRow(
            updatedAt: 0,
            externalID: "1",
            payload: #"{"name":"opened","properties":{"p":1}}"#
          )
        ]
      )
      #expect(event.rows.first?.activity == "event opened at 1970-01-01T00:00:00Z")
      #expect(event.rows.first?.attributes.isEmpty == true)
      let purchase = try await purchases.evaluate(
        [
          OwnedRow(
            updatedAt: 0,
            email: "a@b.example",
            payload: #"{"product_id":"sku","currency":"eur","price":2.5,"quantity":3}"#
          )
        ]
      )
      #expect(
        purchase.rows.first?.activity == "purchase of 3 sku for 2.5 EUR at 1970-01-01T00:00:00Z"
      )
      #expect(purchase.rows.first?.createsProfile == true)
      #expect(purchase.rows.first?.attributes.map(\.name) == ["email"])
      let gone = try await deletes.evaluate(
        [OwnedRow(updatedAt: 1, externalID: "1"), OwnedRow(updatedAt: 1, externalID: "1")]
      )
      #expect(gone.counts.text == "applied: 1, skipped: 1")
      #expect(gone.rows.first?.deletesProfile == true)
      #expect(try harness.dump() == before)
    }
  }

  @Test("a batch counts as it will when it is applied, whatever the store holds", arguments: 0..<24)
  func same(_ seed: UInt64) async throws {
    try await StoreHarness.with { harness in
      var random = Xorshift(seed)
      let data = SyncModel.DataType.allCases[Int(seed) % 4]
      let people = harness.sync("people")
      try await people.begin()
      try await people.send(
        (1...4).map { OwnedRow(updatedAt: 1, externalID: "\($0)", payload: "{}") }
      )
      let sync = harness.sync("sync", data, overlap: 20, updateExistingOnly: seed % 3 == 0)
      for run in 0..<18 {
        let rows = (0..<12).map { _ in
          row(data, from: Int64(run) * 10, &random)
        }.sorted { $0.updatedAt < $1.updatedAt }
        let before = try harness.dump()
        let effects = try await sync.evaluate(rows)
        #expect(try harness.dump() == before)
        let opened = try await sync.begin()
        #expect(effects.position == opened)
        let receipt = try await sync.send(rows)
        #expect(effects.counts == receipt.counts, "seed \(seed), run \(run)")
        #expect(effects.warnings == receipt.warnings)
      }
    }
  }

  private func row(
    _ data: SyncModel.DataType,
    from time: Int64,
    _ random: inout Xorshift
  ) -> OwnedRow {
    let at = max(1, time + Int64(random.next() % 20) - 5)
    let user = random.next() % 8
    let id = user == 0 ? nil : "\(user)"
    let number = random.next() % 3
    let payload: String? =
      switch data {
      case .attributes:
        [#"{"a":\#(number)}"#, #"{"b":{"inc":1}}"#, #"{"a":"\#(number)"}"#][Int(number)]
      case .events: #"{"name":"e\#(number)"}"#
      case .purchases:
        number == 0 ? "{}" : #"{"product_id":"p","currency":"EUR","price":\#(number)}"#
      case .deletes: nil
      }
    return OwnedRow(updatedAt: at, externalID: id, payload: payload)
  }

  @Test("an explanation knows what a run took, who set what is there, and why a row is skipped")
  func explains() async throws {
    try await StoreHarness.with { harness in
      let (people, other) = (harness.sync("people"), harness.sync("other"))
      try await people.begin()
      let first = OwnedRow(updatedAt: 10, externalID: "1", payload: #"{"a":"x"}"#)
      try await people.send(first)
      try await other.begin()
      try await other.send(OwnedRow(updatedAt: 30, externalID: "1", payload: #"{"b":2}"#))
      let before = try harness.dump()

      let taken = try #require(try await people.explain(first))
      #expect(taken.outcome == .unchanged && taken.isKnown)
      #expect(taken.setBy == .init(sync: "people", runID: "run-1"))
      let late = try #require(
        try await people.explain(OwnedRow(updatedAt: 20, externalID: "1", payload: #"{"b":1}"#))
      )
      #expect(late.outcome == .superseded && !late.isKnown && late.setBy == nil)
      #expect(late.attributes.first?.oldValue == "2")
      #expect(late.attributes.first?.setBy == .init(sync: "other", runID: "run-1"))
      let new = try #require(
        try await people.explain(OwnedRow(updatedAt: 40, externalID: "1", payload: #"{"a":"y"}"#))
      )
      #expect(new.outcome == .applied && !new.isKnown && new.setBy == nil)

      let existing = harness.sync("existing", updateExistingOnly: true)
      let unknown = OwnedRow(updatedAt: 1, externalID: "9", payload: #"{"a":"y"}"#)
      let skipped = try #require(try await existing.explain(unknown))
      #expect(skipped.outcome == .skipped && skipped.skipReason?.code == "user_unknown")
      let noID = try #require(
        try await people.explain(OwnedRow(updatedAt: 1, brazeID: "no such id", payload: "{}"))
      )
      #expect(noID.skipReason?.code == "braze_id_unknown")
      let nobody = try #require(
        try await harness.sync("deletes", .deletes).explain(OwnedRow(updatedAt: 1, externalID: "9"))
      )
      #expect(nobody.skipReason?.code == "user_unknown")
      #expect(try harness.dump() == before)
    }
  }

  @Test("an event and a purchase are found again in the profile, with the run that put them down")
  func recorded() async throws {
    try await StoreHarness.with { harness in
      for (name, data, payload, other) in [
        ("e", SyncModel.DataType.events, #"{"name":"a","properties":{"p":1}}"#, #"{"name":"a"}"#),
        (
          "p", .purchases, #"{"product_id":"x","currency":"EUR","price":1}"#,
          #"{"product_id":"x","currency":"EUR","price":2}"#
        ),
      ] {
        let sync = harness.sync(name, data)
        try await sync.begin()
        let row = OwnedRow(updatedAt: 10, externalID: "1", payload: payload)
        try await sync.send(row)
        let found = try #require(try await sync.explain(row))
        #expect(found.outcome == .applied && found.isKnown)
        #expect(found.setBy == .init(sync: name, runID: "run-1"))
        let another = try await sync.explain(
          OwnedRow(updatedAt: 10, externalID: "1", payload: other)
        )
        #expect(another?.setBy == nil && another?.isKnown == false)
      }
    }
  }

  @Test("a user's rows in the log are found by the bytes of the identifier, newest first")
  func log() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(
        OwnedRow(updatedAt: 1, externalID: "a", payload: "no JSON"),
        OwnedRow(updatedAt: 2, externalID: "A", payload: "no JSON"),
        OwnedRow(updatedAt: 3, externalID: "a", email: "x_y@b.example", payload: "[]"),
        OwnedRow(updatedAt: 4, externalID: "ab", payload: "no JSON"),
        OwnedRow(updatedAt: 5, aliasName: "n", aliasLabel: "l", payload: "no JSON"),
        OwnedRow(updatedAt: 6, externalID: "b", email: "xzy@b.example", payload: "[]")
      )
      func stamps(_ user: ProfileIdentifier, limit: Int = 10) async throws -> [Int64] {
        try await harness.store.rejectedRows(
          workspace: "default",
          sync: "sync",
          incarnation: 0,
          of: user,
          limit: limit
        ).map(\.updatedAt.nanoseconds)
      }
      #expect(try await stamps(.externalID("a")) == [3, 1])
      #expect(try await stamps(.externalID("A")) == [2])
      #expect(try await stamps(.externalID("a"), limit: 1) == [3])
      #expect(try await stamps(.email("x_y@b.example")) == [3])
      #expect(try await stamps(.alias(name: "n", label: "l")) == [5])
      #expect(try await stamps(.externalID("%")) == [])
      #expect(try await stamps(.phone("+1")) == [])
    }
  }

  @Test("an evaluation is refused where the run would be")
  func refused() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let other = harness.sync("sync", .events)
      #expect(await failureCode { _ = try await other.evaluate([]) } == "data_type_changed")
    }
  }
}

extension SyncPlayer {
  func evaluate(_ rows: [OwnedRow]) async throws -> BatchEffects {
    try await harness.store.evaluate(evaluation(rows, explains: false))
  }

  func explain(_ row: OwnedRow) async throws -> RowEffect? {
    try await harness.store.evaluate(evaluation([row], explains: true)).rows.first
  }

  private func evaluation(_ rows: [OwnedRow], explains: Bool) -> BatchToEvaluate {
    BatchToEvaluate(
      workspace: workspace,
      sync: name,
      incarnation: incarnation,
      data: data,
      overlap: overlap,
      updateExistingOnly: updateExistingOnly,
      positionLimit: limit,
      rows: .of(rows),
      detailLimit: 10,
      explains: explains
    )
  }
}

extension StoreHarness {
  /// Every row of every table, as SQL.
  func dump() throws -> String {
    try ChildProcess.run(["sqlite3", "-readonly", path, ".dump"]).output
  }
}
