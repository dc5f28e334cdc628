import ArgumentParser
import Glibc
import OrchestratorAPI
import RPC
import ServiceRuntime

struct Dev: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "dev",
    abstract: "Runs the three services on this machine until it is stopped.",
    discussion: """
      Keeps everything in one directory: stores, keys, certificates, logs, and a SQLite warehouse.
      Makes the context "dev" and uses it, so that other commands need no flags. Prints "ready" to
      standard output when all three serve. Ctrl-C stops them.
      """
  )
  @Option(help: "The directory; made if need be.") var data = "sluice-data"
  @Option(help: "A SQLite file to use as the source \"warehouse\" instead of an empty one.")
  var warehouse: String?
  @Option(help: "Write this process's number to a file while it runs.") var pidFile: String?
  @Option(help: "How much the services log: trace, debug, info, notice, warning or error.")
  var logLevel: String?
  @OptionGroup var options: GlobalOptions

  static let contextName = "dev"

  func run(in session: Session) async throws -> ExitStatus {
    let environment = session.environment
    guard let programs = environment.programDirectory() else {
      throw CommandFailure("cannot find out where this program is", exit: .failure)
    }
    for role in ServiceRole.allCases where !RegularFile.exists("\(programs)/\(role.binary)") {
      throw CommandFailure(
        "there is no program \(role.binary) in \(programs)",
        hint: "the services' programs must be beside sluice itself; build them all",
        code: "program_missing",
        exit: .failure
      )
    }
    if let warehouse, !RegularFile.exists(warehouse) {
      throw CommandFailure("there is no file \(warehouse)", exit: .notFound)
    }
    let directory = try DataDirectory.open(data)
    let lock = try directory.claim()
    defer { close(lock) }
    try writePidFile()
    defer { if let pidFile { unlink(pidFile) } }
    try directory.prepare()
    let ports = try await ServicePorts.choose(file: directory.ports) { role, port in
      session.say("port \(port), which the \(role.rawValue) had before, is taken; it gets another")
    }
    let lifeline = try Lifeline()
    let say: @Sendable (String) -> Void = { text in
      try? environment.errors.write("sluice: \(text)\n")
      try? environment.errors.flush()
    }
    let house = DevHouse(
      data: directory,
      ports: ports,
      programs: programs,
      environment: environment.variables,
      logLevel: logLevel,
      lifeline: lifeline.readingEnd,
      say: say
    )
    let result: Result<Void, any Error>
    do {
      try house.start()
      try await open(house, session)
      await house.keepRunning()
      result = .success(())
    } catch {
      result = .failure(error)
    }
    // Ctrl-C has cancelled this task; stopping must not be cancelled with it.
    if Task.isCancelled { say("stopping the services") }
    await Task { await house.stop() }.value
    lifeline.close()
    if Task.isCancelled {
      say("all stopped")
      return .ok
    }
    try result.get()
    return .ok
  }

  private func writePidFile() throws {
    guard let pidFile else { return }
    do {
      try RegularFile.write(Array("\(getpid())\n".utf8), to: pidFile, mode: 0o644)
    } catch {
      throw CommandFailure("\(error)", exit: .failure)
    }
  }

  /// Waits for the services, makes the context and the warehouse, and says what there is.
  private func open(_ house: DevHouse, _ session: Session) async throws {
    let context = ConnectionContext(
      vault: house.ports[.vault],
      orchestrator: house.ports[.orchestrator],
      writer: house.ports[.writer],
      tls: house.data.certificates.tls("operator"),
      workspace: options.workspace ?? "default"
    )
    let connect = session.environment.connect
    try await house.waitUntilServing(patience: options.timeout ?? .seconds(60)) { role in
      guard let link = try? connect(role, context) else { return false }
      let client = HealthClient(link.client)
      let status = try? await client.check(
        service: role.healthName,
        options: CallOptions(timeout: .seconds(2))
      )
      await link.close()
      return status == .serving
    }
    let previous = try useContext(context, session)
    try await registerWarehouse(house.data, context, session)
    welcome(house, session, previous: previous)
  }

  /// - Returns: the context that was the current one, if it was another.
  private func useContext(_ context: ConnectionContext, _ session: Session) throws -> String? {
    guard let path = ContextsFile.path(session.environment.variables) else {
      session.say("neither HOME nor XDG_CONFIG_HOME is set: no context is written")
      return nil
    }
    var file = try ContextsFile.load(path)
    let previous = file.current
    file[Self.contextName] = context
    file.current = Self.contextName
    try file.save(path)
    return previous == Self.contextName ? nil : previous
  }

  /// Registers the source, unless the user has made one of that name into something else.
  private func registerWarehouse(
    _ data: DataDirectory,
    _ context: ConnectionContext,
    _ session: Session
  ) async throws {
    if warehouse == nil { try await LocalWarehouse.prepare(data.warehouse) }
    let path = warehouse.flatMap(RegularFile.absolute) ?? data.warehouse
    let link = try session.environment.connect(.orchestrator, context)
    let client = OrchestratorClient(link.client)
    let call = CallOptions(timeout: .seconds(30))
    let name = LocalWarehouse.sourceName
    let result: Result<Void, any Error>
    do {
      try await session.calling(.orchestrator) {
        if warehouse == nil, try await exists(name, context, client, call) { return }
        let source = Source(
          workspace: context.workspace,
          name: name,
          type: "sqlite",
          settings: ["file": path]
        )
        _ = try await client.putSource(PutSourceRequest(source: source), options: call)
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await link.close()
    try result.get()
  }

  /// A source whose file went away (the directory was moved) counts as none.
  private func exists(
    _ name: String,
    _ context: ConnectionContext,
    _ client: OrchestratorClient,
    _ call: CallOptions
  ) async throws -> Bool {
    do {
      let source = try await client.getSource(
        GetSourceRequest(workspace: context.workspace, name: name),
        options: call
      )
      return source.type != "sqlite" || RegularFile.exists(source.settings["file"] ?? "")
    } catch let error as RPCError where error.code == .notFound {
      return false
    }
  }

  private func welcome(_ house: DevHouse, _ session: Session, previous: String?) {
    for role in ServiceRole.allCases {
      session.say(
        "\(role.rawValue) on \(house.ports[role]), process \(house.child(role)?.pid ?? 0), "
          + "log \(house.data.log(of: role))"
      )
    }
    session.say("source \"\(LocalWarehouse.sourceName)\" is \(warehouse ?? house.data.warehouse)")
    let back = previous.map { "; go back with: sluice context use \($0)" } ?? ""
    session.say("context \"\(Self.contextName)\" is the current one" + back)
    session.hint("in another terminal: sluice status; sluice apply -f FILE; Ctrl-C here stops all")
    // Whoever does not read standard output does not wait for this line.
    try? session.environment.output.write("ready\n")
    try? session.environment.output.flush()
  }
}
