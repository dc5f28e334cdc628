import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

@Suite("What set an attribute last")
struct ExplainTests {
  private func explain(
    _ harness: StoreHarness,
    _ attribute: String,
    _ externalID: String = "1"
  ) async throws -> [AttributeExplanation]? {
    try await harness.store.explain(
      workspace: "default",
      identifier: .externalID(externalID),
      attribute: attribute
    )
  }

  @Test("it is the row, the run and the sync whose value is there, not those that came too late")
  func origin() async throws {
    try await StoreHarness.with { harness in
      let (people, points) = (harness.sync("people"), harness.sync("points"))
      try await people.begin()
      try await points.begin()
      try await people.send(
        OwnedRow(updatedAt: 10, externalID: "1", payload: #"{"a":"x","n":1,"gone":1}"#)
      )
      try await points.send(OwnedRow(updatedAt: 30, externalID: "1", payload: #"{"n":{"inc":2}}"#))
      try await people.begin()
      try await people.send(
        OwnedRow(updatedAt: 20, externalID: "1", payload: #"{"n":{"inc":4},"gone":null}"#)
      )
      let n = try #require(try await explain(harness, "n")?.first)
      #expect(n.value == Array("7".utf8))
      #expect(n.type == "number")
      #expect((n.sync, n.runID) == ("points", "run-1"))
      #expect(n.updatedAt.nanoseconds == 30)
      #expect(n.assignedAt?.nanoseconds == 10)
      #expect(n.runOpenedAt == SimulatedWorld.start)
      let a = try #require(try await explain(harness, "a")?.first)
      #expect((a.sync, a.runID) == ("people", "run-1"))
      #expect(a.assignedAt == a.updatedAt)
      // What was removed is explained too.
      let gone = try #require(try await explain(harness, "gone")?.first)
      #expect(gone.value == nil)
      #expect(gone.runID == "run-2")
    }
  }

  @Test("lists are explained item by item; what never was there, and who never was, are told apart")
  func lists() async throws {
    try await StoreHarness.with { harness in
      let sync = harness.sync()
      try await sync.begin()
      let group = "0a381cff-734f-80e5-b7b2-b88056288811"
      try await sync.send(
        OwnedRow(
          updatedAt: 1,
          externalID: "1",
          payload:
            #"{"subscription_groups":[{"subscription_group_id":"\#(group)","subscription_state":"subscribed"}],"#
            + #""push_tokens":[{"app_id":"a","token":"t"},{"app_id":"a","token":"u"}]}"#
        )
      )
      #expect(try await explain(harness, "subscription_groups")?.map(\.item) == [group])
      #expect(try await explain(harness, "push_tokens")?.map(\.item) == ["a/t", "a/u"])
      #expect(try await explain(harness, "never")?.isEmpty == true)
      #expect(try await explain(harness, "never", "2") == nil)
    }
  }
}
