import Glibc
import Logging
import RPC
import ServiceRuntime
import Synchronization
import TestSupport
import Testing

@testable import Ops

/// The three services as children: the built programs, where they are built, and stand-ins.
///
/// In sequence: a child that is just being started holds every open file, locks too, until it runs.
@Suite(.serialized) struct DevHouseTests {
  private let directory: TemporaryDirectory
  private let said = Said()

  init() throws { directory = try TemporaryDirectory() }

  private final class Said: Sendable {
    let lines = Mutex<[String]>([])
  }

  /// Where `swift build` puts the services' programs, beside the tests.
  private static let programs = RegularFile.directoryOfProgram() ?? ""
  static var areBuilt: Bool {
    ServiceRole.allCases.allSatisfy { RegularFile.exists("\(programs)/\($0.binary)") }
  }

  private func house(
    programs: String,
    lifeline: Lifeline,
    settings: [String: String] = [:]
  ) async throws -> DevHouse {
    let data = try DataDirectory.open(directory.path + "/data")
    try data.prepare()
    let said = said
    return DevHouse(
      data: data,
      ports: try await ServicePorts.choose(file: data.ports) { _, _ in },
      programs: programs,
      // libpq must not be told by a service's environment where to connect.
      environment: ["PGHOST": "/nonexistent", "SLUICE_LISTEN": "nonsense"]
        .merging(settings) { _, new in new },
      logLevel: "info",
      lifeline: lifeline.readingEnd,
      say: { line in said.lines.withLock { $0.append(line) } }
    )
  }

  private func link(_ house: DevHouse, _ role: ServiceRole, as caller: String) -> PeerLink {
    PeerLink(
      to: house.ports[role],
      tls: house.data.certificates.tls(caller),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
  }

  private func serves(_ house: DevHouse) -> @Sendable (ServiceRole) async -> Bool {
    { role in
      let link = link(house, role, as: "operator")
      let status = try? await HealthClient(link.client).check(
        service: role.healthName,
        options: CallOptions(timeout: .seconds(5))
      )
      await link.close()
      return status == .serving
    }
  }

  @Test(.enabled(if: areBuilt)) func `the services start, come back after a kill, and stop with 0`()
    async throws
  {
    let lifeline = try Lifeline()
    defer { lifeline.close() }
    let house = try await house(programs: Self.programs, lifeline: lifeline)
    try house.start()
    try await house.waitUntilServing(patience: .seconds(60), isServing: serves(house))

    let keeping = Task { await house.keepRunning() }
    let victim = try #require(house.child(.writer))
    victim.signal(SIGKILL)
    #expect(await victim.wait() == .killed(SIGKILL))
    try await until { house.child(.writer)?.pid != victim.pid }
    try await house.waitUntilServing(patience: .seconds(60), isServing: serves(house))
    #expect(
      said.lines.withLock { $0 }
        == ["the writer ended (killed by signal 9); starting it again in 0.1 seconds"]
    )

    keeping.cancel()
    await keeping.value
    await house.stop()
    for role in ServiceRole.allCases {
      #expect(house.child(role)?.ending == .exited(0), "\(role)")
      let log = RegularFile.tail(house.data.log(of: role), lines: 1).first ?? ""
      #expect(log.contains(#""message":"stopped"}"#), "\(log)")
    }
  }

  @Test(.enabled(if: areBuilt)) func `no service outlives whoever started it`() async throws {
    let lifeline = try Lifeline()
    let house = try await house(programs: Self.programs, lifeline: lifeline)
    try house.start()
    try await house.waitUntilServing(patience: .seconds(60), isServing: serves(house))
    // As the kernel does it when the parent is killed.
    lifeline.close()
    for role in ServiceRole.allCases {
      let ending = await house.child(role)?.wait()
      #expect(ending == .exited(0), "\(role)")
    }
  }

