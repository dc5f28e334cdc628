/// Carries a trace from call to call: a handler runs in the trace that its caller named, or begins
/// one; the calls that it makes go on with it.
public struct CallTracing: ServerInterceptor, ClientInterceptor {
  static let key = "traceparent"

  public init() {}

  public func intercept(
    _ context: ServerContext,
    _ next: (ServerContext) async throws -> Void
  ) async throws {
    let trace = Self.given(context.metadata)?.child() ?? .root()
    try await TraceContext.$current.withValue(trace) { try await next(context) }
  }

  private static func given(_ metadata: Metadata) -> TraceContext? {
    for entry in metadata.entries where entry.name == key {
      if case .text(let text) = entry.value { return TraceContext(traceparent: text) }
    }
    return nil
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
