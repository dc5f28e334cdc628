import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Has at most one connection to a server, or one attempt at it, and hands it to calls.
final class ClientConnector: Sendable {
  private typealias Waiter = CheckedContinuation<HTTP2Handler, any Error>

  /// What a balancer wants to know; told outside the lock.
  enum Event: Sendable {
    case connected(HTTP2Handler)
    case failed(RPCError)
    /// The connection was lost or takes no more calls.
    case retired
  }

  private enum Link {
    case none
    case connecting(attempt: Int, waiters: [Int: Waiter])
    case connected(HTTP2Handler)
    case closed
  }

  private struct State {
    var link = Link.none
    var lastNumber = 0

    mutating func nextNumber() -> Int {
      lastNumber += 1
      return lastNumber
    }
  }

  let authority: String
  let scheme: String
  private let host: String
  private let port: Int
  /// In numbers; nil has the name resolved for each attempt.
  private let address: String?
  private let onEvent: @Sendable (Event) -> Void
  private let tls: TLSConfiguration?
  private let configuration: HTTP2ClientTransport.Configuration
  private let logger: Logger
  private let state = Mutex(State())

  init(
    host: String,
    port: Int,
    address: String? = nil,
    tls: TLSConfiguration?,
    configuration: HTTP2ClientTransport.Configuration,
    logger: Logger,
    onEvent: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.host = host
    self.port = port
    self.address = address
    self.onEvent = onEvent
    self.tls = tls
    self.configuration = configuration
    self.logger = logger
    authority = ServerTarget(host: host, port: port).authority
    scheme = tls == nil ? "http" : "https"
  }

  // MARK: Calls

