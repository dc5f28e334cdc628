public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// Serves a router's methods over HTTP/2.
///
/// `run()` listens until its task is cancelled, which ends every call at once, or until its service
/// group shuts down gracefully: then calls in flight have the grace period to end.
public final class HTTP2Server: Service, Sendable {
  public struct Configuration: Sendable {
    /// Longest request message in bytes; a longer one ends its call with RESOURCE_EXHAUSTED.
    public var maximumMessageBytes = 4 * 1024 * 1024
    /// Calls at a time on one connection.
    public var maximumConcurrentStreams = 100
    /// The text that `GET /` and `POST /` answer: what serves here. Not empty, for HTTP/2 suites.
    public var page = "gRPC\n"
    /// How long calls in flight may go on after a graceful shutdown began.
    public var gracePeriod = Duration.seconds(10)
    /// How long a client may take for its TLS handshake.
    public var handshakeTimeout = Duration.seconds(10)
    /// Connections at a time of one identity, as certificates name them; further ones are refused
    /// with GOAWAY. Plaintext connections have none, and no limit.
    public var maximumConnectionsPerIdentity = 256
    /// How old a connection may become, give or take 10 %: then its client is told to make a new
    /// one, so that replicas which were added later get their share. nil lets it live.
    public var maximumConnectionAge: Duration?
    /// How long calls may go on when their connection has become too old.
    public var maximumConnectionAgeGrace = Duration.seconds(600)
    /// Whether handlers run on their connection's event loop: fastest for handlers that wait or
    /// answer quickly. false has them run on the global pool, for handlers that compute for
    /// milliseconds and would hold up the other calls of their connection.
    public var handlersRunOnEventLoop = true

    public init() {}
  }

  private let host: String
  private let port: Int
  private let tls: TLSConfiguration?
  private let methods: MethodTable
  private let stopHooks: [@Sendable () -> Void]
  private let logger: Logger
  private let configuration: Configuration
  private let calls = CallCounter()
  private let connections = ServerConnections()

  /// - Parameters:
  ///   - port: 0 takes a free one; see `boundPort`.
  ///   - tls: nil serves plaintext, without peer identities.
  public init(
    host: String,
    port: Int,
    tls: TLSConfiguration?,
    router: RPCRouter,
    logger: Logger,
    configuration: Configuration = Configuration()
  ) {
    self.host = host
    self.port = port
    self.tls = tls
    methods = MethodTable(router)
    stopHooks = router.stopHooks
    self.logger = logger
    self.configuration = configuration
  }

  /// The port that is listened on; suspends until it is.
  /// - Throws: why the server cannot listen.
  public var boundPort: Int {
    get async throws { try await connections.port() }
  }

  /// - Throws: when the address cannot be listened on, or the certificates cannot be used.
  public func run() async throws {
    do {
      let listener = try await listen()
      connections.listening(on: listener.localAddress?.port ?? port)
      logger.info(
        "listening",
        metadata: ["rpc.host": "\(host)", "rpc.port": "\(listener.localAddress?.port ?? port)"]
      )
      await serve(listener)
    } catch {
      connections.failed(error)
      throw error
    }
  }

  private func listen() async throws -> any Channel {
    let identity = try tls.map { try TLSServerIdentity($0, logger: logger) }
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.accept(channel, identity) }
      }
    do {
      return try await bootstrap.bind(host: host, port: port).get()
    } catch {
      throw RPCError(
        .unavailable,
        "cannot listen on \(host):\(port): \(ConnectFailure.describe(error))",
        cause: error
      )
    }
  }

  private func accept(_ channel: any Channel, _ identity: TLSServerIdentity?) throws {
    let connection = makeConnection(on: channel.eventLoop)
    let handler = HTTP2Handler(
      channel: channel,
      connection: connection,
      waitsForTLS: identity != nil,
      wipesFrames: tls?.wipesPlaintext ?? false,
      lostError: { reason in
        RPCError(
          .cancelled,
          "the connection to the client was lost" + (reason.map { ": \($0)" } ?? "")
        )
      }
    )
    connection.waker = handler
    handler.onReady = { [unowned handler] in self.admit($0, connection, handler) }
    handler.onMisconduct = { [logger, weak channel, unowned connection] reason in
      let peer = connection.peer?.uri ?? channel?.remoteAddress.map { "\($0)" }
      logger.warning(
        "ended a connection for what its peer did",
        metadata: ["reason": "\(reason)", "rpc.peer": "\(peer ?? "unknown")"]
      )
    }
    if let identity {
      let engine = try identity.current().makeEngine()
      try channel.pipeline.syncOperations.addHandler(
        TLSHandler(
          engine,
          handshakeTimeout: TimeAmount(configuration.handshakeTimeout),
          wipesPlaintext: tls?.wipesPlaintext ?? false,
          logger: logger
        )
      )
    }
    try channel.pipeline.syncOperations.addHandler(handler)
    guard connections.add(handler) else { throw ChannelError.ioOnClosedChannel }
    channel.closeFuture.whenComplete { _ in self.connections.remove(handler) }
    limitAge(of: handler)
  }

  private func makeConnection(on loop: any EventLoop) -> ServerConnection {
    var limits = H2Limits()
    limits.maximumMessageBytes = configuration.maximumMessageBytes
    limits.page = configuration.page
    limits.concurrentStreams = configuration.maximumConcurrentStreams
    // Twice the streams: calls that were reset may still be ending.
    let running = RunningCalls(limit: configuration.maximumConcurrentStreams * 2, all: calls)
    let executor = configuration.handlersRunOnEventLoop ? LoopTaskExecutor(loop) : nil
    return ServerConnection(
      methods: methods,
      limits: limits,
      running: running,
      start: HandlerTask.starter(running: running, executor: executor, logger: logger)
    )
  }

  /// The client has shown who it is, if it has to.
  private func admit(
    _ peer: PeerIdentity?,
    _ connection: ServerConnection,
    _ handler: HTTP2Handler
  ) {
    connection.peer = peer
    let limit = configuration.maximumConnectionsPerIdentity
    guard let peer, !connections.admit(handler, of: peer, limit: limit) else { return }
    connection.refusal = "\(peer.uri) has \(limit) connections already"
    logger.warning("refused a connection", metadata: ["reason": "\(connection.refusal ?? "")"])
  }

  private func limitAge(of handler: HTTP2Handler) {
    guard let age = configuration.maximumConnectionAge else { return }
    let grace = TimeAmount(configuration.maximumConnectionAgeGrace)
    // Jitter: clients that came together must not come back together.
    let timer = handler.loop.scheduleTask(in: TimeAmount(age * Double.random(in: 0.9...1.1))) {
      handler.drain(grace: grace)
    }
    handler.closed.whenComplete { _ in timer.cancel() }
  }

  /// Waits for the end of serving, and sees everything out.
  private func serve(_ listener: any Channel) async {
    await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        try? await listener.closeFuture.get()
      } onGracefulShutdown: {
        listener.close(promise: nil)
      }
      if !Task.isCancelled {
        for hook in stopHooks { hook() }
        connections.drain(grace: TimeAmount(configuration.gracePeriod))
      } else {
        connections.closeAll()
      }
      await connections.waitForNone()
      await calls.waitForNone()
    } onCancel: {
      listener.close(promise: nil)
      connections.closeAll()
    }
    logger.info("stopped listening", metadata: ["rpc.host": "\(host)", "rpc.port": "\(port)"])
  }
}
