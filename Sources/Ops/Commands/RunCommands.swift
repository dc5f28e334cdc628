import ArgumentParser
import OrchestratorAPI
import RPC

struct RunNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "What the syncs did.",
    subcommands: [
      RunList.self, RunShow.self, RunWatch.self, RunCancel.self, RunRows.self, RunRetry.self,
    ]
  )
}

struct RunList: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists runs, newest first."
  )
  @Argument(help: "Only this sync's.") var sync: String?
  @Option(help: "How many at most, up to 1000.") var limit: UInt32 = 50
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard (1...1000).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 1000, not \(limit)")
    }
  }

  func run(in session: Session) async throws -> ExitStatus {
    let printer = session.printer(Record.runColumns)
    let request = ListRunsRequest(
      workspace: try session.workspace(),
      sync: sync ?? "",
      limit: limit
    )
    try await session.calling(.orchestrator) {
      try await session.links.orchestrator().listRuns(request, options: session.callOptions) {
        while let run = try await $0.next() { try printer.add(Record(run)) }
      }
    }
    try printer.finish()
    if printer.isEmpty { session.hint("none yet; start one with: sluice sync run NAME --wait") }
    return .ok
  }
}

struct RunShow: SessionCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows a run.")
  @Argument(help: "The run's id.") var run: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetRunRequest(workspace: try session.workspace(), runId: run)
    let run = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getRun(request, options: session.callOptions)
    }
    try session.printer().show(Record(run))
    return .ok
  }
}

struct RunWatch: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Waits for a run's end, showing how far it is.",
    discussion: "With -o jsonl every change is one line. Exit codes as of sync run --wait."
  )
  @Argument(help: "The run's id.") var run: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetRunRequest(workspace: try session.workspace(), runId: run)
    let run = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getRun(request, options: session.callOptions)
    }
    return try await session.follow(run, printingChanges: options.output == .jsonl)
  }
}

struct RunCancel: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Ends a run; what was receipted stays, and the next run continues there."
  )
  @Argument(help: "The run's id.") var run: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = CancelRunRequest(workspace: try session.workspace(), runId: run)
    let run = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().cancelRun(request, options: session.callOptions)
    }
    try session.printer().show(Record(run))
    return .ok
  }
}
