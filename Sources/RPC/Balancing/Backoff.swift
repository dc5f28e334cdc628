/// How long to wait before the next attempt: exponential, bounded, with jitter.
public struct Backoff: Sendable {
  public var initial: Duration
  public var multiplier: Double
  /// Before jitter.
  public var maximum: Duration
  /// The share of the delay by which it varies both ways, 0 to 1: many clients of one server must
  /// not come back together.
  public var jitter: Double

  public init(
    initial: Duration = .milliseconds(100),
    multiplier: Double = 1.6,
    maximum: Duration = .seconds(3),
    jitter: Double = 0.2
  ) {
    self.initial = initial
    self.multiplier = multiplier
    self.maximum = maximum
    self.jitter = jitter
  }

  /// - Parameters:
  ///   - failures: how many attempts have failed in a row, from 1.
  ///   - random: 0 to 1.
  func delay(afterFailures failures: Int, random: Double) -> Duration {
    var delay = initial
    for _ in 1..<max(2, min(failures, 64)) where failures > 1 && delay < maximum {
      delay = delay * multiplier
    }
    return min(delay, maximum) * (1 + jitter * (2 * random - 1))
  }
}
