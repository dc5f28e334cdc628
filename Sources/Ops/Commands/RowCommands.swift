import ArgumentParser
import OrchestratorAPI
import RPC

struct RowNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "row",
    abstract: "What became of a user's rows.",
    subcommands: [RowExplain.self]
  )
}

struct RowExplain: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Says why a user was or was not updated.",
    discussion: """
      Looks at the user's rows in the source as they are now, whatever the cursor. Reasons:
      applied, already_applied, unchanged, superseded, rejected, skipped, waiting (the next run
      takes it), before_cursor (committed late with an old UPDATED_AT), no_updated_at,
      not_in_source.
      """
  )
  @Argument(help: "The sync's name.") var sync: String
  @OptionGroup var user: UserOptions
  @Option(help: "How many rows at most, the newest, up to 50.") var limit: UInt32 = 10
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    try user.check("the user")
    guard (1...50).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 50, not \(limit)")
    }
  }

  func run(in session: Session) async throws -> ExitStatus {
    let request = ExplainRowRequest(
      workspace: try session.workspace(),
      sync: sync,
      externalId: user.externalId ?? "",
      aliasName: user.aliasName ?? "",
      aliasLabel: user.aliasLabel ?? "",
      brazeId: user.brazeId ?? "",
      email: user.email ?? "",
      phone: user.phone ?? "",
      limit: limit
    )
    let answer = try await session.calling(.orchestrator, sync) {
      try await session.links.orchestrator().explainRow(request, options: session.longCallOptions)
    }
    if options.output == .table {
      try session.environment.output.write(answer.tableText)
      try session.environment.output.flush()
    } else {
      try session.printer().show(Record(answer))
    }
    if answer.more {
      session.hint("the source has more rows of this user; see them with: --limit 50")
    }
    return .ok
  }
}
