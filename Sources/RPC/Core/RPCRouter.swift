public import Wire

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

  private var handlers: [String: Handler] = [:]
  private var interceptors: [any ServerInterceptor] = []
  /// Asked only where calls are restricted.
  private var roles = RoleTable()
  private var isRestricted: Bool
  /// Run when the server begins to stop gracefully, before calls in flight are waited for.
  private(set) var stopHooks: [@Sendable () -> Void] = []

  /// - Parameter restricted: methods that no service has allowed anybody are for nobody, also where
  ///   no service has said a word about roles.
  public init(_ services: [any RPCService] = [], restricted: Bool = false) {
    isRestricted = restricted
    for service in services { service.register(with: &self) }
  }

  /// Lets only the roles of a table call its methods; from then on a method that is in no table,
  /// whichever service's it is, is for nobody.
  public mutating func restrict(to table: RoleTable) {
    roles.merge(table)
    isRestricted = true
  }

  /// For what is no service's own: where calls are restricted, every role may make these.
  mutating func allowEveryRole<Request, Response>(toCall method: RPCMethod<Request, Response>) {
    roles.allowEveryRole(toCall: method)
  }

  /// `/package.Service/Method` of each.
  public var paths: Set<String> { Set(handlers.keys) }

  /// The same methods behind an interceptor; the one that is added last sees a call first.
  public func intercepted(by interceptor: some ServerInterceptor) -> RPCRouter {
    var result = self
    result.interceptors.insert(interceptor, at: 0)
    return result
  }

  /// The method of that path, if there is one.
  func method(atPath path: String) -> RoutedMethod? {
    handlers[path].map { handler in
      RoutedMethod(
        path: path,
        handler: handler,
        interceptors: interceptors.map { $0.prepared(forPath: path) }
          + (isRestricted ? [Authorisation(roles, path: path)] : [])
      )
    }
  }

  var methods: [RoutedMethod] { handlers.keys.compactMap(method(atPath:)) }

  /// Has a service end its endless streams when the server begins to stop.
  public mutating func onGracefulStop(_ hook: @escaping @Sendable () -> Void) {
    stopHooks.append(hook)
  }

  /// The fully qualified names of the services with at least one method.
  public var serviceNames: Set<String> {
    Set(handlers.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
  }

  @inlinable
  public mutating func unary<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body: @escaping @Sendable (Request, ServerContext) async throws -> Response
  ) {
    add(method.path) { call, context in
      let request: Request
      // Nearly always it is here already: then nothing is waited for.
      if case .message(let bytes) = try call.receiveReady() {
        request = try RPCReader<Request>.decode(bytes)
      } else {
        request = try await Self.single(Request.self, call)
      }
      let response = try await body(request, context).wireBytes()
      if try !call.sendReady(response) { try await call.send(response) }
    }
  }

  @inlinable
  public mutating func serverStreaming<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body: @escaping @Sendable (Request, RPCWriter<Response>, ServerContext) async throws -> Void
  ) {
    add(method.path) { call, context in
      let request = try await Self.single(Request.self, call)
      try await body(request, RPCWriter(call), context)
    }
  }

  @inlinable
  public mutating func clientStreaming<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body: @escaping @Sendable (RPCReader<Request>, ServerContext) async throws -> Response
  ) {
    add(method.path) { call, context in
      let response = try await body(RPCReader(call), context)
      try await call.send(response.wireBytes())
    }
  }

  @inlinable
  public mutating func bidirectional<Request, Response>(
    _ method: RPCMethod<Request, Response>,
    _ body:
      @escaping @Sendable (RPCReader<Request>, RPCWriter<Response>, ServerContext)
      async
      throws -> Void
  ) {
    add(method.path) { call, context in
      try await body(RPCReader(call), RPCWriter(call), context)
    }
  }

  @usableFromInline
  mutating func add(_ path: String, _ handler: @escaping Handler) { handlers[path] = handler }

  /// Reads the one message that a call without a request stream must have.
  @inlinable
  static func single<Request: WireMessage>(
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
