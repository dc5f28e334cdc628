/// Reads the `time` of an event or a purchase.
public enum PayloadTime {
  /// ISO 8601, `yyyy-MM-dd'T'HH:mm:ss:SSSZ`, the same with a blank for the T, `yyyy-MM-dd` and
  /// `MM/dd/yyyy`.
  ///
  /// Without a zone it is UTC, and so is one with a malformed offset such as `+1:00` (R90). nil for
  /// anything else.
  public static func parse(_ text: UnsafeRawBufferPointer) -> Timestamp? {
    var reader = Reader(text: text)
    guard var time = date(&reader) else { return nil }
    if reader.isAtEnd { return time.isValid ? time.instant() : nil }
    guard reader.takes("T") || reader.takes("t") || reader.takes(" ") else { return nil }
    guard let hour = reader.number(digits: 2), reader.takes(":"),
      let minute = reader.number(digits: 2)
    else { return nil }
    time.hour = hour
    time.minute = minute
    if reader.takes(":") {
      guard let second = reader.number(digits: 2) else { return nil }
      time.second = second
      // The documented "HH:mm:ss:SSSZ" has a colon where ISO 8601 has a point or a comma.
      if reader.takes(".") || reader.takes(",") || reader.takes(":") {
        guard let fraction = reader.fraction() else { return nil }
        time.nanosecond = fraction
      }
    }
    guard time.isValid, let offset = offset(&reader) else { return nil }
    return time.instant(offset: offset)
  }

  private static func date(_ reader: inout Reader) -> CivilTime? {
    guard let first = reader.number(digits: 2) else { return nil }
    if reader.takes("/") {
      guard let day = reader.number(digits: 2), reader.takes("/"),
        let year = reader.number(digits: 4), reader.isAtEnd
      else { return nil }
      return CivilTime(year: year, month: first, day: day)
    }
    guard let rest = reader.number(digits: 2), reader.takes("-"),
      let month = reader.number(digits: 2), reader.takes("-"), let day = reader.number(digits: 2)
    else { return nil }
    return CivilTime(year: first * 100 + rest, month: month, day: day)
  }

  /// Seconds east of UTC; 0 for a malformed offset; nil for text that is no offset at all.
  private static func offset(_ reader: inout Reader) -> Int? {
    _ = reader.takes(" ")
    if reader.isAtEnd { return 0 }
    if reader.takes("Z") || reader.takes("z") { return reader.isAtEnd ? 0 : nil }
    if reader.takes("UTC") || reader.takes("GMT") { return reader.isAtEnd ? 0 : nil }
    let isWest = reader.takes("-")
    guard isWest || reader.takes("+") else { return nil }
    guard reader.restIsOffset else { return nil }
    guard let hours = reader.number(digits: 2), hours <= 18 else { return 0 }
    if reader.isAtEnd { return (isWest ? -hours : hours) * 3_600 }
    _ = reader.takes(":")
    guard let minutes = reader.number(digits: 2), minutes <= 59, reader.isAtEnd else { return 0 }
    let seconds = hours * 3_600 + minutes * 60
    return isWest ? -seconds : seconds
  }

  private struct Reader {
    let text: UnsafeRawBufferPointer
    var index = 0

    init(text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { index == text.count }

    /// Only digits and colons are left.
    var restIsOffset: Bool {
      text[index...].allSatisfy { $0 &- UInt8(ascii: "0") <= 10 }
    }

    mutating func takes(_ word: StaticString) -> Bool {
      let length = word.utf8CodeUnitCount
      guard text.count - index >= length,
        UnsafeRawBufferPointer(rebasing: text[index..<(index + length)]).sameBytes(as: word)
      else { return false }
      index += length
      return true
    }

    /// Exactly this many digits.
    mutating func number(digits: Int) -> Int? {
      guard text.count - index >= digits else { return nil }
      var value = 0
      for byte in text[index..<(index + digits)] {
        let digit = byte &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        value = value * 10 + Int(digit)
      }
      index += digits
      return value
    }

    /// One digit or more as nanoseconds; those behind the ninth are cut off.
    mutating func fraction() -> Int? {
      var value = 0
      var digits = 0
      while index < text.count, text[index] &- UInt8(ascii: "0") <= 9 {
        if digits < 9 { value = value * 10 + Int(text[index] - UInt8(ascii: "0")) }
        digits += 1
        index += 1
      }
      guard digits > 0 else { return nil }
      for _ in min(digits, 9)..<9 { value *= 10 }
      return value
    }
  }
}
