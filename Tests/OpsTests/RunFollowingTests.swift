import OrchestratorAPI
import Synchronization
import Testing
import WriterAPI

@testable import Ops

/// `sync run --wait` and `run watch`: how they end, and that they never touch the run.
@Suite struct RunFollowingTests {
  private let bench = CommandBench()

  init() { bench.orchestrator.addActiveSync() }

  private func script(_ runs: Run...) { bench.orchestrator.state.withLock { $0.script = runs } }

  private func ended(_ status: RunStatus, read: Int64 = 10, rejected: Int64 = 0) -> Run {
    Run(
      status: status,
      trigger: "manual",
      phase: "finished",
      rowsRead: read,
      applied: read - rejected,
      rejected: rejected,
      rowsReported: read,
      cursor: 1_704_067_200_000_000_000,
      startedAt: 1_704_067_200_000_000_000,
      finishedAt: 1_704_067_201_500_000_000,
      warnings: [],
      bytesRead: 1234
    )
  }

  @Test func `a run that succeeded is printed with every count of decision 6`() async {
    script(Run(status: .running, phase: "reading", rowsRead: 5), ended(.success))
    let outcome = await bench.run("sync", "run", "purchases", "--wait", "-o", "json")
    #expect(outcome.exit == 0)
    #expect(
      outcome.output == """
        {
          "run_id": "run-1",
          "workspace": "",
          "sync": "purchases",
          "status": "success",
          "trigger": "manual",
          "phase": "finished",
          "rows_read": 10,
          "applied": 10,
          "unchanged": 0,
          "already_applied": 0,
          "superseded": 0,
          "skipped": 0,
          "rejected": 0,
          "rows_reported": 10,
          "cursor": "2024-01-01T00:00:00Z",
          "started_at": "2024-01-01T00:00:00Z",
          "finished_at": "2024-01-01T00:00:01.5Z",
          "error_code": null,
          "error_message": null,
          "warnings": [],
          "bytes_read": 1234,
          "scheduled_for": null,
          "progress_at": null,
          "dry_run": false
        }

        """
    )
    #expect(outcome.errors == "sluice: run run-1: 10 rows read: 10 applied\n")
  }

  @Test(arguments: [
    (RunStatus.success, Int64(10), Int64(0), Int32(0)), (.partial, 10, 2, 3), (.error, 10, 10, 3),
    (.error, 10, 0, 1), (.error, 0, 0, 1), (.configError, 0, 0, 1), (.limitExceeded, 10, 0, 1),
    (.cancelled, 10, 0, 1),
  ]) func `the exit code is the run's`(
    _ status: RunStatus,
    _ read: Int64,
    _ rejected: Int64,
    _ exit: Int32
  ) async {
    script(ended(status, read: read, rejected: rejected))
    let outcome = await bench.run("sync", "run", "purchases", "--wait")
    #expect(outcome.exit == exit)
    #expect(outcome.output.contains("rows_read        \(read)\n"))
  }

  @Test func `rejected rows end with where to read why`() async {
    script(ended(.partial, read: 1000, rejected: 2))
    bench.writer.state.withLock { state in
      state.rejected = [
        RejectedRow(
          runId: "run-1",
          batchNumber: 1,
          rowIndex: 7,
          updatedAt: 1_704_067_200_000_000_000,
          identifier: "external_id=42",
          code: "payload_not_object",
          message: "PAYLOAD is a list; it must be an object",
          rejectedAt: 0
        )
      ]
    }
    let outcome = await bench.run("sync", "run", "purchases", "--wait", "-o", "name")
    #expect(outcome.output == "run-1\n")
    #expect(
      outcome.errors == """
        sluice: run run-1: 1,000 rows read: 998 applied, 2 rejected
        sluice: 2 of 1,000 rows were rejected (rows_rejected)
        sluice: hint: see why with: sluice run rows run-1 --errors

        """
    )
    let rows = await bench.run("run", "rows", "run-1", "--errors")
    #expect(
      rows.output == """
        IDENTIFIER      UPDATED_AT            CODE                MESSAGE
        external_id=42  2024-01-01T00:00:00Z  payload_not_object  PAYLOAD is a list; it must be an object

        """
    )
  }

  @Test func `a configuration that cannot work says what to do`() async {
    var run = ended(.configError, read: 0)
    run.errorCode = "wrong_password"
    run.errorMessage = "the password of credential \"shop-db\" is not accepted"
    script(run)
    let outcome = await bench.run("sync", "run", "purchases", "--wait", "-o", "name")
    #expect(
      outcome.errors == """
        sluice: sync "purchases", run run-1: the password of credential "shop-db" is not accepted (wrong_password)
        sluice: hint: correct the configuration, then: sluice sync test purchases

        """
    )
  }

  @Test func `without --wait it answers at once`() async {
    let outcome = await bench.run("sync", "run", "purchases", "-o", "name")
    #expect(outcome.exit == 0)
    #expect(outcome.output == "run-1\n")
    #expect(outcome.errors == "sluice: hint: watch it with: sluice run watch run-1\n")
  }

  @Test func `giving up waiting is exit code 7 and leaves the run alone`() async {
    bench.orchestrator.state.withLock { $0.watchHangs = true }
    let outcome = await bench.run(
      "sync",
      "run",
      "purchases",
      "--wait",
      "--timeout",
      "1s",
      "-o",
      "json"
    )
    #expect(outcome.exit == 7)
    #expect(outcome.output == "")
    #expect(
      outcome.errors == """
        sluice: run run-1 has not ended yet (timed_out)
        sluice: hint: the run goes on; watch it with: sluice run watch run-1

        """
    )
    #expect(bench.orchestrator.state.withLock { $0.runs[0].status } == .running)
  }

  @Test func `Ctrl-C is exit code 130 and says that the run goes on`() async {
    bench.orchestrator.state.withLock { $0.watchHangs = true }
    bench.set { $0.interrupts = true }
    let outcome = await bench.run("sync", "run", "purchases", "--wait")
    #expect(outcome.exit == 130)
    #expect(
      outcome.errors == """
        sluice: no longer waiting for run run-1
        sluice: hint: the run goes on; watch it with: sluice run watch run-1

        """
    )
  }

  @Test func `an orchestrator that is started again is found again`() async {
    script(Run(status: .running, phase: "reading", rowsRead: 5), ended(.success))
    bench.orchestrator.state.withLock { $0.lostWatches = 2 }
    let outcome = await bench.run("sync", "run", "purchases", "--wait", "-o", "name")
    #expect(outcome.exit == 0)
    #expect(outcome.errors.hasPrefix("sluice: lost the orchestrator; looking for it again\n"))
    #expect(outcome.errors.hasSuffix("sluice: run run-1: 10 rows read: 10 applied\n"))
  }

  @Test func `a watch as JSON lines has a line for every change`() async {
    _ = await bench.run("sync", "run", "purchases")
    script(
      Run(status: .running, phase: "reading", rowsRead: 5),
      Run(status: .running, phase: "reading", rowsRead: 9),
      ended(.success)
    )
    let outcome = await bench.run("run", "watch", "run-1", "-o", "jsonl")
    #expect(outcome.output.split(separator: "\n").count == 3)
    #expect(await bench.run("run", "watch", "run-2").exit == 5)
  }

  @Test func `progress is for terminals only, and colours are not for everybody`() async {
    let steps = [
      Run(status: .running, phase: "reading", rowsRead: 5_000, rejected: 3), ended(.success),
    ]
    bench.orchestrator.state.withLock { $0.script = steps }
    let plain = await bench.run("sync", "run", "purchases", "--wait", "-o", "name")
    #expect(!plain.errors.contains("\u{1B}"))
    bench.set { $0.errorsIsTerminal = true }
    bench.orchestrator.state.withLock { $0.runs = [] }
    let shown = await bench.run("sync", "run", "purchases", "--wait", "-o", "name")
    #expect(shown.errors.contains("\r\u{1B}[K\u{1B}[1mreading\u{1B}[0m  5,000 rows  3 rejected"))
    #expect(shown.errors.hasSuffix("\r\u{1B}[Ksluice: run run-1: 10 rows read: 10 applied\n"))
    bench.set { $0.variables["NO_COLOR"] = "1" }
    bench.orchestrator.state.withLock { $0.runs = [] }
    let colourless = await bench.run("sync", "run", "purchases", "--wait", "-o", "name")
    #expect(!colourless.errors.contains("\u{1B}[1m"))
  }
}
