import OrchestratorAPI
import RPC

extension Session {
  /// Waits for a run's end, prints the run and answers the exit code of its status.
  ///
  /// Giving up waiting (`--timeout`, Ctrl-C) never touches the run; the user is told so.
  func follow(_ run: Run, printingChanges: Bool = false) async throws -> ExitStatus {
    let progress = ProgressLine(environment.errors, variables: environment.variables)
    defer { progress.clear() }
    let live = printingChanges ? printer(Record.runColumns, isLive: true) : nil
    let last: Run
    do {
      last = try await watching(run) { latest in
        try live?.add(Record(latest))
        progress.show(latest)
      }
    } catch {
      progress.clear()
      throw stoppedWaiting(for: run, error)
    }
    progress.clear()
    guard last.hasEnded else {
      throw CommandFailure(
        "the orchestrator ended the watch of run \(run.runId) before the run ended",
        hint: "watch it again with: sluice run watch \(run.runId)",
        code: "watch_ended",
        exit: .unreachable
      )
    }
    if live == nil { try printer().show(Record(last)) }
    return try conclude(last)
  }

  /// Watches a run to its end; an orchestrator that goes away is looked for again for a while, as it
  /// may be started again.
  private func watching(_ run: Run, _ changed: (Run) throws -> Void) async throws -> Run {
    let clock = ContinuousClock()
    let deadline = options.timeout.map { clock.now + $0 }
    var lostSince: ContinuousClock.Instant?
    while true {
      let call = CallOptions(timeout: deadline.map { max(.milliseconds(1), $0 - clock.now) })
      do {
        return try await calling(.orchestrator) {
          try await links.orchestrator().watchRun(
            WatchRunRequest(workspace: try workspace(), runId: run.runId),
            options: call
          ) { runs in
            var latest = run
            while let next = try await runs.next() {
              latest = next
              lostSince = nil
              try changed(latest)
            }
            return latest
          }
        }
      } catch let failure as CommandFailure where failure.exit == .unreachable {
        let now = clock.now
        if lostSince == nil { say("lost the orchestrator; looking for it again") }
        let since = lostSince ?? now
        lostSince = since
        guard now - since < Self.patienceWithLoss else { throw failure }
        try await Task.sleep(for: .milliseconds(250))
      }
    }
  }

  private static let patienceWithLoss = Duration.seconds(20)

  private func stoppedWaiting(for run: Run, _ error: any Error) -> any Error {
    let hint = "the run goes on; watch it with: sluice run watch \(run.runId)"
    if Task.isCancelled {
      return CommandFailure(
        "no longer waiting for run \(run.runId)",
        hint: hint,
        exit: .interrupted
      )
    }
    guard var failure = error as? CommandFailure else { return error }
    if failure.exit == .timedOut {
      failure.messages = ["run \(run.runId) has not ended yet"]
      failure.hint = hint
    } else if failure.exit == .unreachable {
      failure.hint = "the run may go on; look with: sluice run show \(run.runId)"
    }
    return failure
  }

  private func conclude(_ run: Run) throws -> ExitStatus {
    for warning in run.warnings { say("warning: \(warning)") }
    let exit = run.exitStatus
    switch exit {
    case .ok:
      say("run \(run.runId): \(run.summary)")
      return .ok
    case .rejectedRows:
      say("run \(run.runId): \(run.summary)")
      throw CommandFailure(
        "\(grouped(run.rejected)) of \(grouped(run.rowsRead)) rows were rejected",
        hint: "see why with: sluice run rows \(run.runId) --errors",
        code: "rows_rejected",
        exit: exit
      )
    default:
      let message = run.errorMessage.isEmpty ? "it ended as \(run.statusName)" : run.errorMessage
      throw CommandFailure(
        "sync \"\(run.sync)\", run \(run.runId): \(message)",
        hint: run.status == .configError
          ? "correct the configuration, then: sluice sync test \(run.sync)" : nil,
        code: run.errorCode.isEmpty ? run.statusName : run.errorCode,
        exit: exit
      )
    }
  }
}
