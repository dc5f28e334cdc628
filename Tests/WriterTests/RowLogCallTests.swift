import Crypto
import Destination
import Destinations
import RPC
import SyncModel
import TestSupport
import Testing
import Writer
import WriterAPI

@Suite("Writer: the row log's calls")
struct RowLogCallTests {
  private func rows(_ harness: WriterHarness) async throws {
    let client = harness.client()
    _ = try await client.openSync(.sample())
    _ = try await client.applyBatch(
      .sample(
        1,
        [
          OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"a":1,"b":2}"#),
          OwnedRow(updatedAt: 2, externalID: "2", payload: "[]"),
        ]
      )
    )
  }

  private var retry: RetryRowsRequest { RetryRowsRequest(workspace: "default", sync: "sync") }
  private var list: ListRejectedRowsRequest {
    ListRejectedRowsRequest(workspace: "default", sync: "sync")
  }

  @Test("an operator retries and exports; a retry's counts are those of its portions")
  func wholeWay() async throws {
    var policy = PayloadPolicy()
    policy.limits.keys = 1
    let log = RowLogOptions(key: try RowLogKey(SecretBytes([UInt8](repeating: 1, count: 32))))
    try await WriterHarness.with(policy: policy, rowLog: log) { harness in
      try await rows(harness)
      let person = harness.client("operator")
      let exported = try await person.exportRejectedRows(list) { try await $0.all() }
      #expect(exported.map(\.payload) == [Array(#"{"a":1,"b":2}"#.utf8), Array("[]".utf8)])
      #expect(exported.map(\.retryable) == [true, true])
      let listed = try await person.listRejectedRows(list) { try await $0.all() }
      #expect(listed.map(\.payload) == [nil, nil])
      // The same store with another limit, as after a restart.
      let cured = try await ProfileStore.open(path: harness.path, world: .simulated(), rowLog: log)
      let again = harness.client("operator", registry: DestinationRegistry(profiles: cured))
      let portions = try await again.retryRows(retry) { try await $0.all() }
      #expect(portions == [RetriedRows(applied: 1, rejected: 1)])
      var open = list
      open.open = true
      #expect(
        try await again.listRejectedRows(open) { try await $0.all() }.map(\.identifier)
          == ["external_id=2"]
      )
      var coded = list
      coded.code = "too_many_attributes"
      let applied = try await again.listRejectedRows(coded) { try await $0.all() }
      #expect(applied.map(\.outcome) == ["applied"])
      #expect(applied.first?.outcomeAt == SimulatedWorld.start.nanoseconds)
      #expect(applied.first?.outcomeRunId == "")
      await cured.close()
    }
  }

  @Test("without a key, and with a request that says nothing clear, the caller is told")
  func refusals() async throws {
    try await WriterHarness.with { harness in
      try await rows(harness)
      let person = harness.client("operator")
      #expect(
        await status { _ = try await person.retryRows(retry) { try await $0.all() } }
          == "FAILED_PRECONDITION row_key_missing"
      )
      #expect(
        await status { _ = try await person.exportRejectedRows(list) { try await $0.all() } }
          == "FAILED_PRECONDITION row_key_missing"
      )
      for (change, expected) in [
        ({ $0.workspace = "" }, "INVALID_ARGUMENT invalid_workspace"),
        ({ $0.sync = "" }, "INVALID_ARGUMENT invalid_sync"),
        ({ $0.aliasName = "n" }, "INVALID_ARGUMENT invalid_alias_name"),
        (
          {
            $0.email = "e"
            $0.phone = "p"
          }, "INVALID_ARGUMENT invalid_external_id"
        ),
      ] as [((inout RetryRowsRequest) -> Void, String)] {
        var request = retry
        change(&request)
        #expect(
          await status { _ = try await person.retryRows(request) { try await $0.all() } }
            == expected
        )
      }
      for role in ["orchestrator", "vault", "writer"] {
        let client = harness.client(role)
        #expect(
          await status { _ = try await client.retryRows(retry) { try await $0.all() } }
            == "PERMISSION_DENIED"
        )
        #expect(
          await status { _ = try await client.exportRejectedRows(list) { try await $0.all() } }
            == "PERMISSION_DENIED"
        )
      }
    }
  }
}
