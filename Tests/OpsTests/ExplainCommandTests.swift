import Synchronization
import Testing
import WriterAPI

@testable import Ops

@Suite struct ExplainCommandTests {
  private let bench = CommandBench()

  @Test func `what set an attribute last is explained by row, run and sync`() async {
    bench.writer.state.withLock { state in
      state.origins = [
        AttributeOrigin(
          value: "17",
          type: "number",
          updatedAt: 1_704_067_200_000_000_000,
          assignedAt: nil,
          sync: "people",
          runId: "run-7",
          runOpenedAt: 1_704_067_201_000_000_000
        )
      ]
    }
    let line = await bench.run(
      "profile",
      "show",
      "--external-id",
      "42",
      "--explain",
      "points",
      "-o",
      "jsonl"
    )
    #expect(
      line.output == #"{"attribute":"points","item":null,"value":17,"type":"number","#
        + #""updated_at":"2024-01-01T00:00:00Z","assigned_at":null,"sync":"people","run_id":"run-7","#
        + #""run_opened_at":"2024-01-01T00:00:01Z"}"# + "\n"
    )
    let request = bench.writer.state.withLock { $0.lastExplain }
    #expect(request?.attribute == "points")
    #expect(request?.profile?.externalId == "42")
    let table = await bench.run("profile", "show", "--external-id", "42", "--explain", "points")
    #expect(table.output.contains("people") && table.output.contains("run-7"))
    bench.writer.state.withLock { $0.origins = [] }
    let none = await bench.run("profile", "show", "--external-id", "42", "--explain", "x")
    #expect(none.exit == 0)
    #expect(none.errors.contains("never had an attribute x"))
  }

  @Test func `warnings are listed when they are asked for`() async {
    bench.orchestrator.addActiveSync()
    _ = await bench.run("sync", "run", "purchases")
    bench.writer.state.withLock { state in
      state.rejected = [
        RejectedRow(runId: "run-1", identifier: "external_id=1", code: "bad", message: "m"),
        RejectedRow(
          runId: "run-1",
          identifier: "external_id=2",
          code: "string_too_long",
          message: "m",
          warning: true
        ),
      ]
    }
    let without = await bench.run("run", "rows", "run-1", "-o", "jsonl")
    #expect(without.output.contains(#""code":"bad""#))
    #expect(!without.output.contains("string_too_long"))
    let all = await bench.run("run", "rows", "run-1", "--warnings", "-o", "jsonl")
    #expect(all.output.contains(#""code":"string_too_long""#))
    #expect(all.output.contains(#""warning":true"#))
  }
}
