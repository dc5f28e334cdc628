import ArgumentParser
import OrchestratorAPI
import RPC

struct AlertNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alert",
    abstract: "Mails to the contacts of syncs, and webhooks.",
    subcommands: [AlertTest.self]
  )
}

struct AlertTest: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Sends a mail to a sync's contacts now, and a webhook, whatever is configured."
  )
  @Argument(help: "The sync's name.") var sync: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = TestAlertRequest(workspace: try session.workspace(), sync: sync)
    let response = try await session.calling(.orchestrator, sync) {
      try await session.links.orchestrator().testAlert(request, options: session.callOptions)
    }
    if !response.contacts.isEmpty {
      session.say("a mail was handed over for \(response.contacts.joined(separator: ", "))")
    }
    if response.webhook { session.say("the webhook was taken") }
    return .ok
  }
}
