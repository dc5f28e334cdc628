/// When a call is made again after it failed.
///
/// Only methods that are declared idempotent, only UNAVAILABLE (and RESOURCE_EXHAUSTED when the
/// server names a time), never after a response message arrived. A call that the server provably
/// never looked at is made again whatever its method.
public struct RetryPolicy: Sendable {
  /// The first attempt counts; 1 never retries.
  public var maximumAttempts = 4
  public var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(1), jitter: 0.5)
  /// Tokens of the budget: each failed attempt takes one, and with half of them gone nothing is
  /// retried, so that clients do not keep a struggling server down (gRFC A6, "Throttling").
  public var budget = 200.0
  /// Tokens that a call which was answered gives back.
  public var budgetRatio = 0.1

  public init() {}

  /// Never retries.
  public static var none: RetryPolicy {
    var policy = RetryPolicy()
    policy.maximumAttempts = 1
    return policy
  }
}

/// How much retrying a client may still do.
struct RetryBudget: Sendable {
  private let maximum: Double
  private let ratio: Double
  private(set) var tokens: Double

  init(_ policy: RetryPolicy) {
    maximum = policy.budget
    ratio = policy.budgetRatio
    tokens = policy.budget
  }

  mutating func answered() { tokens = min(maximum, tokens + ratio) }

  /// - Returns: whether a retry is within the budget.
  mutating func failed() -> Bool {
    tokens = max(0, tokens - 1)
    return tokens > maximum / 2
  }
}

/// What `grpc-retry-pushback-ms` said (gRFC A6).
enum RetryPushback: Sendable, Equatable {
  case after(Duration)
  /// A negative or unreadable value: not again.
  case never

  init(milliseconds: Int?) {
    if let milliseconds, milliseconds >= 0 {
      self = .after(.milliseconds(milliseconds))
    } else {
      self = .never
    }
  }
}

/// The attempts of one call.
struct RetryProgress: Sendable {
  private(set) var attempts = 1
  private var unseen = 0

  /// A server that refuses every call is not asked for ever.
  private static let maximumUnseen = 3

  /// How long to wait before the next attempt; nil when there is none.
  /// - Parameter random: 0 to 1.
  mutating func delay(
    after error: RPCError,
    isIdempotent: Bool,
    policy: RetryPolicy,
    budget: inout RetryBudget,
    random: Double
  ) -> Duration? {
    guard policy.maximumAttempts > 1 else { return nil }
    if error.wasNotProcessed, unseen < Self.maximumUnseen {
      unseen += 1
      return .zero
    }
    let pushback = error.retryPushback
    switch error.code {
    case .unavailable where pushback != .never: break
    case .resourceExhausted where pushback != nil && pushback != .never: break
    default: return nil
    }
    let isAffordable = budget.failed()
    guard isIdempotent, isAffordable, attempts < policy.maximumAttempts else { return nil }
    attempts += 1
    if case .after(let delay) = pushback { return delay }
    return policy.backoff.delay(afterFailures: attempts - 1, random: random)
  }
}
