import RPC
import Synchronization
import Testing
import WriterAPI

@testable import Ops

@Suite struct RowLogCommandTests {
  private let bench = CommandBench()

  private func log(_ rows: RejectedRow...) async {
    bench.orchestrator.addActiveSync()
    _ = await bench.run("sync", "run", "purchases")
    bench.writer.state.withLock { $0.rejected = rows }
  }

  private func row(
    _ id: String,
    _ code: String,
    retryable: Bool = true,
    outcome: String = ""
  ) -> RejectedRow {
    RejectedRow(
      runId: "run-1",
      updatedAt: 1_704_067_200_000_000_000,
      identifier: "external_id=\(id)",
      code: code,
      message: "why \(code)",
      retryable: retryable,
      outcome: outcome,
      outcomeAt: outcome.isEmpty ? nil : 1_704_067_201_000_000_000
    )
  }

  @Test func `rows say what became of them, and --errors leaves out what is applied`() async {
    await log(row("1", "a"), row("2", "b", retryable: false, outcome: "applied"))
    let all = await bench.run("run", "rows", "run-1")
    #expect(
      all.output == """
        IDENTIFIER     UPDATED_AT            CODE  MESSAGE  SINCE
        external_id=1  2024-01-01T00:00:00Z  a     why a    -
        external_id=2  2024-01-01T00:00:00Z  b     why b    applied

        """
    )
    let errors = await bench.run("run", "rows", "run-1", "--errors", "-o", "name")
    #expect(errors.output == "external_id=1\n")
    let coded = await bench.run("run", "rows", "run-1", "--code", "b", "-o", "jsonl")
    #expect(coded.output.contains(#""outcome":"applied","outcome_at":"2024-01-01T00:00:01Z""#))
    #expect(coded.output.hasSuffix(#""outcome_run_id":null,"payload":null}"# + "\n"))
    let none = await bench.run("run", "rows", "run-1", "--code", "b", "--errors")
    #expect(none.errors == "sluice: no row of this run is rejected to this day with code b\n")
  }

  @Test func `--payload exports, as text that may be no JSON`() async {
    await log(row("1", "a"))
    let line = await bench.run("run", "rows", "run-1", "--payload", "-o", "jsonl")
    #expect(line.output.hasSuffix(#""payload":"{\"of\":\"external_id=1\"}"}"# + "\n"))
    let table = await bench.run("run", "rows", "run-1", "--payload")
    #expect(table.output.contains(#"{"of":"external_id=1"}"#))
  }

  @Test func `--group counts by code, the most frequent first`() async {
    await log(
      row("1", "a"),
      row("2", "b"),
      row("3", "b", retryable: false, outcome: "applied"),
      row("4", "b", retryable: false)
    )
    let table = await bench.run("run", "rows", "run-1", "--group")
    #expect(
      table.output == """
        CODE  ROWS  STILL REJECTED  RETRYABLE  MESSAGE
        b        3               2          1  why b
        a        1               1          1  why a

        """
    )
    let lines = await bench.run("run", "rows", "run-1", "--group", "--errors", "-o", "jsonl")
    #expect(
      lines.output == """
        {"code":"b","warning":false,"rows":2,"still_rejected":2,"retryable":1,"message":"why b"}
        {"code":"a","warning":false,"rows":1,"still_rejected":1,"retryable":1,"message":"why a"}

        """
    )
  }

  @Test(arguments: [
    ["run", "rows", "run-1", "--errors", "--warnings"],
    ["run", "rows", "r", "--group", "--payload"],
    ["run", "rows", "r", "--group", "--limit", "2"], ["run", "rows", "r", "--code", ""],
    ["run", "retry"], ["run", "retry", "--code", "a"], ["run", "retry", ""],
    ["run", "retry", "s", "--alias-name", "n"],
    ["run", "retry", "s", "--email", "e", "--phone", "p"],
  ]) func `what does not go together is refused`(_ words: [String]) async {
    let outcome = await bench.run(words)
    #expect(outcome.exit == 2, "\(words): \(outcome.errors)")
  }

  @Test func `a retry adds up its portions and ends with 0 when nothing is left`() async {
    await log()
    bench.writer.state.withLock { state in
      state.retried = [
        RetriedRows(applied: 2, superseded: 1), RetriedRows(applied: 3, unchanged: 1),
      ]
    }
    let outcome = await bench.run(
      ["run", "retry", "--run", "run-1", "--code", "a", "--external-id", "7", "-o", "jsonl"]
    )
    #expect(outcome.exit == 0)
    #expect(
      outcome.output == #"{"sync":"purchases","run_id":"run-1","applied":5,"unchanged":1,"#
        + #""superseded":1,"skipped":0,"rejected":0,"warnings":0,"not_kept":0,"unreadable":0}"#
        + "\n"
    )
    #expect(
      outcome.errors == "sluice: 7 rows retried: 5 applied, 1 unchanged, 1 superseded\n"
    )
    #expect(
      bench.writer.state.withLock { $0.lastRetry }
        == RetryRowsRequest(
          workspace: "default",
          sync: "purchases",
          runId: "run-1",
          code: "a",
          externalId: "7"
        )
    )
  }

  @Test func `rows that are still rejected end with 3`() async {
    await log()
    bench.writer.state.withLock { $0.retried = [RetriedRows(applied: 1, rejected: 2)] }
    let rejected = await bench.run("run", "retry", "purchases", "-o", "name")
    #expect(rejected.exit == 3)
    #expect(rejected.output == "purchases\n")
    #expect(
      rejected.errors == """
        sluice: 3 rows retried: 1 applied, 2 rejected
        sluice: 2 rows are still rejected (rows_rejected)
        sluice: hint: see why with: sluice run rows RUN --errors

        """
    )
    bench.writer.state.withLock { $0.retried = [RetriedRows(notKept: 1)] }
    let notKept = await bench.run("run", "retry", "purchases")
    #expect(notKept.exit == 3)
    #expect(notKept.errors.contains("SLUICE_ROW_KEY_FILE"))
    bench.writer.state.withLock { $0.retried = [] }
    let none = await bench.run("run", "retry", "purchases")
    #expect(none.exit == 0)
    #expect(none.errors == "sluice: nothing to retry: no such row is rejected\n")
  }

  @Test func `a retry that fails says what is done already`() async {
    await log()
    bench.writer.state.withLock { state in
      state.retried = [RetriedRows(applied: 4, unreadable: 1)]
      state.retryFailure = RPCError(
        .failedPrecondition,
        "1 row is sealed with another key than that of SLUICE_ROW_KEY_FILE",
        reason: "row_key_wrong"
      )
    }
    let outcome = await bench.run("run", "retry", "purchases")
    #expect(outcome.exit == 1)
    #expect(outcome.output == "")
    #expect(
      outcome.errors.hasPrefix("sluice: 5 rows retried: 4 applied, 1 unreadable\nsluice: 1 row")
    )
  }

  @Test func `the sync and the run must be there, and go together`() async {
    await log()
    #expect(await bench.run("run", "retry", "nobody").exit == 5)
    #expect(await bench.run("run", "retry", "--run", "nobody").exit == 5)
    let other = await bench.run("run", "retry", "another", "--run", "run-1")
    #expect(other.exit == 2)
    #expect(other.errors.contains(#"run run-1 is of sync "purchases", not of "another""#))
    bench.set { $0.role = "orchestrator" }
    #expect(await bench.run("run", "retry", "purchases").exit == 4)
  }
}
