import ArgumentParser
import OrchestratorAPI
import RPC

struct SyncNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync",
    abstract: "What is read from where, and how often.",
    subcommands: [
      SyncList.self, SyncShow.self, SyncCreate.self, SyncTest.self, SyncActivate.self,
      SyncPause.self, SyncRun.self, SyncDelete.self,
    ]
  )
}

struct SyncList: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the syncs."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let printer = session.printer(Record.syncColumns)
    let request = ListSyncsRequest(workspace: try session.workspace())
    try await session.calling(.orchestrator) {
      try await session.links.orchestrator().listSyncs(request, options: session.callOptions) {
        while let sync = try await $0.next() { try printer.add(Record(sync)) }
      }
    }
    try printer.finish()
    if printer.isEmpty { session.hint("none yet; make one with: sluice apply -f FILE") }
    return .ok
  }
}

struct SyncShow: SessionCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows a sync.")
  @Argument(help: "The sync's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetSyncRequest(workspace: try session.workspace(), name: name)
    let sync = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getSync(request, options: session.callOptions)
    }
    try session.printer().show(Record(sync))
    return .ok
  }
}

struct SyncTest: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Connects, checks the columns and shows rows; a success allows activation."
  )
  @Argument(help: "The sync's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = TestSyncRequest(workspace: try session.workspace(), name: name)
    let report = try await session.calling(.orchestrator, name) {
      try await session.links.orchestrator().testSync(request, options: session.longCallOptions) {
        try await session.report(of: $0)
      }
    }
    return try session.show(report, name: name, what: "sync")
  }
}

struct SyncActivate: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "activate",
    abstract: "Lets a sync run, once its test has succeeded."
  )
  @Argument(help: "The sync's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = ActivateSyncRequest(workspace: try session.workspace(), name: name)
    let sync = try await session.calling(.orchestrator, name) {
      try await session.links.orchestrator().activateSync(request, options: session.callOptions)
    }
    try session.showState(of: sync)
    session.hint("run it with: sluice sync run \(name) --wait")
    return .ok
  }
}

struct SyncPause: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Keeps a sync from running until it is activated again."
  )
  @Argument(help: "The sync's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = PauseSyncRequest(workspace: try session.workspace(), name: name)
    let sync = try await session.calling(.orchestrator, name) {
      try await session.links.orchestrator().pauseSync(request, options: session.callOptions)
    }
    try session.showState(of: sync)
    return .ok
  }
}

struct SyncRun: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Starts a run now.",
    discussion: """
      With --wait it ends with the run: 0 success, 3 rows were rejected, 1 failure.
      --dry-run reads, validates and resolves everything, changes nothing, and prints the counts
      and the first differences. It always waits, works for any sync that is tested, and is not
      recorded; each batch is held against the profiles as they are now.
      """
  )
  @Argument(help: "The sync's name.") var name: String
  @Flag(help: "Wait for the run's end (at most --timeout), showing how far it is.")
  var wait = false
  @Flag(help: "Change nothing: say what a run would do.") var dryRun = false
  @Option(help: "How many differences a dry run prints, up to 50.") var differences: UInt32 = 10
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard (1...50).contains(differences) else {
      throw ValidationError("--differences must be from 1 to 50, not \(differences)")
    }
  }

  func run(in session: Session) async throws -> ExitStatus {
    if dryRun { return try await session.dryRun(name, differences: differences) }
    let request = RunSyncRequest(workspace: try session.workspace(), name: name)
    let run = try await session.calling(.orchestrator, name) {
      try await session.links.orchestrator().runSync(request, options: session.callOptions)
    }
    guard wait else {
      try session.printer().show(Record(run))
      session.hint("watch it with: sluice run watch \(run.runId)")
      return .ok
    }
    return try await session.follow(run)
  }
}

struct SyncDelete: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Removes a sync that is not active, with its runs; what it applied stays."
  )
  @Argument(help: "The sync's name.") var name: String
  @Flag(help: "Yes, remove it.") var yes = false
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    try session.confirm(yes, "removes sync \"\(name)\" and the record of its runs")
    let request = DeleteSyncRequest(workspace: try session.workspace(), name: name)
    _ = try await session.calling(.orchestrator, name) {
      try await session.links.orchestrator().deleteSync(request, options: session.callOptions)
    }
    session.say("sync \"\(name)\" deleted")
    return .ok
  }
}

extension Session {
  /// For people one line, for programs the whole sync.
  fileprivate func showState(of sync: Sync) throws {
    guard options.output == .table else { return try printer().show(Record(sync)) }
    try environment.output.write(
      "sync \"\(TerminalText.safe(sync.name))\" is \(sync.state.name ?? "unknown")\n"
    )
    try environment.output.flush()
  }
}
