public import Logging
import Synchronization

/// Where a call stands in a trace: W3C Trace Context, level 1.
public struct TraceContext: Sendable, Hashable {
  /// The same for everything that one request causes; not 0.
  public var traceID: UInt128
  /// This call's own; not 0.
  public var spanID: UInt64
  /// Bit 0: whoever began the trace records it.
  public var flags: UInt8

  /// That of the call which the current task serves.
  public static var current: TraceContext? { ServingCall.current?.trace }

  public init(traceID: UInt128, spanID: UInt64, flags: UInt8) {
    self.traceID = traceID
    self.spanID = spanID
    self.flags = flags
  }

  /// The first of a trace.
  public static func root() -> TraceContext {
    let high = UInt128(TraceNumbers.next())
    return TraceContext(
      traceID: high << 64 | UInt128(TraceNumbers.next()),
      spanID: TraceNumbers.next(),
      flags: 1
    )
  }

  /// The next in the same trace.
  public func child() -> TraceContext {
    TraceContext(traceID: traceID, spanID: TraceNumbers.next(), flags: flags)
  }

  // MARK: traceparent

  /// nil when the text is malformed, as section 3.2 of the specification has it: then a new trace
  /// begins.
  public init?(traceparent: String) {
    var text = traceparent
    guard let trace = text.withUTF8({ TraceContext(traceparent: $0) }) else { return nil }
    self = trace
  }

  init?(traceparent bytes: UnsafeBufferPointer<UInt8>) {
    let dash = UInt8(ascii: "-")
    guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
      let version = Self.number(bytes[0..<2]), version != 0xFF,
      // Later versions may say more behind another dash.
      bytes.count == 55 || version > 0 && bytes[55] == dash,
      let traceID = Self.number(bytes[3..<35]), traceID != 0,
      let spanID = Self.number(bytes[36..<52]), spanID != 0,
      let flags = Self.number(bytes[53..<55])
    else { return nil }
    self.init(
      traceID: traceID,
      spanID: UInt64(truncatingIfNeeded: spanID),
      flags: UInt8(truncatingIfNeeded: flags)
    )
  }

  /// Lower-case digits only: upper-case ones are malformed.
  private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt128? {
    // In halves: numbers that a register holds.
    if digits.count > 16 {
      let middle = digits.startIndex + digits.count - 16
      guard let high = number(digits[..<middle]), let low = number(digits[middle...])
      else { return nil }
      return high << 64 | low
    }
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return UInt128(value)
  }

  public var traceparent: String {
    "00-\(Self.text(traceID, digits: 32))-\(Self.text(UInt128(spanID), digits: 16))-"
      + Self.text(UInt128(flags), digits: 2)
  }

  private static func text(_ value: UInt128, digits: Int) -> String {
    String(unsafeUninitializedCapacity: digits) { bytes in
      for index in 0..<digits {
        let digit = UInt8(truncatingIfNeeded: value >> UInt128(4 * (digits - 1 - index))) & 15
        bytes[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
      }
      return digits
    }
  }

  /// Gives a logger `trace.id` and `span.id` of the call that is being served.
  public static let metadataProvider = Logger.MetadataProvider {
    guard let current else { return [:] }
    return [
      "trace.id": "\(text(current.traceID, digits: 32))",
      "span.id": "\(text(UInt128(current.spanID), digits: 16))",
    ]
  }
}

/// Numbers that differ from all others, for names of traces and spans. They are no secrets, so they
/// need not cost every call a question to the kernel.
private enum TraceNumbers {
  private static let counter = Atomic<UInt64>(.random(in: 0 ... .max))

  /// SplitMix64: each step of the counter gives another number. Not 0.
  static func next() -> UInt64 {
    var value = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    value ^= value >> 31
    return value == 0 ? 1 : value
  }
}
