/// Carries a trace from call to call: a handler runs in the trace that its caller named, or begins
/// one; the calls that it makes go on with it.
public struct CallTracing: ServerInterceptor, ClientInterceptor {
  static let key = "traceparent"

  public init() {}

  public func callBegins(_ context: inout ServerContext) throws(RPCError) {
    context.trace = Self.given(context.metadata)?.child() ?? .root()
  }

  private static func given(_ metadata: Metadata) -> TraceContext? {
    metadata.withFirst(key, TraceContext.init(traceparent:))
  }

  public func intercept<Result: Sendable>(
    _ path: String,
    _ options: CallOptions,
    _ next: (CallOptions) async throws -> Result
  ) async throws -> Result {
    var options = options
    let trace = TraceContext.current?.child() ?? .root()
    options.metadata.set(Self.key, trace.traceparent)
    return try await next(options)
  }
}
