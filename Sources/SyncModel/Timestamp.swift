/// An instant: whole nanoseconds since 1970-01-01T00:00:00 UTC, exact end to end (design, decision 1).
///
/// Range: 1677-09-21 to 2262-04-11. A source's instant outside it is taken as the nearest bound;
/// such a row still applies, and the cursor never passes the warehouse's clock anyway (decision 4).
public struct Timestamp: Sendable, Hashable, Comparable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let earliest = Timestamp(nanoseconds: .min)
  public static let latest = Timestamp(nanoseconds: .max)

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Moves by `nanoseconds`, stopping at the range's bounds instead of overflowing.
  public func advanced(byNanoseconds delta: Int64) -> Timestamp {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
    if overflow { return delta < 0 ? .earliest : .latest }
    return Timestamp(nanoseconds: sum)
  }
}
