import Glibc
import ServiceRuntime
import Synchronization

/// The three services as child processes: starts them, keeps them running, stops them.
final class DevHouse: Sendable {
  let data: DataDirectory
  let ports: ServicePorts
  private let programs: String
  private let environment: [String: String]
  private let logLevel: String?
  /// The reading end of a pipe that this process never writes to; see `ParentWatch`.
  private let lifeline: Int32
  private let children = Mutex<[ServiceRole: ChildProcess]>([:])
  private let say: @Sendable (String) -> Void

  init(
    data: DataDirectory,
    ports: ServicePorts,
    programs: String,
    environment: [String: String],
    logLevel: String?,
    lifeline: Int32,
    say: @escaping @Sendable (String) -> Void
  ) {
    self.data = data
    self.ports = ports
    self.programs = programs
    self.environment = environment
    self.logLevel = logLevel
    self.lifeline = lifeline
    self.say = say
  }

  func start() throws {
    for role in ServiceRole.allCases { try start(role) }
  }

  func child(_ role: ServiceRole) -> ChildProcess? { children.withLock { $0[role] } }

  private func start(_ role: ServiceRole) throws {
    let child = try ChildProcess.start(program(role))
    children.withLock { $0[role] = child }
  }

  /// What the user may set for the services here too: mail, webhooks, how often a sync may run and how
  /// many at once, hosts that are not public or not Google's, and what a payload may hold.
  private static func passes(_ name: String, to role: ServiceRole) -> Bool {
    switch role {
    case .vault: name == "SLUICE_TOKEN_HOSTS"
    case .orchestrator:
      ["SLUICE_MAIL_", "SLUICE_WEBHOOK_"].contains { name.hasPrefix($0) }
        || ["SLUICE_SHORTEST_INTERVAL", "SLUICE_MAXIMUM_RUNS", "SLUICE_EGRESS_ALLOW"].contains(name)
    case .writer: name.hasPrefix("SLUICE_LIMIT_") || name.hasPrefix("SLUICE_BLOCKED_")
    }
  }

  func program(_ role: ServiceRole) -> ChildProgram {
    // Nothing of the user's own settings for other services may leak into these.
    var variables = environment.filter { (name, _) in
      !name.hasPrefix("SLUICE_") || Self.passes(name, to: role)
    }
    let tls = data.certificates.tls(role.rawValue)
    variables["SLUICE_LISTEN"] = "\(ports[role])"
    variables["SLUICE_DATA"] = data.store(of: role)
    variables["SLUICE_TLS_CERT"] = tls.certificate
    variables["SLUICE_TLS_KEY"] = tls.key
    variables["SLUICE_TLS_CA"] = tls.authority
    variables["SLUICE_LOG_LEVEL"] = logLevel
    switch role {
    case .vault: variables["SLUICE_MASTER_KEY_FILE"] = data.masterKey
    case .orchestrator:
      variables["SLUICE_VAULT"] = "\(ports[.vault])"
      variables["SLUICE_WRITER"] = "\(ports[.writer])"
    case .writer: variables["SLUICE_ROW_KEY_FILE"] = data.rowKey
    }
    return ChildProgram(
      path: programs + "/" + role.binary,
      arguments: [ServiceArguments.parentFlag, "\(STDIN_FILENO)"],
      environment: variables,
      log: data.log(of: role),
      standardInput: lifeline
    )
  }

  /// Returns once all three serve.
  /// - Parameter isServing: asks one service.
  /// - Throws: `CommandFailure` when one ends, with its last words, or when it takes too long.
  func waitUntilServing(
    patience: Duration,
    isServing: @escaping @Sendable (ServiceRole) async -> Bool
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for role in ServiceRole.allCases {
        guard let child = child(role) else { continue }
        group.addTask {
          guard let ending = await child.wait() else { return try await Task.sleep(for: patience) }
          throw self.endedAtOnce(role, ending)
        }
      }
      group.addTask {
        try await Task.sleep(for: patience)
        throw CommandFailure(
          "the services did not all serve within \(patience)",
          hint: "their logs are in \(self.data.path)/log",
          code: "not_serving",
          exit: .failure
        )
      }
      group.addTask {
        for role in ServiceRole.allCases {
          while !(await isServing(role)) { try await Task.sleep(for: .milliseconds(50)) }
        }
      }
      // The first to end decides: a death, the end of patience, or that all serve.
      try await group.next()
      group.cancelAll()
    }
  }

  private func endedAtOnce(_ role: ServiceRole, _ ending: ProcessEnding) -> CommandFailure {
    let log = data.log(of: role)
    let lines = RegularFile.tail(log, lines: 3)
    return CommandFailure(
      ["the \(role.rawValue) did not start (\(ending))"] + lines.map { "  \($0)" },
      hint: "the rest of its log is \(log)",
      exit: .failure
    )
  }

  /// Starts again what dies, with back-off; returns when cancelled.
  func keepRunning() async {
    await withTaskGroup(of: Void.self) { group in
      for role in ServiceRole.allCases {
        group.addTask { await self.keepRunning(role) }
      }
    }
  }

  private func keepRunning(_ role: ServiceRole) async {
    let clock = ContinuousClock()
    var backOff = RestartBackOff()
    while !Task.isCancelled {
      let began = clock.now
      guard let ending = await child(role)?.wait() else { return }
      let pause = backOff.next(afterRunning: clock.now - began)
      say("the \(role.rawValue) ended (\(ending)); starting it again in \(pause)")
      repeat {
        if (try? await Task.sleep(for: pause)) == nil { return }
        do {
          try start(role)
          break
        } catch {
          say("\((error as? CommandFailure)?.messages.first ?? "\(error)"); trying again")
        }
      } while true
    }
  }

  /// Stops what runs: first who calls, then who is called.
  func stop(patience: Duration = .seconds(12)) async {
    await stop([.orchestrator], patience)
    await stop([.vault, .writer], patience)
  }

  private func stop(_ roles: [ServiceRole], _ patience: Duration) async {
    let running = roles.compactMap { role in child(role).map { (role, $0) } }
      .filter { $0.1.ending == nil }
    for (_, child) in running { child.signal(SIGTERM) }
    await withTaskGroup(of: Void.self) { group in
      for (role, child) in running {
        group.addTask {
          if await self.ended(child, within: patience) { return }
          self.say("the \(role.rawValue) does not stop; killing it")
          child.signal(SIGKILL)
          _ = await child.wait()
        }
      }
    }
  }

  private func ended(_ child: ChildProcess, within patience: Duration) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { await child.wait() != nil }
      group.addTask {
        try? await Task.sleep(for: patience)
        return false
      }
      let first = await group.next() ?? false
      group.cancelAll()
      return first
    }
  }
}

/// How long to wait before a service is started again: longer from death to death, short again
/// once it has run for a while.
struct RestartBackOff {
  private var pause = Duration.milliseconds(100)

  mutating func next(afterRunning time: Duration) -> Duration {
    if time > .seconds(30) { pause = .milliseconds(100) }
    defer { pause = min(pause * 2, .seconds(10)) }
    return pause
  }
}
