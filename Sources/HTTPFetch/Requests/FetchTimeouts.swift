/// How long a request may take; all count from when it has a place among the connections.
public struct FetchTimeouts: Sendable {
  /// Name, connection and TLS together.
  public var connect: Duration
  /// Until the last line of the response's header: the peer's time to think, and `connect`.
  public var firstByte: Duration
  /// Of the body: no byte for so long, or fewer than `minimumRate` bytes a second over it, ends it.
  /// Time in which the caller does not read does not count.
  public var stall: Duration
  public var minimumRate: Int
  /// All of it from `send` on, waiting for a place included; nil for no limit.
  public var whole: Duration?

  public init(
    connect: Duration = .seconds(10),
    firstByte: Duration = .seconds(60),
    stall: Duration = .seconds(30),
    minimumRate: Int = 16,
    whole: Duration? = nil
  ) {
    self.connect = connect
    self.firstByte = firstByte
    self.stall = stall
    self.minimumRate = minimumRate
    self.whole = whole
  }
}

extension Duration {
  /// Whole nanoseconds, within 0 and 146 years: timers take any duration that a setting has.
  var timerNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    guard seconds < 4_611_686_018 else { return .max / 2 }
    return max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
