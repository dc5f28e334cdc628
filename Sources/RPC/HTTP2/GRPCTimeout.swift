/// The value of `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2, "Timeout").
enum GRPCTimeout {
  /// nil when the value is malformed.
  static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Duration? {
    guard (2...9).contains(bytes.count), let unit = bytes.last else { return nil }
    var value: Int64 = 0
    for digit in bytes.dropLast() {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    switch unit {
    case UInt8(ascii: "H"): return .seconds(value * 3600)
    case UInt8(ascii: "M"): return .seconds(value * 60)
    case UInt8(ascii: "S"): return .seconds(value)
    case UInt8(ascii: "m"): return .milliseconds(value)
    case UInt8(ascii: "u"): return .microseconds(value)
    case UInt8(ascii: "n"): return .nanoseconds(value)
    default: return nil
    }
  }

  /// In the finest unit that fits, rounded up, so that the server never gives up first.
  static func format(_ timeout: Duration) -> String {
    let (seconds, attoseconds) = timeout.components
    guard seconds >= 0, attoseconds >= 0 else { return "0n" }
    if seconds < 99 { return "\(seconds * 1_000_000 + roundedUp(attoseconds, 1_000_000_000_000))u" }
    if seconds < 99_999 {
      return "\(seconds * 1000 + roundedUp(attoseconds, 1_000_000_000_000_000))m"
    }
    if seconds < 99_999_999 { return "\(seconds + 1)S" }
    return "\(min(seconds / 3600, 99_999_998) + 1)H"
  }

  private static func roundedUp(_ value: Int64, _ divisor: Int64) -> Int64 {
    value / divisor + (value % divisor == 0 ? 0 : 1)
  }
}
