import OrchestratorAPI
import RPC
import ServiceRuntime
import SyncModel
import Synchronization
import TestSupport
import VaultAPI
import WriterAPI

@testable import Ops

/// Keeps what a command writes.
final class MemoryOutput: ByteOutput {
  let isTerminal: Bool
  private let bytes = Mutex<[UInt8]>([])

  init(isTerminal: Bool = false) { self.isTerminal = isTerminal }

  func write(_ new: [UInt8]) { bytes.withLock { $0 += new } }
  func flush() {}
  var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}

/// What a command line did.
struct Outcome {
  var exit: Int32
  var output: String
  var errors: String
}

/// A CLI in front of fakes of the three services.
final class CommandBench: Sendable {
  let vault = FakeVault()
  let orchestrator = FakeOrchestrator()
  let writer = FakeWriter()
  private let health = [ServiceRole: HealthService](
    uniqueKeysWithValues: ServiceRole.allCases.map { role in
      let health = HealthService()
      health.set(.serving, service: role.healthName)
      return (role, health)
    }
  )
  private let settings = Mutex(Settings())

  struct Settings {
    var down: Set<ServiceRole> = []
    var role = "operator"
    var standardInput: [UInt8] = []
    var variables = [
      "SLUICE_VAULT": "127.0.0.1:1", "SLUICE_ORCHESTRATOR": "127.0.0.1:2",
      "SLUICE_WRITER": "127.0.0.1:3", "SLUICE_TLS_CERT": "c", "SLUICE_TLS_KEY": "k",
      "SLUICE_TLS_CA": "a",
    ]
    var errorsIsTerminal = false
    /// The interruption that comes once the command has asked for the run's state.
    var interrupts = false
  }

  func set(_ change: (inout Settings) -> Void) { settings.withLock { change(&$0) } }

  func run(_ arguments: String...) async -> Outcome { await run(arguments) }

  func run(_ arguments: [String]) async -> Outcome {
    let settings = settings.withLock { $0 }
    let output = MemoryOutput()
    let errors = MemoryOutput(isTerminal: settings.errorsIsTerminal)
    let environment = CommandEnvironment(
      variables: settings.variables,
      output: output,
      errors: errors,
      readStandardInput: { settings.standardInput },
      connect: { role, _ in self.link(role, settings) },
      world: .simulated(),
      interruption: {
        // "Never", unless the test wants one as soon as a run is under way.
        while !Task.isCancelled {
          if settings.interrupts, self.orchestrator.state.withLock({ !$0.runs.isEmpty }) { return }
          try? await Task.sleep(for: .milliseconds(1))
        }
      },
      programDirectory: { nil }
    )
    let exit = await CommandRunner.run(arguments, in: environment)
    return Outcome(exit: exit, output: output.text, errors: errors.text)
  }

  private func link(_ role: ServiceRole, _ settings: Settings) -> ServiceLink {
    var router = RPCRouter()
    if settings.down.contains(role) {
      return ServiceLink(client: RPCClient(transport: Unreachable()), close: {})
    }
    switch role {
    case .vault: VaultRegistration(vault).register(with: &router)
    case .orchestrator: OrchestratorRegistration(orchestrator).register(with: &router)
    case .writer: WriterRegistration(writer).register(with: &router)
    }
    health[role]?.register(with: &router)
    let peer = PeerIdentity(role: settings.role, instance: "test")
    return ServiceLink(
      client: RPCClient(transport: InProcessTransport(router: router, peer: peer)),
      close: {}
    )
  }
}

/// As a transport whose address nobody listens at.
struct Unreachable: RPCTransport {
  func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result {
    throw RPCError(.unavailable, "connection refused")
  }
}

extension FakeOrchestrator {
  /// One active sync, tested, named purchases.
  func addActiveSync() {
    state.withLock { state in
      state.syncs.append(
        Sync(
          workspace: "default",
          name: "purchases",
          source: "shop",
          table: "public.purchases",
          data: .purchases,
          destination: "profiles",
          schedule: "manual",
          contacts: ["ops@example.com"],
          state: .active,
          tested: true
        )
      )
    }
  }
}