  /// - Throws: UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED.
  func connection(deadline: ContinuousClock.Instant?) async throws -> HTTP2Handler {
    let (ready, number) = try state.withLock { state throws(RPCError) in
      switch state.link {
      case .connected(let handler): return (handler as HTTP2Handler?, 0)
      case .closed: throw Self.closedError(authority)
      case .none, .connecting: return (nil, state.nextNumber())
      }
    }
    if let ready { return ready }

    let timer = deadline.map { deadline in
      let delay = TimeAmount(max(.zero, ContinuousClock.now.duration(to: deadline)))
      return MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: delay) {
        self.fail(waiter: number, RPCError.deadlinePassed)
      }
    }
    defer { timer?.cancel() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { wait($0, number: number) }
    } onCancel: {
      fail(waiter: number, RPCError.cancelledHere)
    }
  }

  private func wait(_ waiter: Waiter, number: Int) {
    enum Next {
      case resume(Result<HTTP2Handler, any Error>)
      case connect(attempt: Int)
      case wait
    }
    let next = state.withLock { state -> Next in
      if Task.isCancelled { return .resume(.failure(RPCError.cancelledHere)) }
      switch state.link {
      case .connected(let handler): return .resume(.success(handler))
      case .closed: return .resume(.failure(Self.closedError(authority)))
      case .connecting(let attempt, var waiters):
        waiters[number] = waiter
        state.link = .connecting(attempt: attempt, waiters: waiters)
        return .wait
      case .none:
        let attempt = state.nextNumber()
        state.link = .connecting(attempt: attempt, waiters: [number: waiter])
        return .connect(attempt: attempt)
      }
    }
    switch next {
    case .resume(let result): waiter.resume(with: result)
    case .connect(let attempt): connect(attempt)
    case .wait: break
    }
  }

  /// Begins to connect, unless there is a connection or an attempt.
  func open() {
    let attempt = state.withLock { state -> Int? in
      guard case .none = state.link else { return nil }
      let attempt = state.nextNumber()
      state.link = .connecting(attempt: attempt, waiters: [:])
      return attempt
    }
    if let attempt { connect(attempt) }
  }

  private func fail(waiter number: Int, _ error: RPCError) {
    let waiter = state.withLock { state -> Waiter? in
      guard case .connecting(let attempt, var waiters) = state.link else { return nil }
      let waiter = waiters.removeValue(forKey: number)
      state.link = .connecting(attempt: attempt, waiters: waiters)
      return waiter
    }
    waiter?.resume(throwing: error)
  }

  // MARK: Connecting

  private func connect(_ attempt: Int) {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let ready = loop.makePromise(of: HTTP2Handler.self)
    let timeout = TimeAmount(configuration.connectTimeout)
    let timer = loop.scheduleTask(in: timeout) { ready.fail(ChannelError.connectTimeout(timeout)) }
    ready.futureResult.whenComplete { result in
      timer.cancel()
      self.ended(attempt, result)
    }
    let context: TLSContext?
    do {
      context = try tls.map { try TLSContext(client: $0) }
    } catch {
      return ready.fail(error)
    }
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.configure(channel, context, ready) }
      }
    let connected: EventLoopFuture<any Channel>
    do {
      connected =
        try address.map { bootstrap.connect(to: try SocketAddress(ipAddress: $0, port: port)) }
        ?? bootstrap.connect(host: host, port: port)
    } catch {
      return ready.fail(error)
    }
    connected.whenFailure { ready.fail($0) }
    connected.whenSuccess { channel in
      // Lost before it was ready, or ready too late.
      channel.closeFuture.whenComplete { _ in ready.fail(ChannelError.eof) }
      ready.futureResult.whenFailure { _ in channel.close(promise: nil) }
    }
  }

  private func configure(
    _ channel: any Channel,
    _ context: TLSContext?,
    _ ready: EventLoopPromise<HTTP2Handler>
  ) throws {
    var limits = H2Limits()
    limits.maximumMessageBytes = configuration.maximumMessageBytes
    limits.keepalive = configuration.keepalive.map {
      H2Keepalive(interval: $0.interval, timeout: $0.timeout)
    }
    let connection = ClientConnection(limits: limits)
    let handler = HTTP2Handler(
      channel: channel,
      connection: connection,
      waitsForTLS: context != nil,
      lostError: { [authority] reason in
        RPCError(
          .unavailable,
          "the connection to \(authority) was lost" + (reason.map { ": \($0)" } ?? "")
        )
      }
    )
    handler.onReady = { [weak handler] _ in
      if let handler { ready.succeed(handler) }
    }
    handler.onFailure = { ready.fail($0) }
    connection.onRetired = { [weak self, weak handler] in
      if let handler { self?.retired(handler) }
    }
    if let context {
      let engine = try context.makeEngine(serverName: host)
      try channel.pipeline.syncOperations.addHandler(
        TLSHandler(
          engine,
          handshakeTimeout: TimeAmount(configuration.connectTimeout),
          logger: logger
        )
      )
    }
    try channel.pipeline.syncOperations.addHandler(handler)
  }

  private func ended(_ attempt: Int, _ result: Result<HTTP2Handler, any Error>) {
    let (waiters, isWanted) = state.withLock { state -> ([Waiter], Bool) in
      guard case .connecting(attempt, let waiters) = state.link else { return ([], false) }
      switch result {
      case .success(let handler): state.link = .connected(handler)
      case .failure: state.link = .none
      }
      return (Array(waiters.values), true)
    }
    switch result {
    case .success(let handler):
      if !isWanted { handler.closeNow(reason: "the transport was closed") }
      if isWanted { onEvent(.connected(handler)) }
      for waiter in waiters { waiter.resume(returning: handler) }
    case .failure(let error):
      let failure = RPCError(
        .unavailable,
        "cannot connect to \(authority): \(ConnectFailure.describe(error))",
        cause: error
      )
      logger.debug("cannot connect", metadata: ["rpc.peer": "\(authority)", "error": "\(failure)"])
      if isWanted { onEvent(.failed(failure)) }
      for waiter in waiters { waiter.resume(throwing: failure) }
    }
  }

  private func retired(_ handler: HTTP2Handler) {
    let wasCurrent = state.withLock { state in
      guard case .connected(let current) = state.link, current === handler else { return false }
      state.link = .none
      return true
    }
    if wasCurrent { onEvent(.retired) }
  }

  // MARK: Closing

  /// - Returns: what ends when the connection has, if there was one.
  @discardableResult
  func close() -> Task<Void, Never>? {
    let (handler, waiters) = state.withLock { state -> (HTTP2Handler?, [Waiter]) in
      defer { state.link = .closed }
      switch state.link {
      case .none, .closed: return (nil, [])
      case .connecting(_, let waiters): return (nil, Array(waiters.values))
      case .connected(let handler): return (handler, [])
      }
    }
    for waiter in waiters { waiter.resume(throwing: Self.closedError(authority)) }
    guard let handler else { return nil }
    let closed = handler.closed
    handler.sayGoodbye()
    return Task { try? await closed.get() }
  }

  /// Lets the calls in flight end, and takes no more.
  func drain() {
    let handler = state.withLock { state -> HTTP2Handler? in
      guard case .connected(let handler) = state.link else { return nil }
      state.link = .closed
      return handler
    }
    if let handler { handler.finishCalls() } else { close() }
  }

  private static func closedError(_ authority: String) -> RPCError {
    RPCError(.unavailable, "the transport to \(authority) was closed")
  }
}
