import ArgumentParser
import OrchestratorAPI
import RPC
import SyncModel

struct SourceNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "source",
    abstract: "Connections to warehouses.",
    subcommands: [
      SourceList.self, SourceShow.self, SourceCreate.self, SourceTest.self, SourceDelete.self,
    ]
  )
}

struct SourceList: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the sources."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let printer = session.printer(Record.sourceColumns)
    let request = ListSourcesRequest(workspace: try session.workspace())
    try await session.calling(.orchestrator) {
      try await session.links.orchestrator().listSources(request, options: session.callOptions) {
        while let source = try await $0.next() { try printer.add(Record(source)) }
      }
    }
    try printer.finish()
    if printer.isEmpty { session.hint("none yet; make one with: sluice apply -f FILE") }
    return .ok
  }
}

struct SourceShow: SessionCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows a source.")
  @Argument(help: "The source's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetSourceRequest(workspace: try session.workspace(), name: name)
    let source = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getSource(request, options: session.callOptions)
    }
    try session.printer().show(Record(source))
    return .ok
  }
}

struct SourceTest: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Connects to the warehouse; with --table also checks its columns and shows rows."
  )
  @Argument(help: "The source's name.") var name: String
  @Option(help: "A table or view to look at as well.") var table: String?
  @Option(help: "What its rows are: attributes, events, purchases or deletes.")
  var data: String?
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if let data, !SyncManifest.dataTypes.contains(data) {
      throw ValidationError(
        "--data must be one of \(SyncManifest.dataTypes.joined(separator: ", ")), not \"\(data)\""
      )
    }
    if data != nil, table == nil { throw ValidationError("--data needs --table") }
  }

  func run(in session: Session) async throws -> ExitStatus {
    let request = TestSourceRequest(
      workspace: try session.workspace(),
      name: name,
      table: table ?? "",
      data: table == nil ? .unspecified : OrchestratorAPI.DataType(named: data ?? "attributes")
    )
    let report = try await session.calling(.orchestrator, name) {
      try await session.links.orchestrator().testSource(request, options: session.longCallOptions) {
        try await session.report(of: $0)
      }
    }
    return try session.show(report, name: name, what: "source")
  }
}

struct SourceDelete: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Removes a source that no sync reads from."
  )
  @Argument(help: "The source's name.") var name: String
  @Flag(help: "Yes, remove it.") var yes = false
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    try session.confirm(yes, "removes source \"\(name)\"")
    let request = DeleteSourceRequest(workspace: try session.workspace(), name: name)
    _ = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().deleteSource(request, options: session.callOptions)
    }
    session.say("source \"\(name)\" deleted")
    return .ok
  }
}

extension OrchestratorAPI.DataType {
  /// `unspecified` for a word that is none.
  init(named name: String) {
    self = Self.allCases.first { $0.model?.rawValue == name } ?? .unspecified
  }
}
