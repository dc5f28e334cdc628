import OrchestratorAPI
import RPC
import TestSupport
import Testing
import VaultAPI
import WriterAPI

/// Who may call what, against the table in docs/architecture.md.
@Suite("Access: every method with every role") struct AccessTests {
  static let roles = [
    "operator", "orchestrator", "writer", "vault", "auditor", "Operator", "operator ",
    // One scalar that is canonically equivalent to "K", and one that stands on its own.
    "\u{212A}", "o\u{0301}perator", "",
  ]

  private static let services: [(name: String, registration: any RPCService)] = [
    (VaultMethods.service, VaultRegistration(FakeVault())),
    (VaultOperationsMethods.service, VaultOperationsRegistration(NamingVaultOperations())),
    (OrchestratorMethods.service, OrchestratorRegistration(NamingOrchestrator())),
    (WriterMethods.service, WriterRegistration(NamingWriter())),
  ]

  @Test("Exactly the documented roles may call each method of the services", arguments: 0..<4)
  func cells(_ index: Int) async throws {
    let (service, registration) = Self.services[index]
    let router = RPCRouter([registration])
    let documented = try Self.documented().filter { $0.key.hasPrefix("/\(service)/") }
    #expect(Set(documented.keys) == router.paths)
    for path in router.paths.sorted() {
      for role in Self.roles {
        let code = await Self.call(path, of: router, as: role)
        #expect(
          (code != .permissionDenied) == (documented[path]?.contains(role) == true),
          "\(path) as \"\(role)\": \(code.name)"
        )
        #expect(code != .unauthenticated)
      }
      #expect(await Self.call(path, of: router, as: nil) == .unauthenticated, "\(path)")
    }
  }

  @Test("Health and reflection answer every role beside a service, and nobody without one")
  func standard() async throws {
    let services: [any RPCService] = [VaultRegistration(FakeVault()), HealthService()]
    let router = RPCRouter(services + [ReflectionService(describing: services)])
    let standard = router.paths.filter { $0.hasPrefix("/grpc.") }
    #expect(standard.count == 4)
    for path in standard {
      for role in Self.roles {
        // A watch would go on for ever.
        let code = await Self.call(path, of: router, as: role, timeout: .milliseconds(50))
        #expect(code == .ok || code == .deadlineExceeded, "\(path) as \"\(role)\": \(code.name)")
      }
      #expect(await Self.call(path, of: router, as: nil) == .unauthenticated, "\(path)")
    }
  }

  @Test("A method that no table has is for nobody, beside a service that has one or where asked")
  func unlisted() async throws {
    for router in [
      RPCRouter([Unlisted(), VaultRegistration(FakeVault())]),
      RPCRouter([VaultRegistration(FakeVault()), Unlisted()]),
      RPCRouter([Unlisted()], restricted: true),
    ] {
      for role in Self.roles {
        #expect(await Self.call(Unlisted.method.path, of: router, as: role) == .permissionDenied)
      }
      #expect(await Self.call(Unlisted.method.path, of: router, as: nil) == .unauthenticated)
      // What nobody answers is no secret.
      #expect(await Self.call("/test.None/Get", of: router, as: "auditor") == .unimplemented)
    }
  }

  private struct Unlisted: RPCService {
    static let method = RPCMethod<GetCredentialRequest, Credential>(
      service: "test.Unlisted",
      name: "Get"
    )

    func register(with router: inout RPCRouter) {
      router.unary(Self.method) { _, _ in Credential() }
    }
  }

  /// The code that a call with one empty message ends with.
  private static func call(
    _ path: String,
    of router: RPCRouter,
    as role: String?,
    timeout: Duration = .seconds(30)
  ) async -> RPCCode {
    let peer = role.map { PeerIdentity(role: $0, instance: "1") }
    let transport = InProcessTransport(router: router, peer: peer)
    do {
      try await transport.withCall(path: path, options: CallOptions(timeout: timeout)) { call in
        // A refused call takes no message.
        try? await call.send([])
        try await call.finishSending()
        while try await call.receive() != nil {}
      }
      return .ok
    } catch {
      return (error as? RPCError)?.code ?? .unknown
    }
  }

  /// The roles of each path, from the lines `| Vault | ReleaseSecret | orchestrator, writer |`.
  private static func documented() throws -> [String: Set<String>] {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let text = try #require(TextFile.read("/\(root)/docs/architecture.md"))
    let line = /\| ((Vault|Orchestrator|Writer)\w*) \| (.+?) \| (.+?) \|/
    var cells: [String: Set<String>] = [:]
    for match in text.matches(of: line) {
      let service = "sluice.\(match.2.lowercased()).v1.\(match.1)"
      for method in match.3.split(separator: ", ") {
        let path = "/\(service)/\(method)"
        #expect(cells[path] == nil, "\(path) is documented twice")
        cells[path] = Set(match.4.split(separator: ", ").map(String.init))
      }
    }
    return cells
  }
}
