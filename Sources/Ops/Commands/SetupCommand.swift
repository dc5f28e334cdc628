import ArgumentParser
import OrchestratorAPI
import RPC

/// `sluice setup snowflake shop`: what to paste at the warehouse.
struct Setup: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup",
    abstract: "Prints the statements that set a warehouse up for a source, filled in.",
    discussion: """
      sluice setup snowflake shop                     for a source that is there
      sluice setup snowflake shop --check --table T   looks how far it is
      sluice setup snowflake --credential snow --setting account=myorg-acct \\
        --setting database=CDI --setting warehouse=WH --setting role=LOADER
      """
  )
  @Argument(help: "The source's type, such as snowflake.") var type: String
  @Argument(help: "The source's name; without it, --setting says what it will be.")
  var source: String?
  @Option(help: "A setting of a source that is not there yet: name=value.")
  var setting: [String] = []
  @Option(help: "The credential of a source that is not there yet.") var credential: String?
  @Option(help: "The table to be made; a name is proposed otherwise.") var table: String?
  @Option(help: "What its rows are: attributes, events, purchases or deletes.")
  var data: String?
  @Option(help: "An address that this installation connects from, for a network policy.")
  var address: [String] = []
  @Flag(help: "Do not print: connect, and say what is missing.") var check = false
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if let data, !SyncManifest.dataTypes.contains(data) {
      throw ValidationError(
        "--data must be one of \(SyncManifest.dataTypes.joined(separator: ", ")), not \"\(data)\""
      )
    }
    if let wrong = setting.first(where: { !$0.contains("=") }) {
      throw ValidationError("--setting is name=value, not \"\(wrong)\"")
    }
    if source != nil, !setting.isEmpty || credential != nil {
      throw ValidationError("a source that is there has its settings; leave --setting out")
    }
    if check, source == nil { throw ValidationError("--check needs the name of a source") }
  }

  func run(in session: Session) async throws -> ExitStatus {
    if check, let source { return try await check(source, in: session) }
    var settings: [String: String] = [:]
    for pair in setting {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      settings[String(parts[0])] = String(parts[1])
    }
    let request = DescribeSetupRequest(
      workspace: try session.workspace(),
      name: source ?? "",
      type: source == nil ? type : "",
      settings: settings,
      credential: credential ?? "",
      table: table ?? "",
      data: dataType,
      addresses: address
    )
    let setup = try await session.calling(.orchestrator, source) {
      try await session.links.orchestrator().describeSetup(request, options: session.callOptions)
    }
    try checkType(setup.type)
    if options.output == .table {
      for (index, step) in setup.steps.enumerated() {
        try session.environment.output.write(
          "-- \(index + 1). \(step.title)\n\(TerminalText.safe(step.statements, keepingNewlines: true))\n"
        )
      }
    } else {
      try session.printer().show(Record(setup, name: source ?? type))
    }
    try session.environment.output.flush()
    if let source { session.hint("afterwards: sluice setup \(type) \(source) --check") }
    return .ok
  }

  /// What can be looked at from outside: the login, the role, the warehouse, the table's columns. All
  /// that is missing is named, with the statements that help.
  private func check(_ source: String, in session: Session) async throws -> ExitStatus {
    let workspace = try session.workspace()
    let found = try await session.calling(.orchestrator, source) {
      try await session.links.orchestrator().getSource(
        GetSourceRequest(workspace: workspace, name: source),
        options: session.callOptions
      )
    }
    try checkType(found.type)
    let request = TestSourceRequest(
      workspace: workspace,
      name: source,
      table: table ?? "",
      data: table == nil ? .unspecified : dataType
    )
    let report = try await session.calling(.orchestrator, source) {
      try await session.links.orchestrator().testSource(request, options: session.longCallOptions) {
        try await session.report(of: $0)
      }
    }
    let status = try session.show(report, name: source, what: "source")
    if table == nil {
      session.hint("the login works; add --table NAME to look at a table's grants and columns too")
    }
    return status
  }

  private var dataType: OrchestratorAPI.DataType { DataType(named: data ?? "attributes") }

  private func checkType(_ found: String) throws {
    guard found != type else { return }
    throw CommandFailure(
      "source \"\(source ?? "")\" is of type \(found), not \(type)",
      hint: "sluice setup \(found) \(source ?? "")",
      code: "other_type",
      exit: .usage
    )
  }
}

extension Record {
  init(_ setup: DescribeSetupResponse, name: String) {
    self.init(
      name: name,
      fields: [
        "type": .text(setup.type),
        "steps": .list(
          setup.steps.map {
            .object(["title": .text($0.title), "statements": .text($0.statements)])
          }
        ),
      ]
    )
  }
}
