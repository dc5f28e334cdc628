/// A decimal number as an integer and a power of ten: money is added up exactly, never in binary
/// floating point.
public struct ExactDecimal: Sendable, Hashable {
  /// The value is `coefficient` / 10 to the power of `scale`; without trailing zeros in the fraction.
  public private(set) var coefficient: Int128
  /// 0 to 18.
  public private(set) var scale: Int

  /// As many digits after the point as a double in a payload can need for a price of cents.
  public static let maximumScale = 18
  /// A single number may have this many digits before the point; sums may have more.
  public static let maximumWholeDigits = 15

  public static let zero = ExactDecimal(coefficient: 0, scale: 0)

  /// The shortest form of the value; nil for a scale out of range.
  public init?(coefficient: Int128, atScale scale: Int) {
    guard (0...Self.maximumScale).contains(scale) else { return nil }
    self.init(coefficient: coefficient, scale: scale)
  }

  private init(coefficient: Int128, scale: Int) {
    self.coefficient = coefficient
    self.scale = scale
    while self.scale > 0, self.coefficient % 10 == 0 {
      self.coefficient /= 10
      self.scale -= 1
    }
  }

  /// Reads a number as JSON writes it, exactly.
  ///
  /// - Returns: nil when the text is no number, has more than 15 digits before the point or needs
  ///   more than 18 behind it.
  public init?(_ text: UnsafeRawBufferPointer) {
    var index = 0
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    var coefficient: Int128 = 0
    var fraction = 0
    var digits = 0
    var isFraction = false
    while index < text.count {
      let byte = text[index]
      if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
        digits += 1
        let (product, overflow) = coefficient.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int128(byte - UInt8(ascii: "0")))
        // Past 38 digits only zeros change nothing of what could still be in range.
        guard !overflow, !carry else { return nil }
        coefficient = sum
        if isFraction { fraction += 1 }
      } else if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else {
        break
      }
      index += 1
    }
    guard digits > 0, let exponent = Self.exponent(text, from: index) else { return nil }
    guard coefficient != 0 else {
      self = .zero
      return
    }
    var scale = fraction - exponent
    while coefficient % 10 == 0, scale > 0 {
      coefficient /= 10
      scale -= 1
    }
    while scale < 0 {
      guard coefficient < Self.wholeLimit else { return nil }
      coefficient *= 10
      scale += 1
    }
    guard scale <= Self.maximumScale,
      coefficient / Self.powers[scale] < Self.wholeLimit
    else { return nil }
    self.init(coefficient: isNegative ? -coefficient : coefficient, scale: scale)
  }

  /// nil on overflow.
  public func adding(_ other: ExactDecimal) -> ExactDecimal? {
    let scale = max(self.scale, other.scale)
    guard let a = aligned(to: scale), let b = other.aligned(to: scale) else { return nil }
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : ExactDecimal(coefficient: sum, scale: scale)
  }

  /// nil on overflow.
  public func multiplied(by factor: Int64) -> ExactDecimal? {
    let (product, overflow) = coefficient.multipliedReportingOverflow(by: Int128(factor))
    return overflow ? nil : ExactDecimal(coefficient: product, scale: scale)
  }

  /// nil on overflow.
  public func subtracting(_ other: ExactDecimal) -> ExactDecimal? {
    other.multiplied(by: -1).flatMap(adding)
  }

  private func aligned(to scale: Int) -> Int128? {
    let (value, overflow) = coefficient.multipliedReportingOverflow(
      by: Self.powers[scale - self.scale]
    )
    return overflow ? nil : value
  }

  /// The value of `e-12` at `index`, 0 without one; nil where other text follows or it is absurd.
  private static func exponent(_ text: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start < text.count else { return 0 }
    guard text[start] | 0x20 == UInt8(ascii: "e") else { return nil }
    var index = start + 1
    var isNegative = false
    if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    guard index < text.count else { return nil }
    var value = 0
    while index < text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      // No number in range needs an exponent of more than two digits.
      value = min(value * 10 + Int(digit), 1000)
      index += 1
    }
    return isNegative ? -value : value
  }

  private static let powers: [Int128] = {
    var powers: [Int128] = [1]
    for _ in 0..<maximumScale { powers.append((powers.last ?? 1) * 10) }
    return powers
  }()
  private static let wholeLimit: Int128 = 1_000_000_000_000_000
}

extension ExactDecimal: CustomStringConvertible {
  /// As in `-12.5`: a JSON number, and what `init?` reads back.
  public var description: String {
    guard scale > 0 else { return "\(coefficient)" }
    var digits = "\(coefficient.magnitude)"
    while digits.utf8.count <= scale { digits = "0" + digits }
    let point = digits.index(digits.endIndex, offsetBy: -scale)
    return (coefficient < 0 ? "-" : "") + digits[..<point] + "." + digits[point...]
  }

  /// Reads what `description` wrote: a sum, which may have more digits than a single number.
  public static func sum(_ text: String) -> ExactDecimal? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first else { return nil }
    let fraction = parts.count == 2 ? parts[1] : ""
    guard let coefficient = Int128(String(whole) + fraction) else { return nil }
    return ExactDecimal(coefficient: coefficient, atScale: fraction.utf8.count)
  }
}
