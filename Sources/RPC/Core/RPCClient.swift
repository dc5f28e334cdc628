internal import Wire

/// What a caller may say about one call.
public struct CallOptions: Sendable {
  public var metadata: Metadata
  /// From now on; nil waits for ever. It travels as `grpc-timeout` and is enforced here too.
  public var timeout: Duration?
  /// Takes the metadata of the response; nil when nobody wants it.
  public var response: ResponseMetadata?
  /// Waits for a connection until the deadline instead of failing while there is none; only
  /// `BalancedTransport` looks at it.
  public var waitForReady: Bool
  /// How requests are compressed; nil sends them as they are. A server that does not know it
  /// answers UNIMPLEMENTED. Responses may be compressed whatever this says.
  public var compression: MessageCompression?
  /// Whether the call may be made again; `RPCClient` takes it from the method.
  var isIdempotent = false

  public init(
    timeout: Duration? = nil,
    metadata: Metadata = Metadata(),
    waitForReady: Bool = false,
    compression: MessageCompression? = nil
  ) {
    self.timeout = timeout
    self.metadata = metadata
    self.waitForReady = waitForReady
    self.compression = compression
  }
}

extension CallOptions {
  /// As a transport needs them.
  fileprivate func effective<Request, Response>(
    for method: RPCMethod<Request, Response>
  ) -> CallOptions {
    var options = self
    options.isIdempotent = method.isIdempotent
    options.timeout = CallDeadline.limit(timeout)
    return options
  }
}

/// Carries calls to a server: over HTTP/2, or in process.
public protocol RPCTransport: Sendable {
  /// Opens a call, lends it to `body`, and closes it on every way out: when `body` throws or the
  /// task is cancelled before the response ended, the call is cancelled at the server too.
  ///
  /// - Throws: `RPCError`; UNAVAILABLE when no connection can be had.
  func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result
}

/// One call in flight, its messages as bytes. Sending and receiving may go on side by side.
///
/// `receive` gives nil when the call ended with status OK, else it throws the status.
public protocol RPCClientCall: RPCMessageSource, RPCMessageSink {
  /// Half-closes: no more messages from here.
  func finishSending() async throws
}

/// Calls methods with typed messages over any transport.
public struct RPCClient: Sendable {
  private let transport: any RPCTransport

  public init(transport: any RPCTransport) { self.transport = transport }

  public func unary<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ request: Request,
    options: CallOptions = CallOptions()
  ) async throws -> Response {
    try await transport.withCall(path: method.path, options: options.effective(for: method)) {
      call in
      try await call.send(request.wireBytes())
      try await call.finishSending()
      return try await Self.single(method, call)
    }
  }

  public func serverStreaming<Request, Response, Result: Sendable>(
    _ method: RPCMethod<Request, Response>,
    _ request: Request,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Response>) async throws -> Result
  ) async throws -> Result {
    try await transport.withCall(path: method.path, options: options.effective(for: method)) {
      call in
      try await call.send(request.wireBytes())
      try await call.finishSending()
      return try await body(
        RPCReader(call, undecodable: .internalError)
      )
    }
  }

  public func clientStreaming<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    options: CallOptions = CallOptions(),
    _ body: (RPCWriter<Request>) async throws -> Void
  ) async throws -> Response {
    try await transport.withCall(path: method.path, options: options.effective(for: method)) {
      call in
      try await body(RPCWriter(call))
      try await call.finishSending()
      return try await Self.single(method, call)
    }
  }

  /// `body` writes and reads as it likes; the request stream is half-closed by `finish`.
  public func bidirectional<Request, Response, Result: Sendable>(
    _ method: RPCMethod<Request, Response>,
    options: CallOptions = CallOptions(),
    _ body: (
      _ writer: RPCWriter<Request>, _ finish: @escaping @Sendable () async throws -> Void,
      _ reader: RPCReader<Response>
    ) async throws -> Result
  ) async throws -> Result {
    try await transport.withCall(path: method.path, options: options.effective(for: method)) {
      call in
      try await body(
        RPCWriter(call),
        { try await call.finishSending() },
        RPCReader(call, undecodable: .internalError)
      )
    }
  }

  /// Reads the one message of a call without a response stream, and its status.
  private static func single<Request, Response: WireMessage>(
    _ method: RPCMethod<Request, Response>,
    _ call: any RPCClientCall
  ) async throws -> Response {
    let reader = RPCReader<Response>(call, undecodable: .internalError)
    guard let response = try await reader.next() else {
      throw RPCError(.internalError, "\(method.path) answered OK without a message")
    }
    guard try await call.receive() == nil else {
      throw RPCError(.internalError, "\(method.path) answered more than one message")
    }
    return response
  }
}
