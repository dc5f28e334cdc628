import ArgumentParser
import RPC
import WriterAPI

struct ProfileNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "What the built-in profile store holds.",
    subcommands: [ProfileShow.self, ProfileExport.self, ProfileCount.self]
  )
}

struct ProfileShow: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows one profile, in the shape of Braze's user export."
  )
  @OptionGroup var user: UserOptions
  @Flag(help: "Also the single events and purchases.") var events = false
  @Option(
    help: "Instead: which row, run and sync set this attribute last."
  ) var explain: String?
  @OptionGroup var options: GlobalOptions

  func validate() throws { try user.check("the profile") }

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetProfileRequest(
      workspace: try session.workspace(),
      externalId: user.externalId ?? "",
      aliasName: user.aliasName ?? "",
      aliasLabel: user.aliasLabel ?? "",
      brazeId: user.brazeId ?? "",
      email: user.email ?? "",
      phone: user.phone ?? "",
      events: events
    )
    if let explain { return try await show(explain, of: request, in: session) }
    let profile = try await session.calling(.writer) {
      try await session.links.writer().getProfile(request, options: session.callOptions)
    }
    let output = session.environment.output
    switch options.output {
    case .table: try output.write(TerminalText.safe(indented(profile), keepingNewlines: true))
    case .name: try output.write(TerminalText.safe(Record(profile).name))
    case .json, .jsonl, .yaml: try output.write(profile.json)
    }
    try output.write("\n")
    return .ok
  }

  private func show(
    _ attribute: String,
    of profile: GetProfileRequest,
    in session: Session
  ) async throws -> ExitStatus {
    let request = ExplainAttributeRequest(profile: profile, attribute: attribute)
    let answer = try await session.calling(.writer) {
      try await session.links.writer().explainAttribute(request, options: session.callOptions)
    }
    let printer = session.printer(Record.originColumns)
    for origin in answer.origins { try printer.add(Record(origin, of: attribute)) }
    try printer.finish()
    if printer.isEmpty { session.say("the profile never had an attribute \(attribute)") }
    return .ok
  }

  private func indented(_ profile: Profile) -> String {
    String(decoding: JSONRenderer.indented(profile.json), as: UTF8.self)
  }
}

struct ProfileExport: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes every profile, one JSON object a line (-o jsonl, the default)."
  )
  @Flag(help: "Also the single events and purchases.") var events = false
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let output = session.environment.output
    let request = ExportProfilesRequest(workspace: try session.workspace(), events: events)
    let format = options.output
    var count: Int64 = 0
    if format == .json { try output.write("[") }
    count = try await session.calling(.writer) {
      try await session.links.writer().exportProfiles(request, options: session.longCallOptions) {
        var count: Int64 = 0
        while let profile = try await $0.next() {
          switch format {
          case .name: try output.write(TerminalText.safe(Record(profile).name) + "\n")
          case .json:
            try output.write(count == 0 ? "\n" : ",\n")
            try output.write(profile.json)
          case .yaml:
            try output.write("- ")
            try output.write(profile.json)
            try output.write("\n")
          case .table, .jsonl:
            try output.write(profile.json)
            try output.write("\n")
          }
          count += 1
        }
        return count
      }
    }
    if format == .json { try output.write(count == 0 ? "]\n" : "\n]\n") }
    if format == .yaml, count == 0 { try output.write("[]\n") }
    try output.flush()
    session.say("\(grouped(count)) profiles")
    return .ok
  }
}

struct ProfileCount: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "count",
    abstract: "Counts profiles, events and purchases, and adds up revenue."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = CountProfilesRequest(workspace: try session.workspace())
    let counts = try await session.calling(.writer) {
      try await session.links.writer().countProfiles(request, options: session.longCallOptions)
    }
    try session.printer().show(Record(counts))
    return .ok
  }
}
