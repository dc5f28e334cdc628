/// The deadline of the call that the current task serves: it limits the calls that it makes, so
/// that no server works for a client that has stopped waiting.
///
/// A server sets it around each handler. Work that outlives its call begins with `none`.
public enum CallDeadline {
  public static var current: ContinuousClock.Instant? { ServingCall.current?.deadline }

  /// The shorter of what a caller asks for and what is left.
  static func limit(_ timeout: Duration?) -> Duration? {
    guard let current else { return timeout }
    let left = ContinuousClock.now.duration(to: current)
    return timeout.map { min($0, left) } ?? left
  }

  /// Runs `body` without the deadline of the call that began it.
  public static func none<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    var values = ServingCall.current
    values?.deadline = nil
    return try await ServingCall.$current.withValue(values, operation: body)
  }
}
