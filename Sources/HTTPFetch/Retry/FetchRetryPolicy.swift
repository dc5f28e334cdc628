public import SyncModel

/// Whether a request is sent again, and when. A value: it decides, somebody else waits.
public struct FetchRetryPolicy: Sendable {
  /// The first one counts.
  public var maximumAttempts: Int
  /// Full jitter: attempt n waits a random time up to `firstDelay` times 2 to the n, at most
  /// `longestDelay`.
  public var firstDelay: Duration
  public var longestDelay: Duration
  /// A server that asks for a longer wait than this is not waited for.
  public var longestRetryAfter: Duration
  /// From the first attempt's begin to the last one's; nil for no limit.
  public var deadline: Duration?
  /// Answers that another attempt may change.
  public var statuses: Set<Int>
  /// Those of them by which a server says that it did nothing, so that what is not idempotent may be
  /// sent again too. A gateway's 502 or 504 does not say that.
  public var refusingStatuses: Set<Int>

  public init(
    maximumAttempts: Int = 5,
    firstDelay: Duration = .milliseconds(500),
    longestDelay: Duration = .seconds(30),
    longestRetryAfter: Duration = .seconds(300),
    deadline: Duration? = nil,
    statuses: Set<Int> = [408, 429, 500, 502, 503, 504],
    refusingStatuses: Set<Int> = [429, 503]
  ) {
    self.maximumAttempts = maximumAttempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
    self.longestRetryAfter = longestRetryAfter
    self.deadline = deadline
    self.statuses = statuses
    self.refusingStatuses = refusingStatuses
  }

  /// One attempt only.
  public static let never = FetchRetryPolicy(maximumAttempts: 1)

  public enum Outcome: Sendable {
    /// `retryAfter` is the header's text.
    case status(Int, retryAfter: String?)
    case failure(FetchError)
  }

  /// What is known when an attempt is over.
  public struct Situation: Sendable {
    /// Attempts made, 1 or more.
    public var attempts: Int
    /// Since the first began.
    public var elapsed: Duration
    public var isIdempotent: Bool
    public var now: Timestamp
    /// Any 64 bits.
    public var random: UInt64

    public init(
      attempts: Int,
      elapsed: Duration,
      isIdempotent: Bool,
      now: Timestamp,
      random: UInt64
    ) {
      self.attempts = attempts
      self.elapsed = elapsed
      self.isIdempotent = isIdempotent
      self.now = now
      self.random = random
    }
  }

  public enum Decision: Sendable, Equatable {
    /// An answer that another attempt would not change.
    case accept
    case retry(after: Duration)
    case giveUp(Reason)
  }

  public enum Reason: String, Sendable {
    /// Another attempt would fail in the same way.
    case permanent
    /// It may have had its effect, and a second one would have it twice.
    case ambiguous
    case attempts = "attempts used up"
    case deadline = "no time left"
    /// The server asks for more patience than there is.
    case retryAfter = "the server wants a longer wait"
  }

  public func decide(_ outcome: Outcome, _ situation: Situation) -> Decision {
    var asked: Duration?
    switch outcome {
    case .status(let status, let retryAfter):
      guard statuses.contains(status) else { return .accept }
      guard situation.isIdempotent || refusingStatuses.contains(status) else {
        return .giveUp(.ambiguous)
      }
      asked = retryAfter.flatMap { RetryAfter.parse($0, now: situation.now) }
    case .failure(let error):
      guard Self.isTransient(error.kind) else { return .giveUp(.permanent) }
      guard situation.isIdempotent || !error.mayHaveArrived else { return .giveUp(.ambiguous) }
    }
    guard situation.attempts < maximumAttempts else { return .giveUp(.attempts) }
    if let asked, asked > longestRetryAfter { return .giveUp(.retryAfter) }
    let delay = (asked ?? .zero) + jitter(situation, isAfterAsked: asked != nil)
    if let deadline, situation.elapsed + delay >= deadline { return .giveUp(.deadline) }
    return .retry(after: delay)
  }

  /// After a wait that the server asked for, only a little more: many were told the same moment.
  private func jitter(_ situation: Situation, isAfterAsked: Bool) -> Duration {
    var ceiling = firstDelay
    if !isAfterAsked {
      for _ in 1..<max(1, min(situation.attempts, 32)) where ceiling < longestDelay { ceiling *= 2 }
    }
    let most = UInt64(min(ceiling, longestDelay).timerNanoseconds)
    return .nanoseconds(Int64(situation.random.multipliedFullWidth(by: most + 1).high))
  }

  static func isTransient(_ kind: FetchError.Kind) -> Bool {
    switch kind {
    case .hostNotFound, .cannotConnect, .timeout, .connectionLost, .truncated, .badEncoding,
      .overloaded, .unavailable:
      true
    case .invalidRequest, .invalidSetting, .notAllowed, .tls, .protocolViolation, .bodyTooLarge,
      .headersTooLarge, .refused, .closed:
      false
    }
  }
}
