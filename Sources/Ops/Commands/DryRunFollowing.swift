import OrchestratorAPI
import RPC

extension Session {
  /// Carries out a dry run as long as the command lives, and prints its counts and first differences.
  ///
  /// It is not recorded, so nothing can be waited for later: giving up (`--timeout`, Ctrl-C) ends it.
  func dryRun(_ name: String, differences: UInt32) async throws -> ExitStatus {
    let progress = ProgressLine(environment.errors, variables: environment.variables)
    defer { progress.clear() }
    let request = DryRunSyncRequest(
      workspace: try workspace(),
      name: name,
      differenceLimit: differences
    )
    let last: DryRunEvent?
    do {
      last = try await calling(.orchestrator, name) {
        try await links.orchestrator().dryRunSync(request, options: longCallOptions) { events in
          var last: DryRunEvent?
          while let event = try await events.next() {
            if let run = event.run { progress.show(run) }
            last = event
          }
          return last
        }
      }
    } catch {
      progress.clear()
      throw gaveUp(error)
    }
    progress.clear()
    guard let last, let run = last.run, run.hasEnded else {
      throw CommandFailure(
        "the orchestrator ended the dry run before its end; it changed nothing",
        code: "watch_ended",
        exit: .unreachable
      )
    }
    try show(run, last.differences)
    return try conclude(dry: run)
  }

  private func gaveUp(_ error: any Error) -> any Error {
    if Task.isCancelled {
      return CommandFailure(
        "the dry run was ended; it changed nothing",
        code: "cancelled",
        exit: .interrupted
      )
    }
    guard var failure = error as? CommandFailure, failure.exit == .timedOut else { return error }
    failure.messages = ["the dry run took longer than --timeout and was ended; it changed nothing"]
    failure.hint = "give it longer with: --timeout 1h"
    return failure
  }

  private func show(_ run: Run, _ differences: [RowDifference]) throws {
    var record = Record(run)
    guard options.output == .table else {
      record.fields.append("differences", .list(differences.map { .object($0.fields) }))
      return try printer().show(record)
    }
    var text = TableRenderer.details(record.fields)
    if !differences.isEmpty {
      text +=
        "\nthe first \(differences.count == 1 ? "difference" : "\(differences.count) differences"):\n"
      for difference in differences { text += difference.tableText }
    }
    try environment.output.write(text)
    try environment.output.flush()
  }

  private func conclude(dry run: Run) throws -> ExitStatus {
    for warning in run.warnings { say("warning: \(warning)") }
    let exit = run.exitStatus
    if exit == .ok || exit == .rejectedRows { say("dry run: \(run.summary); nothing was changed") }
    switch exit {
    case .ok: return .ok
    case .rejectedRows:
      throw CommandFailure(
        "\(grouped(run.rejected)) of \(grouped(run.rowsRead)) rows would be rejected",
        code: "rows_rejected",
        exit: exit
      )
    default:
      throw CommandFailure(
        "sync \"\(run.sync)\", dry run: "
          + (run.errorMessage.isEmpty ? "it ended as \(run.statusName)" : run.errorMessage),
        hint: run.status == .configError
          ? "correct the configuration, then: sluice sync test \(run.sync)" : nil,
        code: run.errorCode.isEmpty ? run.statusName : run.errorCode,
        exit: exit
      )
    }
  }
}
