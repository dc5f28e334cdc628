import Glibc
public import Logging
import RPC
import ServiceLifecycle
public import SyncModel

/// One of the service binaries, from its command line to its exit code.
///
/// It reads the settings, opens the service, serves it over mutual TLS, and stops gracefully on
/// SIGTERM or SIGINT: health says NOT_SERVING, calls in flight end, stores close, exit code 0.
public struct ServiceProcess: Sendable {
  /// What a service is given to open itself with.
  public struct Surroundings: Sendable {
    public var configuration: ServiceConfiguration
    public var logger: Logger
    public var world: World

    /// The way to another service, with this one's own certificate; the setting may name several
    /// addresses, with commas between.
    public func peer(_ setting: String, _ purpose: String) throws(StartupError) -> PeerLink {
      let addresses = try configuration.settings.addresses(setting, purpose)
      return PeerLink(to: addresses, tls: configuration.tls, logger: logger)
    }
  }

  /// The program's name, e.g. `sluice-vault`.
  public var name: String
  /// The service's full name, for health checks.
  public var service: String
  /// One line for `--help`.
  public var summary: String
  /// Settings of its own besides those of every service, by variable, with what they are.
  public var settings: [(name: String, help: String)]
  /// Whether its messages are secrets, which must not lie in its connections' buffers.
  public var holdsSecrets: Bool

  public init(
    name: String,
    service: String,
    summary: String,
    settings: [(name: String, help: String)],
    holdsSecrets: Bool = false
  ) {
    self.name = name
    self.service = service
    self.summary = summary
    self.settings = settings
    self.holdsSecrets = holdsSecrets
  }

  /// Runs to the end.
  /// - Parameter open: opens the stores and makes the service; what it throws ends the process with
  ///   one line on standard error.
  /// - Returns: the exit code: 0 after a graceful stop, 1 when something went wrong, 2 for settings
  ///   that are missing or wrong.
  public func run(
    _ arguments: [String],
    open: @Sendable (Surroundings) async throws -> OpenedService
  ) async -> Int32 {
    ProcessHardening.apply()
    TerminationSignals.install(secondEnds: false)
    do {
      let names = ServiceConfiguration.names + settings.map(\.name)
      let parsed = try ServiceArguments(arguments, settings: names)
      switch parsed.action {
      case .help:
        write(help, to: STDOUT_FILENO)
        return 0
      case .version:
        write("\(name) \(SluiceVersion.text)\n", to: STDOUT_FILENO)
        return 0
      case .healthcheck:
        try await HealthProbe.run(configuration(parsed))
        write("SERVING\n", to: STDOUT_FILENO)
        return 0
      case .serve:
        if let descriptor = parsed.parentDescriptor {
          try ParentWatch.start(descriptor: descriptor)
        }
        try await serve(try configuration(parsed), open)
        return 0
      }
    } catch {
      write("\(name): \(StartupFailure.describe(error))\n", to: STDERR_FILENO)
      return (error as? StartupError)?.exitCode ?? 1
    }
  }

  private func configuration(
    _ arguments: ServiceArguments
  ) throws(StartupError) -> ServiceConfiguration {
    try ServiceConfiguration(
      Settings(environment: ProcessEnvironment.all(), flags: arguments.flags),
      mayStoreElsewhere: settings.contains { $0.name == Self.storeSetting }
    )
  }

  private func serve(
    _ configuration: ServiceConfiguration,
    _ open: @Sendable (Surroundings) async throws -> OpenedService
  ) async throws {
    let store =
      try configuration.data.isEmpty ? nil : StoreDirectory.claim(configuration.data)
    defer { store?.release() }
    let world = World.live
    let logger = Logger.jsonLines(
      service: name,
      level: configuration.logLevel,
      world: world,
      metadataProvider: TraceContext.metadataProvider
    )
    let opened = try await open(
      Surroundings(configuration: configuration, logger: logger, world: world)
    )
    let result: Result<Void, any Error>
    do {
      try await serve(opened, configuration, logger)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await opened.close()
    try result.get()
    logger.info("stopped")
  }

  private func serve(
    _ opened: OpenedService,
    _ configuration: ServiceConfiguration,
    _ logger: Logger
  ) async throws {
    let health = HealthService(.notServing)
    health.set(.notServing, service: service)
    let services = opened.registrations + [health]
    var server = HTTP2Server.Configuration()
    server.gracePeriod = ShutdownLimit.drain
    // Replicas that are added later get their share of callers that look for them no more.
    server.maximumConnectionAge = .seconds(1800)
    server.page = "\(name) \(SluiceVersion.text): gRPC is served here\n"
    let listener = HTTP2Server(
      host: configuration.listen.host,
      port: configuration.listen.port,
      tls: TLSConfiguration(configuration.tls, wipesPlaintext: holdsSecrets),
      router: RPCRouter(services + [ReflectionService(describing: services)], restricted: true)
        .intercepted(by: CallLogging(logger))
        .intercepted(by: CallTracing()),
      logger: logger,
      configuration: server
    )
    let gate = HealthGate(
      service: service,
      health: health,
      server: listener,
      isReady: opened.isReady,
      readiness: opened.readiness,
      logger: logger
    )
    // Stopped from the last to the first: health at once, then the service's own work, so that calls
    // that wait for it end, then the listener with the calls in flight.
    let running: [any Service] = [listener] + opened.background + [gate]
    var group = ServiceGroupConfiguration(
      services: running.map { .init(service: $0) },
      logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() }
    )
    group.maximumGracefulShutdownDuration = ShutdownLimit.cancellation
    try await run(ServiceGroup(configuration: group), gate)
  }

  private func run(_ group: ServiceGroup, _ gate: HealthGate) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        await TerminationSignals.wait()
        await group.triggerGracefulShutdown()
      }
      defer { tasks.cancelAll() }
      do {
        try await group.run()
      } catch {
        // What a service throws because it was told to stop is no failure.
        if !gate.isStopping { throw error }
      }
    }
  }

  private var help: String {
    let common = [
      ("SLUICE_LISTEN", "host:port to listen on; port 0 takes a free one"),
      ("SLUICE_DATA", "the directory of its store"),
      ("SLUICE_TLS_CERT", "the file of its certificate (PEM), which names its role"),
      ("SLUICE_TLS_KEY", "the file of the certificate's key (PEM)"),
      ("SLUICE_TLS_CA", "the file of the authority of its peers' certificates (PEM)"),
      ("SLUICE_LOG_LEVEL", "trace, debug, info (default), notice, warning, error or critical"),
    ]
    let lines = (common + settings.map { ($0.name, $0.help) }).map { name, help in
      "  \(ServiceArguments.flag(for: name)), \(name)\n      \(help)\n"
    }
    return """
      \(name): \(summary)

      Settings, each as a flag or a variable (or NAME_FILE, a file that holds the value):
      \(lines.joined())
        --healthcheck  ask the running service for its health; exit code 0 when it serves
        --version      print the version

      """
  }

  private func write(_ text: String, to descriptor: Int32) {
    // Nobody is left to tell when this fails.
    try? RegularFile.writeAll(Array(text.utf8), to: descriptor, name: "the terminal")
  }
}
