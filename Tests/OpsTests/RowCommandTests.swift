import OrchestratorAPI
import Synchronization
import Testing

@testable import Ops

@Suite struct RowCommandTests {
  private let bench = CommandBench()

  private static let answer = ExplainRowResponse(
    sync: "people",
    reason: "superseded",
    message: "external_id \"1\": it resolves to profile b",
    brazeId: "b",
    externalId: "1",
    position: 1_704_067_200_000_000_000,
    rows: [
      ExplainedRow(
        identifier: "external_id=1",
        updatedAt: 1_704_067_200_000_000_000,
        reason: "superseded",
        message: "newer values are there already",
        effect: RowDifference(
          identifier: "external_id=1",
          outcome: "superseded",
          attributes: [
            ChangedAttribute(
              name: "a",
              oldValue: "2",
              newValue: "1",
              setAt: 1_704_067_260_000_000_000,
              setBySync: "other",
              setByRun: "run-9"
            )
          ]
        )
      ),
      ExplainedRow(identifier: "external_id \"1\"", reason: "no_updated_at", message: "set it"),
    ],
    more: true,
    log: [LoggedRow(runId: "run-3", identifier: "external_id=1", code: "bad", message: "m")]
  )

  @Test func `a user's rows are explained one by one`() async {
    bench.orchestrator.state.withLock { $0.explanation = Self.answer }
    let table = await bench.run("row", "explain", "people", "--external-id", "1")
    #expect(table.exit == 0)
    #expect(
      table.output.hasPrefix(
        """
        external_id "1": it resolves to profile b

        external_id=1  2024-01-01T00:00:00Z  superseded
          newer values are there already
          a is 2, set by a row of 2024-01-01T00:01:00Z (run run-9, sync other)

        external_id "1"  no UPDATED_AT  no_updated_at
          set it

        the row log:

        """
      )
    )
    #expect(table.errors.contains("more rows"))
    let json = await bench.run("row", "explain", "people", "--external-id", "1", "-o", "jsonl")
    #expect(json.output.hasPrefix(#"{"sync":"people","reason":"superseded","message":"#))
    #expect(json.output.contains(#""updated_at":null,"reason":"no_updated_at""#))
    #expect(json.output.contains(#""effect":{"identifier":"external_id=1""#))
    #expect(json.output.contains(#""log":[{"run_id":"run-3""#))
    let request = bench.orchestrator.state.withLock { $0.lastExplain }
    #expect(request?.sync == "people" && request?.externalId == "1" && request?.limit == 10)
  }

  @Test func `exactly one identifier is needed, and a user whom nobody knows is exit 5`() async {
    let none = await bench.run("row", "explain", "people")
    #expect(none.exit == 2 && none.errors.contains("name the user by one of --external-id"))
    #expect(
      await bench.run("row", "explain", "p", "--external-id", "1", "--email", "a@b.c").exit == 2
    )
    #expect(await bench.run("row", "explain", "p", "--alias-name", "1").exit == 2)
    #expect(await bench.run("row", "explain", "p", "--email", "a", "--limit", "0").exit == 2)
    let nobody = await bench.run("row", "explain", "people", "--email", "a@b.c")
    #expect(nobody.exit == 5)
    #expect(nobody.errors.contains("user_not_found"))
  }
}
