import ArgumentParser
import ServiceRuntime

struct ContextNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "context",
    abstract: "Which services this sluice talks to.",
    subcommands: [ContextList.self, ContextUse.self, ContextSet.self]
  )
}

extension Session {
  fileprivate func contextsPath() throws -> String {
    guard let path = ContextsFile.path(environment.variables) else {
      throw CommandFailure(
        "there is no place for contexts: neither HOME nor XDG_CONFIG_HOME is set",
        hint: "set HOME",
        exit: .failure
      )
    }
    return path
  }
}

struct ContextList: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the contexts; the current one is marked."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let file = try ContextsFile.load(try session.contextsPath())
    let printer = session.printer([
      Column("CURRENT", "current"), Column("NAME", "name"), Column("ORCHESTRATOR", "orchestrator"),
      Column("VAULT", "vault"), Column("WRITER", "writer"), Column("WORKSPACE", "workspace"),
    ])
    for (name, context) in file.contexts {
      var fields: OutputObject = ["current": .bool(name == file.current), "name": .text(name)]
      fields.fields += context.fields.fields
      try printer.add(Record(name: name, fields: fields))
    }
    try printer.finish()
    if printer.isEmpty { session.hint("none yet; sluice dev makes one, or: sluice context set") }
    return .ok
  }
}

struct ContextUse: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "use",
    abstract: "Makes a context the current one."
  )
  @Argument(help: "The context's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let path = try session.contextsPath()
    var file = try ContextsFile.load(path)
    guard file[name] != nil else { throw ContextResolution.unknown(name, file) }
    file.current = name
    try file.save(path)
    session.say("the context is now \"\(name)\"")
    return .ok
  }
}

struct ContextSet: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Makes a context, or changes what is given of one."
  )
  @Argument(help: "The context's name.") var name: String
  @Option(help: "The vault's host:port.") var vault: String?
  @Option(help: "The orchestrator's host:port.") var orchestrator: String?
  @Option(help: "The writer's host:port.") var writer: String?
  @Option(help: "The file of the operator's certificate (PEM).") var certificate: String?
  @Option(help: "The file of the certificate's key (PEM).") var key: String?
  @Option(help: "The file of the authority's certificate (PEM).") var authority: String?
  @Flag(help: "Also make it the current one.") var use = false
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let path = try session.contextsPath()
    var file = try ContextsFile.load(path)
    let old = file[name]
    func address(_ flag: String, _ text: String?, _ old: HostPort?) throws -> HostPort {
      guard let text else {
        if let old { return old }
        throw missing(flag)
      }
      guard let address = HostPort(text) else {
        throw CommandFailure("\(flag) must be host:port, not \"\(text)\"", exit: .usage)
      }
      return address
    }
    func existing(_ flag: String, _ text: String?, _ old: String?) throws -> String {
      guard let text else {
        if let old { return old }
        throw missing(flag)
      }
      guard RegularFile.exists(text), let full = RegularFile.absolute(text) else {
        throw CommandFailure("\(flag): there is no file \(text)", exit: .failure)
      }
      return full
    }
    file[name] = ConnectionContext(
      vault: try address("--vault", vault, old?.vault),
      orchestrator: try address("--orchestrator", orchestrator, old?.orchestrator),
      writer: try address("--writer", writer, old?.writer),
      tls: TLSFiles(
        certificate: try existing("--certificate", certificate, old?.tls.certificate),
        key: try existing("--key", key, old?.tls.key),
        authority: try existing("--authority", authority, old?.tls.authority)
      ),
      workspace: options.workspace ?? old?.workspace ?? "default"
    )
    if use || file.current == nil { file.current = name }
    try file.save(path)
    session.say(
      "context \"\(name)\" \(old == nil ? "created" : "changed")"
        + (file.current == name ? "; it is the current one" : "")
    )
    return .ok
  }

  private func missing(_ flag: String) -> CommandFailure {
    CommandFailure(
      "a new context needs \(flag)",
      hint:
        "sluice context set NAME --vault HOST:PORT --orchestrator HOST:PORT --writer HOST:PORT "
        + "--certificate FILE --key FILE --authority FILE",
      exit: .usage
    )
  }
}
