/// A phone number as `+` and 7 to 15 digits (E.164), held without an allocation.
public struct PhoneNumber: Sendable, Equatable {
  // Sixteen characters are exactly what fits: "+" and 15 digits.
  private var characters: (UInt64, UInt64) = (0, 0)
  public private(set) var count = 0

  /// Normalises what a warehouse holds: everything but digits and a leading `+` is dropped, and ten
  /// bare digits are a number of the United States (R57).
  ///
  /// More than ten bare digits are taken to begin with their country code. nil for what cannot be a
  /// number (R56).
  public init?(_ text: UnsafeRawBufferPointer) {
    var digits = 0
    var hasPlus = false
    for byte in text {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits += 1
      case UInt8(ascii: "+") where digits == 0 && !hasPlus:
        hasPlus = true
      default: break
      }
    }
    let isAmerican = !hasPlus && digits == 10
    guard hasPlus || digits >= 10, digits >= 7, digits <= 15 else { return nil }
    append(UInt8(ascii: "+"))
    if isAmerican { append(UInt8(ascii: "1")) }
    var isFirst = true
    for byte in text where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
      // No country code begins with 0.
      if isFirst, !isAmerican, byte == UInt8(ascii: "0") { return nil }
      isFirst = false
      append(byte)
    }
  }

  private mutating func append(_ byte: UInt8) {
    withUnsafeMutableBytes(of: &characters) { $0[count] = byte }
    count += 1
  }

  /// Lends the characters, e.g. `+14155550100`.
  public func withBytes<T, E>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
    try withUnsafeBytes(of: characters) { bytes throws(E) -> T in
      try body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
  }

  public static func == (a: PhoneNumber, b: PhoneNumber) -> Bool {
    a.count == b.count && a.characters == b.characters
  }
}

extension PhoneNumber: CustomStringConvertible {
  public var description: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
