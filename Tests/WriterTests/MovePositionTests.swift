import RPC
import SyncModel
import TestSupport
import Testing
import WriterAPI

@Suite("MovePosition")
struct MovePositionTests {
  private func row(_ stamp: Int64) -> OwnedRow {
    OwnedRow(updatedAt: stamp, externalID: "1", payload: "{\"at\":\(stamp)}")
  }

  @Test("moves the position, answers what was, and shuts the run before it out")
  func moves() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      _ = try await client.openSync(.sample())
      _ = try await client.applyBatch(.sample(1, [row(10), row(500)]))
      let dry = MovePositionRequest(opening: .sample(), position: 5, dryRun: true)
      let answer = MovePositionResponse(previous: 500, knownFrom: 400)
      #expect(try await client.movePosition(dry) == answer)
      _ = try await client.applyBatch(.sample(2, [row(501)]))
      let move = MovePositionRequest(opening: .sample(epoch: 2), position: 5)
      #expect(
        try await client.movePosition(move) == MovePositionResponse(previous: 501, knownFrom: 401)
      )
      #expect(
        await status { _ = try await client.applyBatch(.sample(3, [self.row(502)])) }
          == "FAILED_PRECONDITION stale_epoch"
      )
      #expect(
        try await client.openSync(.sample(epoch: 3))
          == OpenSyncResponse(nextBatchNumber: 3, position: 5, readFrom: 5)
      )
      #expect(
        await status { _ = try await client.movePosition(move) }
          == "FAILED_PRECONDITION stale_epoch"
      )
    }
  }

  @Test("is for the orchestrator alone, and says which field is wrong")
  func refusals() async throws {
    try await WriterHarness.with { harness in
      let request = MovePositionRequest(opening: .sample())
      #expect(
        await status { _ = try await harness.client("operator").movePosition(request) }
          .hasPrefix("PERMISSION_DENIED")
      )
      let client = harness.client()
      #expect(
        await status { _ = try await client.movePosition(MovePositionRequest()) }
          == "INVALID_ARGUMENT invalid_workspace"
      )
      _ = try await client.openSync(.sample())
      #expect(
        await status {
          _ = try await client.movePosition(
            MovePositionRequest(opening: .sample(epoch: 2, data: .events))
          )
        } == "FAILED_PRECONDITION data_type_changed"
      )
    }
  }

  @Test("apply_unchanged makes rows that change nothing count as applied")
  func applyUnchanged() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      func equal(_ stamp: Int64) -> OwnedRow {
        OwnedRow(updatedAt: stamp, externalID: "1", payload: "{\"a\":1}")
      }
      _ = try await client.openSync(.sample())
      let first = try await client.applyBatch(.sample(1, [equal(1), equal(2)]))
      #expect(first.applied == 1 && first.unchanged == 1)
      _ = try await client.openSync(.sample(epoch: 2) { $0.applyUnchanged = true })
      let second = try await client.applyBatch(.sample(2, epoch: 2, [equal(3)]))
      #expect(second.applied == 1 && second.unchanged == 0)
    }
  }
}
