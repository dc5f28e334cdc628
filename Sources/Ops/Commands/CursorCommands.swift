import ArgumentParser
import OrchestratorAPI

struct CursorNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cursor",
    abstract: "How far a sync has come.",
    subcommands: [CursorShow.self] + NotBuilt.cursor
  )
}

struct CursorShow: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows up to which UPDATED_AT everything is applied."
  )
  @Argument(help: "The sync's name.") var sync: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetCursorRequest(workspace: try session.workspace(), sync: sync)
    let cursor = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getCursor(request, options: session.callOptions)
    }
    try session.printer().show(
      Record(
        name: cursor.sync,
        fields: [
          "sync": .text(cursor.sync),
          "position": .time(cursor.position),
          // The exact integer that runs start from.
          "position_ns": .integer(orNull: cursor.position),
          "updated_at": .time(orNullIfZero: cursor.updatedAt),
        ]
      )
    )
    return .ok
  }
}
