import ArgumentParser
import OrchestratorAPI
import ServiceRuntime
import VaultAPI

struct Apply: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Makes or changes credentials, sources and syncs as YAML documents say.",
    discussion: "Applying the same again changes nothing and says so."
  )
  @Option(name: [.customShort("f"), .long], help: "A YAML file, or - for standard input.")
  var file: [String]
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    var parser = ManifestParser(
      secrets: SecretFile(standardInput: session.environment.readStandardInput)
    )
    for path in file {
      if path == "-" {
        parser.secrets.standardInputHoldsManifest()
        parser.read(try session.environment.readStandardInput(), file: "standard input")
      } else {
        do {
          parser.read(try RegularFile.read(path), file: path)
        } catch {
          throw CommandFailure("\(error)", exit: .failure)
        }
      }
    }
    let objects = try parser.result()
    let printer = session.printer([
      Column("KIND", "kind"), Column("NAME", "name"), Column("CHANGE", "change"),
    ])
    do {
      for object in objects {
        let change = try await session.apply(object)
        try printer.add(
          Record(
            name: object.name,
            fields: [
              "kind": .text(object.kind), "name": .text(object.name), "change": .text(change),
            ]
          )
        )
      }
    } catch {
      // What was done is done: it is printed before the reason why the rest is not.
      try printer.finish()
      throw error
    }
    try printer.finish()
    return .ok
  }
}

extension Session {
  /// Sends one object; answers what that changed.
  func apply(_ object: ManifestObject) async throws -> String {
    do {
      switch object {
      case .credential(let manifest):
        let (change, credential) = try await put(manifest)
        if credential.type.isPair, change != "unchanged" {
          hint("its public key, and how to register it: sluice credential show \(manifest.name)")
        }
        return change
      case .source(let manifest): return try await put(manifest)
      case .sync(let manifest): return try await put(manifest)
      }
    } catch var failure as CommandFailure {
      if failure.exit != .unreachable {
        failure.messages = failure.messages.map { message in
          // Many of the services' sentences name it themselves.
          let isNamed = message.contains("\"\(object.name)\"")
          return isNamed ? message : "\(object.kind) \"\(object.name)\": \(message)"
        }
      }
      throw failure
    }
  }

  func put(_ manifest: SourceManifest) async throws -> String {
    let source = Source(
      workspace: try workspace(),
      name: manifest.name,
      type: manifest.type,
      settings: manifest.settings,
      credential: manifest.credential
    )
    return try await calling(.orchestrator) {
      try await links.orchestrator().putSource(
        PutSourceRequest(source: source),
        options: callOptions
      )
    }.change.word
  }

  func put(_ manifest: SyncManifest) async throws -> String {
    let sync = Sync(
      workspace: try workspace(),
      name: manifest.name,
      source: manifest.source,
      table: manifest.table,
      query: manifest.query,
      data: OrchestratorAPI.DataType(named: manifest.data),
      destination: manifest.destination,
      schedule: manifest.schedule,
      timeZone: manifest.timeZone,
      contacts: manifest.contacts,
      options: manifest.options
    )
    let response = try await calling(.orchestrator) {
      try await links.orchestrator().putSync(PutSyncRequest(sync: sync), options: callOptions)
    }
    for warning in response.warnings { say("warning: Sync \"\(manifest.name)\": \(warning)") }
    return response.change.word
  }
}

extension OrchestratorAPI.Change {
  var word: String {
    switch self {
    case .created: "created"
    case .updated: "updated"
    case .unchanged: "unchanged"
    case .unspecified: "stored"
    }
  }
}
