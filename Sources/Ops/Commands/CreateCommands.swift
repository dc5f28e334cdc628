import ArgumentParser
import OrchestratorAPI
import RPC

/// As a `kind: Source` document of `apply`.
struct SourceCreate: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Makes a source, or changes it: the same as apply with a kind: Source."
  )
  @Argument(help: "The source's name.") var name: String
  @Option(help: "What it is, such as postgresql or sqlite.") var type: String
  @Option(name: .customLong("set"), help: "A setting, such as host=127.0.0.1; may be repeated.")
  var settings: [String] = []
  @Option(help: "The name of a credential in the vault.") var credential = ""
  @OptionGroup var options: GlobalOptions

  func validate() throws { _ = try parsedSettings() }

  func run(in session: Session) async throws -> ExitStatus {
    let manifest = SourceManifest(
      name: name,
      type: type,
      settings: try parsedSettings(),
      credential: credential
    )
    let change = try await session.put(manifest)
    try session.showCreated("source", name, change)
    if change != "unchanged" { session.hint("test it with: sluice source test \(name)") }
    return .ok
  }

  private func parsedSettings() throws -> [String: String] {
    var parsed: [String: String] = [:]
    for setting in settings {
      // A value may hold an equals sign; a name does not.
      guard let mark = setting.firstIndex(of: "="), mark > setting.startIndex else {
        throw ValidationError(
          "--set must be NAME=VALUE, such as host=127.0.0.1, not \"\(setting)\""
        )
      }
      let name = String(setting[..<mark])
      guard parsed.updateValue(String(setting[setting.index(after: mark)...]), forKey: name) == nil
      else { throw ValidationError("--set \(name) stands twice") }
    }
    return parsed
  }
}

/// As a `kind: Sync` document of `apply`, without the options that only few need.
struct SyncCreate: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Makes a sync, or changes it: the same as apply with a kind: Sync.",
    discussion: "What is not given has its default, also where the sync had something else before."
  )
  @Argument(help: "The sync's name.") var name: String
  @Option(help: "The name of a source.") var source: String
  @Option(help: "The table or view to read.") var table: String?
  @Option(help: "Instead: one SELECT.") var query: String?
  @Option(help: "What its rows are: attributes, events, purchases or deletes.") var data: String
  @Option(help: "Where they go.") var destination = "profiles"
  @Option(help: "How often it runs, such as 15m, 6h or 1mo; by hand only without it.")
  var every: String?
  @Option(help: "Instead: five fields, such as \"0 3 * * *\".") var cron: String?
  @Option(help: "The schedule's time zone, such as Europe/Berlin.") var timeZone = ""
  @Option(name: .customLong("contact"), help: "A mail address for alerts; may be repeated.")
  var contacts: [String] = []
  @Option(help: "How far each run reads back, such as 10m.") var overlap: String?
  @Flag(help: "Rows of unknown users make no profile.") var updateExistingOnly = false
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard [table, query].compactMap({ $0 }).filter({ !$0.isEmpty }).count == 1 else {
      throw ValidationError("a sync needs --table (a table or view) or --query (one SELECT)")
    }
    guard SyncManifest.dataTypes.contains(data) else {
      throw ValidationError(
        "--data must be one of \(SyncManifest.dataTypes.joined(separator: ", ")), not \"\(data)\""
      )
    }
    guard every == nil || cron == nil else { throw ValidationError("--every or --cron, not both") }
    _ = try overlapNanoseconds()
  }

  func run(in session: Session) async throws -> ExitStatus {
    var syncOptions = SyncOptions(updateExistingOnly: updateExistingOnly)
    syncOptions.overlapNs = try overlapNanoseconds()
    let schedule =
      every.map { "every \($0)" }
      ?? cron.map { "cron " + $0.split(separator: " ").joined(separator: " ") } ?? "manual"
    let manifest = SyncManifest(
      name: name,
      source: source,
      table: table ?? "",
      query: query ?? "",
      data: data,
      destination: destination,
      schedule: schedule,
      timeZone: timeZone,
      contacts: contacts,
      options: syncOptions
    )
    let change = try await session.put(manifest)
    try session.showCreated("sync", name, change)
    if change != "unchanged" {
      session.hint("test it with: sluice sync test \(name); then: sluice sync activate \(name)")
    }
    return .ok
  }

  private func overlapNanoseconds() throws -> Int64? {
    guard let overlap else { return nil }
    if overlap == "0" { return 0 }
    guard let nanoseconds = DurationText.nanoseconds(overlap) else {
      throw ValidationError("--overlap must be \(DurationText.explanation)")
    }
    return nanoseconds
  }
}

extension Session {
  /// As a line of `apply`.
  fileprivate func showCreated(_ kind: String, _ name: String, _ change: String) throws {
    try printer().show(
      Record(
        name: name,
        fields: ["kind": .text(kind), "name": .text(name), "change": .text(change)]
      )
    )
  }
}
