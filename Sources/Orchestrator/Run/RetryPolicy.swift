/// For how long, and how often, something that may come back is tried again.
struct RetryPolicy: Sendable, Equatable {
  /// From the first failure to the last try.
  var limit: Duration
  var firstDelay: Duration
  var longestDelay: Duration
  /// Tries after the first one; nil: as many as fit in the limit.
  var attempts: Int?

  /// A peer that restarts is back within half a minute.
  static let peer = RetryPolicy(
    limit: .seconds(30),
    firstDelay: .milliseconds(100),
    longestDelay: .seconds(2)
  )
  /// A database that is busy or full for a moment; a stop waits for it.
  static let record = RetryPolicy(
    limit: .seconds(5),
    firstDelay: .milliseconds(100),
    longestDelay: .seconds(1)
  )
  /// A person may be waiting for the run, and the next one is not far.
  static let warehouse = RetryPolicy(
    limit: .seconds(10),
    firstDelay: .milliseconds(500),
    longestDelay: .seconds(2),
    attempts: 2
  )
}

/// One spell of failures, from the first to the next success.
struct RetryBudget: Sendable {
  let policy: RetryPolicy
  private var firstFailure: ContinuousClock.Instant?
  private var failures = 0

  init(_ policy: RetryPolicy) { self.policy = policy }

  /// How long to wait before the next try; nil when the time is up.
  mutating func delay(after now: ContinuousClock.Instant) -> Duration? {
    let first = firstFailure ?? now
    firstFailure = first
    failures += 1
    if let attempts = policy.attempts, failures > attempts { return nil }
    guard first.duration(to: now) < policy.limit else { return nil }
    let doublings = min(failures - 1, 20)
    return min(policy.firstDelay * (1 << doublings), policy.longestDelay)
  }

  /// Something worked: the next failure begins a new spell.
  mutating func succeeded() {
    firstFailure = nil
    failures = 0
  }
}

/// Calls `body` until it works, gives up for good, or the budget is spent.
func retrying<T>(
  _ policy: RetryPolicy,
  while isTransient: (any Error) -> Bool,
  _ body: () async throws -> T
) async throws -> T {
  var budget = RetryBudget(policy)
  while true {
    do { return try await body() } catch {
      guard !Task.isCancelled, isTransient(error),
        let delay = budget.delay(after: ContinuousClock.now)
      else { throw error }
      try await Task.sleep(for: delay)
    }
  }
}