  @Test(.enabled(if: areBuilt)) func `a role gets what its certificate allows, and no more`()
    async throws
  {
    let lifeline = try Lifeline()
    defer { lifeline.close() }
    let house = try await house(programs: Self.programs, lifeline: lifeline)
    try house.start()
    try await house.waitUntilServing(patience: .seconds(60), isServing: serves(house))
    let context = ConnectionContext(
      vault: house.ports[.vault],
      orchestrator: house.ports[.orchestrator],
      writer: house.ports[.writer],
      tls: house.data.certificates.tls("operator"),
      workspace: "default"
    )
    func run(_ arguments: [String], as role: String) async -> Outcome {
      let files = house.data.certificates.tls(role)
      let (output, errors) = (MemoryOutput(), MemoryOutput())
      var environment = CommandEnvironment.live
      environment.output = output
      environment.errors = errors
      environment.interruption = { try? await Task.sleep(for: .seconds(3600)) }
      environment.variables = [
        "SLUICE_VAULT": "\(context.vault)", "SLUICE_ORCHESTRATOR": "\(context.orchestrator)",
        "SLUICE_WRITER": "\(context.writer)", "SLUICE_TLS_CERT": files.certificate,
        "SLUICE_TLS_KEY": files.key, "SLUICE_TLS_CA": files.authority,
      ]
      let exit = await CommandRunner.run(arguments, in: environment)
      return Outcome(exit: exit, output: output.text, errors: errors.text)
    }
    #expect(await run(["status"], as: "operator").exit == 0)
    for command in [["credential", "list"], ["sync", "list"], ["profile", "count"]] {
      let denied = await run(command, as: "writer")
      #expect(denied.exit == 4, "\(command): \(denied.errors)")
    }
    await house.stop()
    let down = await run(["sync", "list"], as: "operator")
    #expect(down.exit == 8, "\(down.errors)")
  }

  @Test func `the few settings of the user's go to their service, nothing else to anybody`()
    async throws
  {
    let lifeline = try Lifeline()
    defer { lifeline.close() }
    let settings = [
      "SLUICE_MAIL_SERVER": "mail.example:587", "SLUICE_MAIL_CREDENTIAL": "postman",
      "SLUICE_SHORTEST_INTERVAL": "5", "SLUICE_WEBHOOK_URL": "https://hooks.example/",
      "SLUICE_EGRESS_ALLOW": "10.1.2.3",
    ]
    let house = try await house(
      programs: directory.path,
      lifeline: lifeline,
      settings: settings.merging([
        "SLUICE_MAILBOX": "x", "SLUICE_STORE": "x", "SLUICE_LIMIT_KEYS": "9",
        "SLUICE_BLOCKED_EVENTS": "e",
        "SLUICE_TOKEN_HOSTS": "tokens.example",
      ]) { old, _ in old }
    )
    for role in ServiceRole.allCases {
      let given = house.program(role).environment
      for (name, value) in settings {
        #expect(given[name] == (role == .orchestrator ? value : nil), "\(role): \(name)")
      }
      #expect(given["SLUICE_LIMIT_KEYS"] == (role == .writer ? "9" : nil))
      #expect(given["SLUICE_BLOCKED_EVENTS"] == (role == .writer ? "e" : nil))
      #expect(given["SLUICE_ROW_KEY_FILE"] == (role == .writer ? house.data.rowKey : nil))
      #expect(given["SLUICE_TOKEN_HOSTS"] == (role == .vault ? "tokens.example" : nil))
      #expect(given["SLUICE_MAILBOX"] == nil && given["SLUICE_STORE"] == nil)
      #expect(given["SLUICE_LISTEN"] == "\(house.ports[role])")
    }
  }

  @Test func `a service that does not start is named, with its last words`() async throws {
    let programs = directory.path + "/bin"
    try RegularFile.makeDirectory(programs)
    for role in ServiceRole.allCases {
      let words = role == .writer ? "echo 'sluice-writer: the disk is full' >&2; exit 1" : "cat"
      try RegularFile.write(
        Array("#!/bin/sh\n\(words)\n".utf8),
        to: "\(programs)/\(role.binary)",
        mode: 0o700
      )
    }
    let lifeline = try Lifeline()
    let house = try await house(programs: programs, lifeline: lifeline)
    try house.start()
    do {
      try await house.waitUntilServing(patience: .seconds(60)) { _ in false }
      Issue.record("it should not have started")
    } catch let failure as CommandFailure {
      #expect(
        failure.messages == [
          "the writer did not start (exit code 1)", "  sluice-writer: the disk is full",
        ]
      )
    }
    lifeline.close()
    await house.stop()
  }

  @Test func `a service that never serves is given up on`() async throws {
    let programs = directory.path + "/bin"
    try RegularFile.makeDirectory(programs)
    for role in ServiceRole.allCases {
      let script = Array("#!/bin/sh\nexec sleep 100\n".utf8)
      try RegularFile.write(script, to: "\(programs)/\(role.binary)", mode: 0o700)
    }
    let lifeline = try Lifeline()
    defer { lifeline.close() }
    let house = try await house(programs: programs, lifeline: lifeline)
    try house.start()
    await #expect(throws: CommandFailure.self) {
      try await house.waitUntilServing(patience: .milliseconds(100)) { _ in false }
    }
    await house.stop()
    #expect(house.child(.vault)?.ending == .killed(SIGTERM))
  }
}
