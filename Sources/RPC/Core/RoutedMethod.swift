/// A method as a server answers it: its handler, and what looks after its calls.
final class RoutedMethod: Sendable {
  let path: String
  let handler: RPCRouter.Handler
  /// The first sees a call first, and its end last.
  private let interceptors: [any ServerInterceptor]

  init(
    path: String,
    handler: @escaping RPCRouter.Handler,
    interceptors: [any ServerInterceptor] = []
  ) {
    self.path = path
    self.handler = handler
    self.interceptors = interceptors
  }

  /// Has a call answered; returns when the response is complete, and throws the call's status.
  func answer(_ call: any RPCServerCall, _ context: ServerContext) async throws {
    guard !interceptors.isEmpty else {
      return try await ServingCall.with(context) { try await handler(call, context) }
    }
    let start = ContinuousClock.now
    var prepared = context
    var begun = 0
    do {
      for interceptor in interceptors {
        try interceptor.callBegins(&prepared)
        begun += 1
      }
      let context = prepared
      try await ServingCall.with(context) { try await handler(call, context) }
    } catch {
      tell(begun, prepared, RPCError(answering: error).code, since: start)
      throw error
    }
    tell(begun, prepared, .ok, since: start)
  }

  /// Tells those that have seen the call begin how it ended.
  private func tell(
    _ begun: Int,
    _ context: ServerContext,
    _ code: RPCCode,
    since start: ContinuousClock.Instant
  ) {
    let duration = start.duration(to: .now)
    for interceptor in interceptors[..<begun].reversed() {
      interceptor.callEnded(context, code, after: duration)
    }
  }
}
