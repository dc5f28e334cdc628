import ArgumentParser

/// `sluice <noun> <verb>` (design, section 6).
struct Sluice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Reads rows from a data warehouse and applies them to user profiles.",
    discussion: """
      sluice dev                        start everything on this machine
      sluice apply -f shop.yaml         make credentials, sources and syncs
      sluice sync test purchases        look whether it can work
      sluice sync activate purchases
      sluice sync run purchases --wait
      sluice profile show --external-id 42

      Data goes to standard output, everything else to standard error.
      Exit codes: 0 ok, 1 failure, 2 usage, 3 finished with rejected rows,
      4 not authorised, 5 not found, 6 conflict or already running,
      7 timed out waiting, 8 unreachable, 130 interrupted.
      """,
    subcommands: [
      Apply.self, CredentialNoun.self, SourceNoun.self, SyncNoun.self, RunNoun.self,
      CursorNoun.self, RowNoun.self, ProfileNoun.self, AlertNoun.self, VaultNoun.self,
      AuditNoun.self,
      StatusCommand.self, Setup.self,
      HealthCommand.self, Dev.self, ContextNoun.self, CertificatesNoun.self, Completion.self,
      Version.self,
    ] + NotBuilt.nouns
  )
}
