import ArgumentParser
import RPC
import VaultAPI

struct AuditNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Who did what with which secret.",
    subcommands: [AuditList.self, AuditVerify.self]
  )
}

struct AuditList: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the vault's audit log, the oldest entry first.",
    discussion: """
      With --secret-file it lists the entries about that very secret: where one that leaked had gone.
      """
  )
  @Option(help: "Only entries after this number.") var after: UInt64 = 0
  @Option(help: "At most as many.") var limit: UInt64 = 0
  @Option(help: "Only entries of this credential of the workspace.") var credential: String?
  @Option(help: "The file of a secret, or - for standard input.") var secretFile: String?
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    var secrets = SecretFile(standardInput: session.environment.readStandardInput)
    let request = ListAuditRequest(
      after: after,
      limit: limit,
      workspace: try credential == nil ? "" : session.workspace(),
      name: credential ?? "",
      secret: try secretFile.map {
        try secrets.read($0, relativeTo: "", owner: "the search").bytes
      } ?? []
    )
    let printer = session.printer(Record.auditColumns)
    try await session.calling(.vault) {
      try await session.links.vaultOperations().listAudit(
        request,
        options: session.longCallOptions
      ) { while let entry = try await $0.next() { try printer.add(Record(entry)) } }
    }
    try printer.finish()
    return .ok
  }
}

struct AuditVerify: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks that no entry of the audit log was changed, removed or slipped in."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus { try await session.verifyVault() }
}
