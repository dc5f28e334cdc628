import OrchestratorAPI
import RPC
import Synchronization
import Testing

@testable import Ops

@Suite struct CursorCommandTests {
  private let bench = CommandBench()
  private static let newYear: Int64 = 1_704_067_200_000_000_000

  init() {
    bench.orchestrator.addActiveSync()
    bench.orchestrator.state.withLock {
      $0.cursorMove = MoveCursorResponse(
        sync: "purchases",
        from: Self.newYear + 1_000_000_000,
        to: Self.newYear,
        rowsToRead: 7
      )
    }
  }

  private var asked: MoveCursorRequest? { bench.orchestrator.state.withLock { $0.lastMove } }

  @Test func `without yes it only says what a move would mean`() async {
    let outcome = await bench.run(
      "cursor",
      "set",
      "purchases",
      "--to",
      "2024-01-01T01:00:00+01:00",
      "-o",
      "jsonl"
    )
    #expect(outcome.exit == 0)
    #expect(
      outcome.output == #"{"sync":"purchases","from":"2024-01-01T00:00:01Z","#
        + #""to":"2024-01-01T00:00:00Z","to_ns":1704067200000000000,"moved":false,"#
        + #""rows_to_read":7,"rows_again":0,"rows_skipped":0,"warnings":[]}"# + "\n"
    )
    #expect(outcome.errors.contains("nothing was moved; do it with --yes"))
    #expect(asked?.to == Self.newYear)
    #expect(asked?.dryRun == true)
  }

  @Test func `a step back is made to where the preview said`() async {
    let outcome = await bench.run("cursor", "rewind", "purchases", "--by", "2d", "--yes")
    #expect(outcome.exit == 0)
    #expect(asked?.backNs == 0)
    #expect(asked?.to == Self.newYear)
    #expect(asked?.dryRun == false)
    #expect(asked?.applyAgain == false)
    let preview = await bench.run("cursor", "rewind", "purchases", "--by", "2d")
    #expect(preview.exit == 0)
    #expect(asked?.backNs == 172_800_000_000_000)
  }

  @Test func `rows that would be applied again need a flag of their own`() async {
    bench.orchestrator.state.withLock {
      $0.cursorMove.to = nil
      $0.cursorMove.rowsAgain = 3
      $0.cursorMove.warnings = ["3 rows would be one more purchase each"]
    }
    let refused = await bench.run("cursor", "rewind", "purchases", "--all", "--yes")
    #expect(refused.exit == 1)
    #expect(refused.errors.contains("warning: 3 rows would be one more purchase each"))
    #expect(refused.errors.contains("(would_apply_again)"))
    #expect(asked?.toBeginning == true)
    let done = await bench.run("cursor", "rewind", "purchases", "--all", "--yes", "--apply-again")
    #expect(done.exit == 0)
    #expect(asked?.applyAgain == true)
  }

  @Test func `a rewind does not go forward`() async {
    bench.orchestrator.state.withLock { $0.cursorMove.to = Self.newYear + 2_000_000_000 }
    let outcome = await bench.run(
      "cursor",
      "rewind",
      "purchases",
      "--to",
      "1704067202000000000",
      "--yes"
    )
    #expect(outcome.exit == 2)
    #expect(outcome.errors.contains("that is not back: the cursor is at 2024-01-01T00:00:01Z"))
    #expect(asked?.dryRun == true)
  }

  @Test(arguments: [
    ["set", "purchases"], ["set", "purchases", "--to", "yesterday"],
    ["set", "purchases", "--to", "2024-01-01T00:00:00+1:00"],
    ["set", "purchases", "--to", "01/02/2024"], ["set", "purchases", "--to", "2024-13-01"],
    ["rewind", "purchases"], ["rewind", "purchases", "--by", "2"],
    ["rewind", "purchases", "--by", "2d", "--all"], ["rewind", "purchases", "--by", "0s"],
  ]) func `a place that is none, or two, is a wrong command line`(_ words: [String]) async {
    #expect(await bench.run(["cursor"] + words).exit == 2)
    #expect(asked == nil)
  }

  @Test func `an unknown sync, and a busy one`() async {
    #expect(await bench.run("cursor", "rewind", "nobody", "--all").exit == 5)
  }

  @Test func `moves by hand are shown with the cursor`() async {
    bench.orchestrator.state.withLock {
      $0.cursor = Cursor(
        sync: "purchases",
        position: Self.newYear,
        moves: [
          CursorMove(
            movedAt: Self.newYear,
            movedBy: "operator 1",
            from: Self.newYear,
            outcome: "moved",
            rowsAgain: 2
          )
        ]
      )
    }
    let outcome = await bench.run("cursor", "show", "purchases", "-o", "jsonl")
    #expect(
      outcome.output.contains(
        #""moves":[{"moved_at":"2024-01-01T00:00:00Z","moved_by":"operator 1","#
          + #""from":"2024-01-01T00:00:00Z","to":null,"outcome":"moved","rows_again":2,"rows_skipped":0}]"#
      )
    )
    #expect(await bench.run("cursor", "show", "purchases").output.contains("operator 1"))
  }

  @Test func `an alert test says what went out`() async {
    bench.orchestrator.state.withLock {
      $0.alerted = TestAlertResponse(contacts: ["a@example.com"], webhook: true)
    }
    let outcome = await bench.run("alert", "test", "purchases")
    #expect(outcome.errors.contains("handed over for a@example.com"))
    #expect(outcome.errors.contains("the webhook was taken"))
  }
}
