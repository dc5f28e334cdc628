import OrchestratorAPI
import RPC
import VaultAPI
import WriterAPI

/// A way to one service, and its end.
struct ServiceLink: Sendable {
  var client: RPCClient
  var close: @Sendable () async -> Void
}

/// The clients of the three services, made when they are first asked for.
final class ServiceLinks {
  private let connect: (ServiceRole) throws -> ServiceLink
  private var links: [ServiceRole: ServiceLink] = [:]

  init(connect: @escaping (ServiceRole) throws -> ServiceLink) { self.connect = connect }

  func client(_ role: ServiceRole) throws -> RPCClient {
    if let link = links[role] { return link.client }
    let link = try connect(role)
    links[role] = link
    return link.client
  }

  func vault() throws -> VaultClient { VaultClient(try client(.vault)) }
  func vaultOperations() throws -> VaultOperationsClient {
    VaultOperationsClient(try client(.vault))
  }
  func orchestrator() throws -> OrchestratorClient { OrchestratorClient(try client(.orchestrator)) }
  func writer() throws -> WriterClient { WriterClient(try client(.writer)) }

  func close() async {
    for link in links.values { await link.close() }
    links = [:]
  }
}
