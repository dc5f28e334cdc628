import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

@Suite("Explaining rows, over a real table and the real store", .timeLimit(.minutes(4)))
struct ExplainTests {
  private func explain(
    _ house: RealHouse,
    _ id: String,
    limit: UInt32 = 0
  ) async throws -> ExplainRowResponse {
    try await house.client.explainRow(
      ExplainRowRequest(sync: "changes", externalId: id, limit: limit)
    )
  }

  @Test("each reason, one after the other, and nothing is changed by asking")
  func reasons() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes)
      try await house.add([(-500, "1", #"{"a":1}"#), (-400, "bad", "no JSON"), (-10, "9", "{}")])
      let waiting = try await explain(house, "1")
      #expect(waiting.reason == "waiting" && waiting.brazeId.isEmpty && waiting.position == nil)
      #expect(waiting.rows.first?.effect?.createsProfile == true)
      let run = try await house.run("changes")

      let applied = try await explain(house, "1")
      #expect(applied.reason == "applied")
      #expect(applied.rows.first?.runId == run.runId)
      #expect(applied.externalId == "1" && applied.brazeId.count == 24)
      #expect(applied.position == stamp(-10))
      let rejected = try await explain(house, "bad")
      #expect(rejected.reason == "rejected" && rejected.rows.first?.code == "payload_not_object")
      #expect(rejected.rows.first?.runId == run.runId)
      #expect(rejected.log.map(\.code) == ["payload_not_object"])

      // Committed late, with an old stamp: no run has read it.
      try await house.add([(-300, "late", #"{"a":1}"#), (-5, "next", #"{"a":1}"#)])
      #expect(try await explain(house, "late").reason == "before_cursor")
      #expect(try await explain(house, "next").reason == "waiting")

      try await house.source("UPDATE changes SET UPDATED_AT = NULL WHERE EXTERNAL_ID = 'late'")
      let unstamped = try await explain(house, "late")
      #expect(unstamped.reason == "no_updated_at" && unstamped.rows.first?.updatedAt == nil)

      try await house.source("DELETE FROM changes WHERE EXTERNAL_ID IN ('1', 'bad')")
      let gone = try await explain(house, "1")
      #expect(gone.reason == "not_in_source" && gone.rows.isEmpty && !gone.brazeId.isEmpty)
      let logged = try await explain(house, "bad")
      #expect(logged.reason == "not_in_source" && logged.log.count == 1)

      let before = try house.dumps()
      let nobody = await refusal { try await explain(house, "nobody") }
      #expect(nobody?.code == .notFound && nobody?.reason == "user_not_found")
      _ = try await explain(house, "9")
      #expect(try house.dumps() == before)
    }
  }

  @Test("superseded and unchanged are told with the run that made it so")
  func newer() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes)
      try await house.add([(-500, "1", #"{"a":1}"#), (-400, "1", #"{"a":2}"#)])
      let first = try await house.run("changes")
      let both = try await explain(house, "1")
      #expect(both.rows.map(\.reason) == ["applied", "superseded"])
      #expect(both.rows.last?.message.contains(first.runId) == true)
      try await house.source("DELETE FROM changes WHERE UPDATED_AT < ?1", [.integer(stamp(-400))])
      try await house.source("UPDATE changes SET UPDATED_AT = ?1", [.integer(stamp(-300))])
      let second = try await house.run("changes")
      #expect(second.unchanged == 1)
      let same = try await explain(house, "1")
      #expect(same.reason == "unchanged" && same.rows.first?.runId == second.runId)
      let one = try await explain(house, "1", limit: 1)
      #expect(one.rows.count == 1 && !one.more)
    }
  }

  @Test("an unknown user of a sync that updates existing ones only is skipped")
  func skipped() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes) { $0.options?.updateExistingOnly = true }
      try await house.add([(-500, "1", #"{"a":1}"#)])
      #expect(try await house.run("changes").skipped == 1)
      let answer = try await explain(house, "1")
      #expect(answer.reason == "skipped" && answer.rows.first?.code == "user_unknown")
    }
  }

  @Test("a profile's external id finds its rows where the source has no such column")
  func otherColumn() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes)
      try await house.add([(-500, "1", #"{"email":"ann@b.example"}"#)])
      _ = try await house.run("changes")
      let answer = try await house.client.explainRow(
        ExplainRowRequest(sync: "changes", email: "ann@b.example")
      )
      #expect(answer.reason == "applied" && answer.externalId == "1")
      #expect(answer.message.contains("no column EMAIL"))
      let unknown = await refusal {
        try await house.client.explainRow(ExplainRowRequest(sync: "changes", email: "x@b.example"))
      }
      #expect(unknown?.code == .notFound)
    }
  }

  @Test("exactly one identifier, without NUL, of a sync that exists")
  func invalid() async throws {
    try await RealHouse.with { house in
      try await house.activeSync(.attributes)
      func reason(_ request: ExplainRowRequest) async -> String? {
        await refusal { try await house.client.explainRow(request) }?.reason
      }
      #expect(await reason(.init(sync: "changes")) == "invalid_external_id")
      #expect(
        await reason(.init(sync: "changes", externalId: "1", email: "a@b.c"))
          == "invalid_external_id"
      )
      #expect(await reason(.init(sync: "changes", externalId: "1\0")) == "invalid_external_id")
      #expect(await reason(.init(sync: "changes", aliasName: "n")) == "invalid_alias_name")
      #expect(await reason(.init(sync: "changes", externalId: "1", limit: 51)) == "invalid_limit")
      #expect(await reason(.init(sync: "none", externalId: "1")) == "sync_not_found")
    }
  }

  @Test("a writer or a warehouse that does not answer is told of, and no connection stays open")
  func outages() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.queryFailure = Failure(
        "permission_denied",
        "may not be read",
        recovery: .needsOperator
      )
      let request = ExplainRowRequest(sync: "purchases", externalId: "1")
      let denied = await refusal { try await house.client.explainRow(request) }
      #expect(denied?.reason == "permission_denied")
      house.line.change { $0.refusedCalls = 1000 }
      let away = await refusal { try await house.client.explainRow(request) }
      #expect(away?.code == .unavailable && away?.reason == "writer_unavailable")
      #expect(house.warehouse.log.closed == house.warehouse.log.opened)
    }
  }
}
