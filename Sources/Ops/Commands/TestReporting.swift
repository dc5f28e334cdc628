import OrchestratorAPI
import RPC

extension Session {
  /// Says each step as it comes and answers the report at the end.
  func report(of events: RPCReader<TestEvent>) async throws -> TestReport {
    var report: TestReport?
    while let event = try await events.next() {
      if !event.progress.isEmpty { say(event.progress) }
      report = event.report ?? report
    }
    guard let report else {
      throw CommandFailure(
        "the orchestrator ended the test without a report",
        code: "no_report",
        exit: .failure
      )
    }
    return report
  }

  func show(_ report: TestReport, name: String, what: String) throws -> ExitStatus {
    if options.output == .table {
      try environment.output.write(report.tableText)
    } else {
      try printer().show(Record(report, name: name))
    }
    try environment.output.flush()
    for warning in report.warnings { say("warning: \(warning)") }
    guard !report.ok else { return .ok }
    throw CommandFailure(
      "\(what) \"\(name)\": \(report.errorMessage)",
      code: report.errorCode,
      exit: .failure
    )
  }
}
