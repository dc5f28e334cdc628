/// Reads a date in one of the seven documented forms (R89, R90).
public enum PayloadTime {
  /// The years that an attribute's date may have (R91, R100).
  public static let attributeYears = 0...3_000

  /// The instant of an event or a purchase; nil for what is no date.
  public static func parse(_ text: UnsafeRawBufferPointer) -> Timestamp? {
    civil(text).map { $0.instant() }
  }

  /// ISO 8601; `yyyy-MM-ddTHH:mm:ss:SSSZ`; the same without fraction and zone, with a T or a blank;
  /// `yyyy-MM-dd`; `MM/dd/yyyy`; `ddd MM dd HH:mm:ss.TZD YYYY`. In UTC.
  ///
  /// Without a zone it is UTC, and so is one with a malformed offset such as `+1:00` (R90). nil for
  /// anything else.
  public static func civil(_ text: UnsafeRawBufferPointer) -> CivilTime? {
    // The shortest is MM/dd/yyyy.
    guard text.count >= 10, text.count <= 64 else { return nil }
    // Most text is no date: `2020-`, `05/` or `Thu ` begins one.
    guard
      text[4] == UInt8(ascii: "-") || text[2] == UInt8(ascii: "/") || text[3] == UInt8(ascii: " ")
    else { return nil }
    var reader = Reader(text: text)
    if text[0] &- UInt8(ascii: "0") > 9 { return weekdayForm(&reader) }
    guard var time = date(&reader) else { return nil }
    if reader.isAtEnd { return time.isValid ? time : nil }
    guard reader.takes("T") || reader.takes("t") || reader.takes(" "), clock(&reader, &time) else {
      return nil
    }
    // The documented "HH:mm:ss:SSSZ" has a colon where ISO 8601 has a point or a comma.
    if reader.hadSeconds, reader.takes(".") || reader.takes(",") || reader.takes(":") {
      guard let fraction = reader.fraction() else { return nil }
      time.nanosecond = fraction
    }
    guard time.isValid, let offset = offset(&reader) else { return nil }
    return time.moved(bySeconds: -offset)
  }

  /// `HH:mm` or `HH:mm:ss`.
  private static func clock(_ reader: inout Reader, _ time: inout CivilTime) -> Bool {
    guard let hour = reader.number(digits: 2), reader.takes(":"),
      let minute = reader.number(digits: 2)
    else { return false }
    time.hour = hour
    time.minute = minute
    if reader.takes(":") {
      guard let second = reader.number(digits: 2) else { return false }
      time.second = second
      reader.hadSeconds = true
    }
    return true
  }

  /// `Thu 05 28 21:00:00.+01:00 2020`; also a month's name, and a blank before the zone.
  private static func weekdayForm(_ reader: inout Reader) -> CivilTime? {
    guard reader.name(of: weekdays) != nil, reader.takes(" ") else { return nil }
    guard let month = reader.number(digits: 2) ?? reader.name(of: months).map({ $0 + 1 }),
      reader.takes(" "), let day = reader.number(digits: 2), reader.takes(" ")
    else { return nil }
    var time = CivilTime(year: 0, month: month, day: day)
    guard clock(&reader, &time), reader.hadSeconds, reader.takes(".") || reader.takes(" "),
      let zone = reader.word(), reader.takes(" "), let year = reader.number(digits: 4),
      reader.isAtEnd
    else { return nil }
    time.year = year
    var zoneReader = Reader(text: zone)
    guard time.isValid, let offset = offset(&zoneReader) else { return nil }
    return time.moved(bySeconds: -offset)
  }

  private static let weekdays: StaticString = "montuewedthufrisatsun"
  private static let months: StaticString = "janfebmaraprmayjunjulaugsepoctnovdec"

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
    var hadSeconds = false

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

    /// The place of the next three letters, in any case, among `names`.
    mutating func name(of names: StaticString) -> Int? {
      guard text.count - index >= 3 else { return nil }
      let known = UnsafeRawBufferPointer(
        start: names.utf8Start,
        count: names.utf8CodeUnitCount
      )
      for place in 0..<(known.count / 3)
      where (0..<3).allSatisfy({ text[index + $0] | 0x20 == known[place * 3 + $0] }) {
        index += 3
        return place
      }
      return nil
    }

    /// What comes before the next blank, at least one byte.
    mutating func word() -> UnsafeRawBufferPointer? {
      let start = index
      while index < text.count, text[index] != UInt8(ascii: " ") { index += 1 }
      return index > start ? UnsafeRawBufferPointer(rebasing: text[start..<index]) : nil
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
