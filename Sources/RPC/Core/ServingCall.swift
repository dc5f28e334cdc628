/// What the current task knows of the call that it serves: the calls that it makes go on with it.
///
/// One task-local value for all of it, as each costs every call.
enum ServingCall {
  struct Values: Sendable {
    var deadline: ContinuousClock.Instant?
    var trace: TraceContext?
  }

  @TaskLocal static var current: Values?

  /// Runs a handler for a call; where there is nothing to know, nothing is set.
  static func with<Result>(
    _ context: ServerContext,
    _ body: () async throws -> Result
  ) async rethrows -> Result {
    let values = Values(deadline: context.deadline, trace: context.trace)
    if values.deadline == nil, values.trace == nil { return try await body() }
    return try await $current.withValue(values, operation: body)
  }
}
