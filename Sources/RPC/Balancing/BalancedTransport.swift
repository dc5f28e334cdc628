public import Logging

/// Calls a service over all the addresses behind its name, one connection each.
///
/// Each call takes the connection with the fewest calls in flight. The name is resolved at the
/// first call, again on a timer, and when a connection is lost or its server stops: an address
/// that appears gets calls, one that vanishes ends its calls and gets no more. A connection that
/// fails is tried again with growing delays; while none is left, calls fail at once with
/// UNAVAILABLE, unless they wait for one (`CallOptions.waitForReady`).
///
/// Calls of idempotent methods with one request message are made again as `RetryPolicy` says.
public final class BalancedTransport: RPCTransport, Sendable {
  public struct Configuration: Sendable {
    public var connection = HTTP2ClientTransport.Configuration()
    /// Between two resolutions, within 20 %.
    public var resolveInterval = Duration.seconds(5)
    public var reconnectBackoff = Backoff()
    public var retry = RetryPolicy()

    public init() {}
  }

  private let pool: ConnectionPool
  private let scheme: String

  /// - Parameters:
  ///   - targets: where the service is; the addresses of all of them are balanced over.
  ///   - tls: nil speaks plaintext.
  public init(
    targets: [ServerTarget],
    tls: TLSConfiguration?,
    resolver: any AddressResolver = SystemResolver(),
    configuration: Configuration = Configuration(),
    logger: Logger
  ) {
    pool = ConnectionPool(
      targets: targets,
      tls: tls,
      resolver: resolver,
      configuration: configuration,
      logger: logger
    )
    scheme = tls == nil ? "http" : "https"
  }

  deinit { pool.close() }

  public func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result {
    if let timeout = options.timeout, timeout <= .zero { throw RPCError.deadlinePassed }
    let request = ClientRequest(
      path: path,
      authority: "",
      scheme: scheme,
      metadata: try options.metadata.normalizedForWire(),
      deadline: options.timeout.map { ContinuousClock.now.advanced(by: $0) },
      response: options.response,
      compression: options.compression
    )
    let lease = try await pool.lease(
      deadline: request.deadline,
      waitsForReady: options.waitForReady
    )
    let call = BalancedCall(
      pool: pool,
      lease: lease,
      request: request,
      isIdempotent: options.isIdempotent,
      waitsForReady: options.waitForReady
    )
    defer { call.close() }
    return try await body(call)
  }

  /// Says goodbye; calls in flight end with UNAVAILABLE, and so do later ones.
  public func close() async {
    for end in pool.close() { await end.value }
  }
}
