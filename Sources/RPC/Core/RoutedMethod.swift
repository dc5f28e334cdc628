/// A method as a server answers it: its handler, and what looks after its calls.
final class RoutedMethod: Sendable {
  let path: String
  private let handler: RPCRouter.Handler
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

  /// Has a call answered.
  ///
  /// In one piece: each asynchronous function between a task and its handler costs every call.
  /// - Returns: nil when the response is complete, else what the call failed with.
  @inline(__always)
  func answer(_ call: any RPCServerCall, _ context: ServerContext) async -> (any Error)? {
    let looksAfter = !interceptors.isEmpty
    let start = looksAfter ? ContinuousClock.now : nil
    var context = context
    var begun = 0
    var failure: (any Error)? = begin(&context, &begun)
    if failure == nil {
      do {
        let values = ServingCall.Values(deadline: context.deadline, trace: context.trace)
        if values.deadline == nil, values.trace == nil {
          try await handler(call, context)
        } else {
          let context = context
          try await ServingCall.$current.withValue(values) { try await handler(call, context) }
        }
      } catch {
        failure = error
      }
    }
    if let start {
      end(begun, context, failure.map { RPCError(answering: $0).code } ?? .ok, since: start)
    }
    return failure
  }

  private func begin(_ context: inout ServerContext, _ begun: inout Int) -> RPCError? {
    // By index: a loop over the elements would copy each.
    for index in interceptors.indices {
      do throws(RPCError) {
        try interceptors[index].callBegins(&context)
      } catch {
        return error
      }
      begun += 1
    }
    return nil
  }

  /// Tells those that have seen the call begin how it ended.
  private func end(
    _ begun: Int,
    _ context: ServerContext,
    _ code: RPCCode,
    since start: ContinuousClock.Instant
  ) {
    let duration = start.duration(to: .now)
    for index in interceptors.indices.prefix(begun).reversed() {
      interceptors[index].callEnded(context, code, after: duration)
    }
  }
}
