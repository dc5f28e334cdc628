import RPC
import Synchronization

/// One of several servers behind a name.
final class Replica: RPCService {
  static let name = "test.Replica"
  static let echo = RPCMethod<Note, Note>(service: name, name: "Echo", isIdempotent: true)
  static let hold = RPCMethod<Note, Note>(service: name, name: "Hold", isIdempotent: true)
  static let holdOnce = RPCMethod<Note, Note>(service: name, name: "HoldOnce")

  let calls = Gauge()
  let held = Gauge()
  /// Lets what is held return, at every replica.
  let release: Gauge

  init(release: Gauge) { self.release = release }

  func register(with router: inout RPCRouter) {
    router.unary(Self.echo) { request, _ in
      self.calls.add()
      return request
    }
    for method in [Self.hold, Self.holdOnce] {
      router.unary(method) { request, _ in
        self.calls.add()
        self.held.add()
        try await self.release.reach(1)
        return request
      }
    }
  }
}

/// A name server for tests.
final class ListedAddresses: AddressResolver {
  private let state: Mutex<[String]>
  let queries = Gauge()

  init(_ addresses: [String]) { state = Mutex(addresses) }

  func list(_ addresses: [String]) { state.withLock { $0 = addresses } }

  func addresses(of target: ServerTarget) async throws -> [String] {
    defer { queries.add() }
    return state.withLock { $0 }
  }
}

/// Servers with the same port, and a client that knows them by one name.
struct House: Sendable {
  var services: [Replica]
  var servers: [Task<Void, any Error>]
  var resolver: ListedAddresses
  var transport: BalancedTransport
  var release: Gauge

  var client: RPCClient { RPCClient(transport: transport) }

  func kill(_ index: Int) { servers[index].cancel() }

  /// nil when the call was answered.
  func outcome(
    _ method: RPCMethod<Note, Note>,
    _ options: CallOptions = CallOptions()
  ) async -> RPCCode? {
    do {
      _ = try await client.unary(method, Note(), options: options)
      return nil
    } catch {
      return (error as? RPCError)?.code ?? .unknown
    }
  }

  func callUntil(_ condition: () -> Bool) async throws {
    while !condition() {
      _ = try await client.unary(Replica.echo, Note(), options: CallOptions(waitForReady: true))
    }
  }

  func callUntilAllAnswer() async throws {
    try await callUntil { services.allSatisfy { $0.calls.value > 0 } }
  }
}

/// - Parameter listed: how many of the addresses the name has at first.
func withHouse(
  _ addresses: [String],
  listed: Int? = nil,
  _ body: (House) async throws -> Void
) async throws {
  let release = Gauge()
  let services = addresses.map { _ in Replica(release: release) }
  var servers: [Task<Void, any Error>] = []
  var port = 0
  for (address, service) in zip(addresses, services) {
    let server = HTTP2Server(
      host: address,
      port: port,
      tls: nil,
      router: RPCRouter([service]),
      logger: quietLogger
    )
    servers.append(Task { try await server.run() })
    port = try await server.boundPort
  }
  let resolver = ListedAddresses(Array(addresses.prefix(listed ?? addresses.count)))
  var configuration = BalancedTransport.Configuration()
  configuration.resolveInterval = .milliseconds(20)
  configuration.reconnectBackoff.initial = .milliseconds(5)
  let transport = BalancedTransport(
    targets: [ServerTarget(host: "replicas.test", port: port)],
    tls: nil,
    resolver: resolver,
    configuration: configuration,
    logger: quietLogger
  )
  let house = House(
    services: services,
    servers: servers,
    resolver: resolver,
    transport: transport,
    release: release
  )
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(house))
  } catch {
    result = .failure(error)
  }
  release.add()
  await transport.close()
  for server in servers { server.cancel() }
  for server in servers { _ = try? await server.value }
  try result.get()
}
