import RPC
import SyncModel
import TestSupport
import Testing
import WriterAPI

@Suite("Evaluations and explanations over RPC")
struct EvaluationCallTests {
  private func request(
    _ rows: [OwnedRow] = [],
    _ change: (inout EvaluateBatchRequest) -> Void = { _ in }
  ) -> EvaluateBatchRequest {
    var request = EvaluateBatchRequest(
      workspace: "default",
      sync: "sync",
      destination: "profiles",
      data: .attributes,
      overlapNs: 100,
      positionLimit: .max,
      detailLimit: 10,
      rows: .of(rows)
    )
    change(&request)
    return request
  }

  @Test("counts, position and details arrive, and the sync stands where it stood")
  func evaluate() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      let unknown = try await client.evaluateBatch(request())
      #expect(unknown == BatchEvaluation())
      _ = try await client.openSync(.sample())
      _ = try await client.applyBatch(
        .sample(1, [OwnedRow(updatedAt: 500, externalID: "1", payload: #"{"a":1}"#)])
      )
      let evaluation = try await client.evaluateBatch(
        request([
          OwnedRow(updatedAt: 600, externalID: "1", payload: #"{"a":2}"#),
          OwnedRow(updatedAt: 600, payload: "{}"),
        ])
      )
      #expect(evaluation.applied == 1 && evaluation.rejected == 1)
      #expect(evaluation.position == 500 && evaluation.readFrom == 400)
      #expect(evaluation.rows.map(\.outcome) == ["applied", "rejected"])
      #expect(evaluation.rows.first?.attributes.first?.oldValue == "1")
      #expect(evaluation.rows.first?.attributes.first?.setByRun == "run-1")
      #expect(evaluation.rows.last?.code == "identifier_missing")
      // The run that has the sync open goes on as if nothing had been.
      let receipt = try await client.applyBatch(
        .sample(2, [OwnedRow(updatedAt: 600, externalID: "1", payload: #"{"a":3}"#)])
      )
      #expect(receipt.applied == 1)
      let explained = try await client.evaluateBatch(
        request([OwnedRow(updatedAt: 600, externalID: "1", payload: #"{"a":3}"#)]) {
          $0.explain = true
        }
      )
      #expect(explained.rows.first?.known == true)
      #expect(explained.rows.first?.setBySync == "sync")
    }
  }

  @Test("apply_unchanged makes a row that would change nothing count as applied")
  func applyUnchanged() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      func row(_ stamp: Int64) -> OwnedRow {
        OwnedRow(updatedAt: stamp, externalID: "1", payload: #"{"a":1}"#)
      }
      _ = try await client.openSync(.sample())
      _ = try await client.applyBatch(.sample(1, [row(500)]))
      let skipped = try await client.evaluateBatch(request([row(600)]))
      #expect(skipped.unchanged == 1 && skipped.applied == 0)
      let counted = try await client.evaluateBatch(request([row(600)]) { $0.applyUnchanged = true })
      #expect(counted.applied == 1 && counted.unchanged == 0)
    }
  }

  @Test("a user is found with the rows of the log; whom nobody knows is an empty answer")
  func user() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      _ = try await client.openSync(.sample())
      _ = try await client.applyBatch(
        .sample(
          1,
          [
            OwnedRow(updatedAt: 1, externalID: "1", payload: #"{"a":1}"#),
            OwnedRow(updatedAt: 2, externalID: "1", payload: "no JSON"),
          ]
        )
      )
      let person = harness.client("operator")
      let user = try await person.explainUser(
        .init(profile: .init(workspace: "default", externalId: "1"), sync: "sync")
      )
      #expect(user.externalId == "1" && user.brazeId.count == 24)
      #expect(user.rows.map(\.runId) == ["run-1"])
      let nobody = try await person.explainUser(
        .init(profile: .init(workspace: "default", externalId: "2"), sync: "sync")
      )
      #expect(nobody == UserExplanation())
    }
  }

  @Test("what is missing or absurd is named, and only the orchestrator evaluates")
  func refused() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      func evaluate(_ change: @escaping (inout EvaluateBatchRequest) -> Void) async -> String {
        await status { _ = try await client.evaluateBatch(request([], change)) }
      }
      #expect(await evaluate { $0.workspace = "" } == "INVALID_ARGUMENT invalid_workspace")
      #expect(await evaluate { $0.data = .unspecified } == "INVALID_ARGUMENT invalid_data")
      #expect(await evaluate { $0.overlapNs = -1 } == "INVALID_ARGUMENT invalid_overlap_ns")
      #expect(await evaluate { $0.detailLimit = 51 } == "INVALID_ARGUMENT invalid_detail_limit")
      #expect(await evaluate { $0.destination = "x" } == "NOT_FOUND destination_not_found")
      #expect(
        await status { _ = try await client.explainUser(.init(sync: "s", limit: 101)) }
          == "INVALID_ARGUMENT invalid_workspace"
      )
      let person = harness.client("operator")
      #expect(
        await status { _ = try await person.evaluateBatch(request()) } == "PERMISSION_DENIED"
      )
    }
  }
}
