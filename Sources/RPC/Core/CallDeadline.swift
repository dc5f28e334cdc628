/// The deadline of the call that the current task serves: it limits the calls that it makes, so
/// that no server works for a client that has stopped waiting.
///
/// A server sets it around each handler. Work that outlives its call begins with `none`.
public enum CallDeadline {
  @TaskLocal public static var current: ContinuousClock.Instant?

  /// The shorter of what a caller asks for and what is left.
  static func limit(_ timeout: Duration?) -> Duration? {
    guard let current else { return timeout }
    let left = ContinuousClock.now.duration(to: current)
    return timeout.map { min($0, left) } ?? left
  }

  /// Runs `body` under a call's deadline; without one, nothing is set.
  static func serving<Result>(
    until deadline: ContinuousClock.Instant?,
    _ body: () async throws -> Result
  ) async rethrows -> Result {
    guard let deadline else { return try await body() }
    return try await $current.withValue(deadline, operation: body)
  }

  /// Runs `body` without the deadline of the call that began it.
  public static func none<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    try await $current.withValue(nil, operation: body)
  }
}
