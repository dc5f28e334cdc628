import OrchestratorAPI
import Synchronization
import Testing

@testable import Ops

@Suite struct DryRunCommandTests {
  private let bench = CommandBench()

  private func answer(_ status: RunStatus, read: Int64 = 2, rejected: Int64 = 0) {
    let run = Run(
      runId: "dry-1",
      sync: "purchases",
      status: status,
      rowsRead: read,
      applied: read - rejected,
      rejected: rejected,
      errorCode: status == .cancelled ? "cancelled" : "",
      errorMessage: status == .cancelled ? "the dry run was cancelled; it changed nothing" : "",
      warnings: ["w"],
      dryRun: true
    )
    let difference = RowDifference(
      identifier: "external_id=1",
      updatedAt: 1_704_067_200_000_000_000,
      outcome: "applied",
      createsProfile: true,
      attributes: [ChangedAttribute(name: "a", oldValue: nil, newValue: "1")],
      warnings: ["left out"]
    )
    bench.orchestrator.state.withLock { state in
      state.dryRun = [
        DryRunEvent(run: Run(status: .running, dryRun: true)),
        DryRunEvent(run: run, differences: [difference]),
      ]
    }
  }

  @Test func `counts and differences are printed, and nothing was changed`() async {
    answer(.success)
    let table = await bench.run("sync", "run", "purchases", "--dry-run", "--wait")
    #expect(table.exit == 0)
    #expect(table.output.contains("dry_run          yes"))
    #expect(
      table.output.hasSuffix(
        """
        the first difference:
          external_id=1  2024-01-01T00:00:00Z  applied
            creates the profile
            a: unset -> 1
            warning: left out

        """
      )
    )
    #expect(table.errors.contains("dry run: 2 rows read: 2 applied; nothing was changed"))
    #expect(table.errors.contains("warning: w"))
    let json = await bench.run(
      "sync",
      "run",
      "purchases",
      "--dry-run",
      "--differences",
      "7",
      "-o",
      "jsonl"
    )
    #expect(json.output.contains(#""dry_run":true,"differences":[{"identifier":"external_id=1""#))
    #expect(
      json.output.contains(#""attributes":[{"name":"a","old_value":null,"new_value":"1""#)
    )
    let request = bench.orchestrator.state.withLock { $0.lastDryRun }
    #expect(request?.name == "purchases" && request?.differenceLimit == 7)
  }

  @Test func `the exit code is that of the run that would be`() async {
    answer(.partial, rejected: 1)
    let partial = await bench.run("sync", "run", "purchases", "--dry-run")
    #expect(partial.exit == 3)
    #expect(partial.errors.contains("1 of 2 rows would be rejected"))
    answer(.cancelled)
    #expect(await bench.run("sync", "run", "purchases", "--dry-run").exit == 1)
    #expect(
      await bench.run("sync", "run", "purchases", "--dry-run", "--differences", "51").exit == 2
    )
  }

  @Test func `giving up ends it and says that nothing was changed`() async {
    bench.orchestrator.state.withLock { $0.watchHangs = true }
    let late = await bench.run("sync", "run", "purchases", "--dry-run", "--timeout", "1s")
    #expect(late.exit == 7)
    #expect(late.errors.contains("changed nothing"))
    bench.orchestrator.state.withLock { $0.runs = [] }
    bench.set { $0.interrupts = true }
    let interrupted = await bench.run("sync", "run", "purchases", "--dry-run")
    #expect(interrupted.exit == 130)
    #expect(interrupted.errors.contains("changed nothing"))
  }
}
