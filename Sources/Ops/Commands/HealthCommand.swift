import ArgumentParser
import OrchestratorAPI
import RPC
import VaultAPI
import WriterAPI

struct HealthCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Asks each service whether it takes calls.",
    discussion: "Exit code 0 when all three do, 8 when one does not."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let printer = session.printer(ServiceHealth.columns)
    let health = try await session.health()
    for service in health { try printer.add(service.record) }
    try printer.finish()
    return try session.conclude(health)
  }
}

/// How one service answered.
struct ServiceHealth: Sendable, Equatable {
  var role: ServiceRole
  var address: String
  /// `serving`, `not_serving`, `unknown` or `unreachable`.
  var status: String
  var failure: CommandFailure?

  static let columns = [
    Column("SERVICE", "service"), Column("ADDRESS", "address"), Column("STATUS", "status"),
    Column("ERROR", "error_message"),
  ]

  var record: Record {
    Record(
      name: role.rawValue,
      fields: [
        "service": .text(role.rawValue), "address": .text(address), "status": .text(status),
        "error_code": .text(orNull: failure?.code ?? ""),
        "error_message": .text(orNull: failure?.messages.first ?? ""),
      ]
    )
  }
}

extension ServiceRole {
  /// The name under which its health service knows it.
  var healthName: String {
    switch self {
    case .vault: VaultMethods.service
    case .orchestrator: OrchestratorMethods.service
    case .writer: WriterMethods.service
    }
  }
}

extension Session {
  func health() async throws -> [ServiceHealth] {
    let context = try context()
    var result: [ServiceHealth] = []
    for role in ServiceRole.allCases {
      var health = ServiceHealth(
        role: role,
        address: "\(context[role])",
        status: "unreachable",
        failure: nil
      )
      do {
        let status = try await calling(role) {
          try await HealthClient(links.client(role)).check(
            service: role.healthName,
            options: CallOptions(timeout: options.timeout ?? .seconds(5))
          )
        }
        health.status = status == .serving ? "serving" : "not_serving"
      } catch let failure as CommandFailure {
        health.failure = failure
        if failure.exit == .notFound { health.status = "unknown" }
      }
      result.append(health)
    }
    return result
  }

  func conclude(_ health: [ServiceHealth]) throws -> ExitStatus {
    let ill = health.filter { $0.status != "serving" }
    guard let first = ill.first else { return .ok }
    let names = ill.map { "\($0.role.rawValue) (\($0.status))" }.joined(separator: ", ")
    throw CommandFailure(
      "not every service takes calls: \(names)",
      hint: first.failure?.hint,
      code: "unhealthy",
      exit: first.failure.map { $0.exit == .notAuthorised ? .notAuthorised : .unreachable }
        ?? .unreachable
    )
  }
}
