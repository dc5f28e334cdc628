/// Time, ids and randomness, as a value: services take it, tests make their own.
public struct World: Sendable {
  /// The wall clock. May jump; durations are measured with `ContinuousClock` instead.
  public var now: @Sendable () -> Timestamp
  /// A new random identifier in the text form of a UUID (RFC 9562, version 4), lower case.
  public var newID: @Sendable () -> String

  public init(
    now: @escaping @Sendable () -> Timestamp,
    newID: @escaping @Sendable () -> String
  ) {
    self.now = now
    self.newID = newID
  }
}
