internal import Wire

/// Gives a service's handlers to a router; every service is one of these to a server.
public protocol RPCService: Sendable {
  func register(with router: inout RPCRouter)
  /// The files that declare it, for `ReflectionService`; none unless it says so.
  var protoFiles: [ProtoFile] { get }
}

extension RPCService {
  public var protoFiles: [ProtoFile] { [] }
}

/// The methods that a server answers, by path.
public struct RPCRouter: Sendable {
  /// A call with its messages as bytes: what every shape comes down to.
  ///
  /// It returns when the response is complete; what it throws becomes the call's status.
  public typealias Handler =
    @Sendable (_ call: any RPCServerCall, _ context: ServerContext) async throws -> Void

  public private(set) var handlers: [String: Handler] = [:]
  /// Run when the server begins to stop gracefully, before calls in flight are waited for.
  private(set) var stopHooks: [@Sendable () -> Void] = []

  public init(_ services: [any RPCService] = []) {
    for service in services { service.register(with: &self) }
  }

  public func handler(forPath path: String) -> Handler? { handlers[path] }

  /// Has a service end its endless streams when the server begins to stop.
  public mutating func onGracefulStop(_ hook: @escaping @Sendable () -> Void) {
    stopHooks.append(hook)
  }

  /// The same methods, each with its handler as `change` makes it.
  func mapHandlers(_ change: (String, @escaping Handler) -> Handler) -> RPCRouter {
    var result = self
    for (path, handler) in handlers { result.handlers[path] = change(path, handler) }
    return result
  }

  /// The fully qualified names of the services with at least one method.
  public var serviceNames: Set<String> {
    Set(handlers.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
  }

  public mutating func unary<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body: @escaping @Sendable (Request, ServerContext) async throws -> Response
  ) {
    handlers[method.path] = { call, context in
      let request = try await Self.single(Request.self, call)
      let response = try await body(request, context).wireBytes()
      if try !call.sendReady(response) { try await call.send(response) }
    }
  }

  public mutating func serverStreaming<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body: @escaping @Sendable (Request, RPCWriter<Response>, ServerContext) async throws -> Void
  ) {
    handlers[method.path] = { call, context in
      let request = try await Self.single(Request.self, call)
      try await body(request, RPCWriter(call), context)
    }
  }

  public mutating func clientStreaming<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body: @escaping @Sendable (RPCReader<Request>, ServerContext) async throws -> Response
  ) {
    handlers[method.path] = { call, context in
      let response = try await body(RPCReader(call), context)
      try await call.send(response.wireBytes())
    }
  }

  public mutating func bidirectional<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body:
      @escaping @Sendable (RPCReader<Request>, RPCWriter<Response>, ServerContext)
      async
      throws -> Void
  ) {
    handlers[method.path] = { call, context in
      try await body(RPCReader(call), RPCWriter(call), context)
    }
  }

  /// Reads the one message that a call without a request stream must have.
  private static func single<Request: WireMessage>(
    _: Request.Type,
    _ call: any RPCServerCall
  ) async throws -> Request {
    guard let request = try await RPCReader<Request>(call).next() else {
      throw RPCError(.internalError, "the call ended without a request message")
    }
    return request
  }
}

/// One call as its handler's side of a transport carries it.
public protocol RPCServerCall: RPCMessageSource, RPCMessageSink {}
