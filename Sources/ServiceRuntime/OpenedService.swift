public import RPC
public import ServiceLifecycle

/// A service, ready to be served.
public struct OpenedService: Sendable {
  /// What it answers.
  public var registrations: [any RPCService]
  /// What runs beside it, and ends when the process is to stop.
  public var background: [any Service]
  /// Whether calls can be taken; asked until it is true.
  public var isReady: @Sendable () async -> Bool
  /// Whether calls can be taken, each time it changes, from once `isReady` has been true; nil for a
  /// service that stays ready.
  public var readiness: AsyncStream<Bool>?
  /// Closes stores and connections; called once, after everything else has ended.
  public var close: @Sendable () async -> Void

  public init(
    registrations: [any RPCService],
    background: [any Service] = [],
    isReady: @escaping @Sendable () async -> Bool = { true },
    readiness: AsyncStream<Bool>? = nil,
    close: @escaping @Sendable () async -> Void
  ) {
    self.registrations = registrations
    self.background = background
    self.isReady = isReady
    self.readiness = readiness
    self.close = close
  }
}

/// A `run` function as a service of a group.
public struct BackgroundWork: Service {
  private let body: @Sendable () async throws -> Void

  public init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

  public func run() async throws { try await body() }
}
