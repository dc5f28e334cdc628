import SyncModel

/// A profile's own id as others see it: 24 hexadecimal digits.
///
/// The last 16 are the profile's number, scrambled so that neighbours do not look alike; the first
/// eight are random, so that an id cannot be guessed from another. As the number can be had back, no
/// index has to be kept: looking up is by primary key.
struct BrazeID: Equatable {
  var salt: UInt32
  var profile: Int64

  init(salt: UInt32, profile: Int64) {
    self.salt = salt
    self.profile = profile
  }

  /// nil for what no profile can have.
  init?(_ text: UnsafeRawBufferPointer) {
    guard text.count == 24 else { return nil }
    var digits: (UInt64, UInt64) = (0, 0)
    for (index, byte) in text.enumerated() {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      if index < 8 {
        digits.0 = digits.0 << 4 | UInt64(digit)
      } else {
        digits.1 = digits.1 << 4 | UInt64(digit)
      }
    }
    salt = UInt32(truncatingIfNeeded: digits.0)
    let product = digits.1 ^ digits.1 >> 32
    profile = Int64(bitPattern: product &* Self.inverse)
  }

  var text: String {
    let product = UInt64(bitPattern: profile) &* Self.factor
    return Self.hex(UInt64(salt), digits: 8) + Self.hex(product ^ product >> 32, digits: 16)
  }

  private static func hex(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
  }

  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
  /// `factor` times this is 1 modulo 2 to the 64th: Newton's iteration doubles the bits that are right.
  private static let inverse: UInt64 = {
    var inverse = factor
    for _ in 0..<6 { inverse = inverse &* (2 &- factor &* inverse) }
    return inverse
  }()
}
