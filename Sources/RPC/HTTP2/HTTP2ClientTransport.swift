public import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Calls a server over one HTTP/2 connection; `BalancedTransport` is for services with replicas.
///
/// It connects when a call needs it, shares the connection between calls, and connects again after
/// it was lost or the server said goodbye. Calls in flight on a lost connection end with
/// UNAVAILABLE.
public final class HTTP2ClientTransport: RPCTransport, Sendable {
  public struct Configuration: Sendable {
    /// For name resolution, TCP and TLS together.
    public var connectTimeout = Duration.seconds(5)
    /// Longest response message in bytes; a longer one ends its call with RESOURCE_EXHAUSTED.
    public var maximumMessageBytes = 4 * 1024 * 1024

    /// nil, the default, leaves it to TCP to notice that a server is gone.
    public var keepalive: Keepalive?

    public init() {}
  }

  /// Pings while calls are in flight and nothing arrives.
  public struct Keepalive: Sendable {
    /// Of silence, before a ping; servers take pings under 10 s apart for an attack.
    public var interval: Duration
    /// For the answer; without one the connection is given up.
    public var timeout: Duration

    public init(interval: Duration = .seconds(30), timeout: Duration = .seconds(10)) {
      self.interval = interval
      self.timeout = timeout
    }
  }

  private let connector: ClientConnector

  /// - Parameters:
  ///   - host: a DNS name or an IP address; with TLS the server's certificate must name it.
  ///   - tls: nil speaks plaintext.
  public init(
    host: String,
    port: Int,
    tls: TLSConfiguration?,
    configuration: Configuration = Configuration(),
    logger: Logger
  ) {
    connector = ClientConnector(
      host: host,
      port: port,
      tls: tls,
      configuration: configuration,
      logger: logger
    )
  }

  deinit { connector.close() }

  public func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result {
    if let timeout = options.timeout, timeout <= .zero { throw RPCError.deadlinePassed }
    let request = ClientRequest(
      path: path,
      authority: connector.authority,
      scheme: connector.scheme,
      metadata: try options.metadata.normalizedForWire(),
      deadline: options.timeout.map { ContinuousClock.now.advanced(by: $0) },
      response: options.response,
      compression: options.compression
    )
    let handler = try await connector.connection(deadline: request.deadline)
    let call = HTTP2ClientCall(CallPipe(waker: handler, request: request))
    defer { call.close() }
    return try await body(call)
  }

  /// Says goodbye; calls in flight end with UNAVAILABLE, and so do later ones.
  public func close() async {
    await connector.close()?.value
  }
}

/// One call on its connection.
final class HTTP2ClientCall: RPCClientCall {
  private let pipe: CallPipe
  private let isOver = Atomic<Bool>(false)

  init(_ pipe: CallPipe) { self.pipe = pipe }

  func send(_ message: [UInt8]) async throws { try await pipe.send(message) }

  func sendReady(_ message: [UInt8]) throws -> Bool { try pipe.sendReady(message) }

  func sendUncompressed(_ message: [UInt8]) async throws {
    try await pipe.sendUncompressed(message)
  }

  func finishSending() async throws { pipe.finish(.finished) }

  func receive() async throws -> [UInt8]? {
    do {
      if let message = try await pipe.receive() { return message }
      isOver.store(true, ordering: .relaxed)
      return nil
    } catch {
      failed()
      throw error
    }
  }

  func receiveReady() throws -> RPCReadiness {
    do {
      let ready = try pipe.receiveReady()
      if case .end = ready { isOver.store(true, ordering: .relaxed) }
      return ready
    } catch {
      failed()
      throw error
    }
  }

  private func failed() {
    // A cancelled task leaves its call open.
    if !Task.isCancelled { isOver.store(true, ordering: .relaxed) }
  }

  /// Cancels the call at the server unless its end was seen.
  func close() {
    if !isOver.load(ordering: .relaxed) { pipe.abandon(.cancelledHere) }
  }
}
