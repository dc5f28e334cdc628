/// Sees each call that a server answers, and never its messages.
///
/// It is told of a call's begin and of its end, rather than put around the handler: it never
/// suspends, so that what every call passes through costs no task a detour.
public protocol ServerInterceptor: Sendable {
  /// What looks after one method; asked once for each, so that a call need look nothing up.
  func prepared(forPath path: String) -> any ServerInterceptor

  /// A call is on its way to its handler, which gets the context as it is left here.
  /// - Throws: the call's status; then neither the handler nor those behind see the call.
  func callBegins(_ context: inout ServerContext) throws(RPCError)

  /// A call that was let pass has ended.
  /// - Parameter duration: since it began, messages and waiting included.
  func callEnded(_ context: ServerContext, _ code: RPCCode, after duration: Duration)
}

extension ServerInterceptor {
  public func prepared(forPath path: String) -> any ServerInterceptor { self }
  public func callBegins(_ context: inout ServerContext) throws(RPCError) {}
  public func callEnded(_ context: ServerContext, _ code: RPCCode, after duration: Duration) {}
}

/// Sees each call that a client makes, and never its messages.
public protocol ClientInterceptor: Sendable {
  /// Calls `next` once, with the options as the call is to have them.
  func intercept<Result: Sendable>(
    _ path: String,
    _ options: CallOptions,
    _ next: (CallOptions) async throws -> Result
  ) async throws -> Result
}

/// A transport whose calls an interceptor sees.
public struct InterceptedTransport: RPCTransport {
  private let base: any RPCTransport
  private let interceptor: any ClientInterceptor

  public init(_ base: any RPCTransport, _ interceptor: any ClientInterceptor) {
    self.base = base
    self.interceptor = interceptor
  }

  public func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result {
    try await interceptor.intercept(path, options) { options in
      try await base.withCall(path: path, options: options, body)
    }
  }
}
