/// Sees each call that a server answers, and never its messages.
public protocol ServerInterceptor: Sendable {
  /// What looks after one method; asked once for each, so that a call need look nothing up.
  func prepared(forPath path: String) -> any ServerInterceptor

  /// Calls `next` once to have the call answered, or throws its status.
  func intercept(
    _ context: ServerContext,
    _ next: (ServerContext) async throws -> Void
  ) async throws
}

extension ServerInterceptor {
  public func prepared(forPath path: String) -> any ServerInterceptor { self }
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

extension RPCRouter {
  /// These methods behind an interceptor; the one that is added last sees a call first.
  public func intercepted(by interceptor: some ServerInterceptor) -> RPCRouter {
    mapHandlers { path, handler in
      let prepared = interceptor.prepared(forPath: path)
      return { call, context in
        try await prepared.intercept(context) { try await handler(call, $0) }
      }
    }
  }
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
