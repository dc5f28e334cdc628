/// A date and time of day in the proleptic Gregorian calendar, UTC.
public struct CivilTime: Sendable, Equatable {
  public var year: Int
  public var month: Int
  public var day: Int
  public var hour = 0
  public var minute = 0
  public var second = 0
  public var nanosecond = 0

  public init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  public init(_ instant: Timestamp) {
    let (seconds, nanoseconds) = Self.divide(instant.nanoseconds, by: 1_000_000_000)
    self.init(secondsSince1970: Int(seconds), nanosecond: Int(nanoseconds))
  }

  private init(secondsSince1970: Int, nanosecond: Int) {
    let (days, seconds) = Self.divide(Int64(secondsSince1970), by: 86_400)
    // Howard Hinnant's civil_from_days: eras of 400 years, years that begin in March.
    let shifted = Int(days) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    self.init(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
      month: month,
      day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
    hour = Int(seconds) / 3_600
    minute = Int(seconds) / 60 % 60
    second = Int(seconds) % 60
    self.nanosecond = nanosecond
  }

  /// True when every field is in its range; 23:59:60 counts as the next second.
  public var isValid: Bool {
    guard (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year),
      (0...9999).contains(year)
    else { return false }
    return (0...23).contains(hour) && (0...59).contains(minute) && (0...60).contains(second)
      && (0...999_999_999).contains(nanosecond)
  }

  /// The instant; the nearest bound of `Timestamp` where it lies outside. Only for valid times.
  public func instant() -> Timestamp {
    let seconds = secondsSince1970
    let (whole, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .earliest : .latest }
    return Timestamp(nanoseconds: whole).advanced(byNanoseconds: Int64(nanosecond))
  }

  /// The time that many seconds later, with a leap second as the next second. Only for valid times.
  public func moved(bySeconds seconds: Int) -> CivilTime {
    CivilTime(secondsSince1970: secondsSince1970 + seconds, nanosecond: nanosecond)
  }

  private var secondsSince1970: Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return days * 86_400 + hour * 3_600 + minute * 60 + second
  }

  /// Rounds down, so that the rest is never negative.
  private static func divide(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

extension Timestamp {
  /// Appends RFC 3339 in UTC, e.g. `2024-01-01T00:00:00Z`, with 3, 6 or 9 digits of a fraction where
  /// there is one.
  public func appendRFC3339(into sink: inout ByteSink) {
    CivilTime(self).appendRFC3339(into: &sink)
  }
}

extension CivilTime {
  /// As `Timestamp.appendRFC3339`, also for times that no `Timestamp` holds.
  public func appendRFC3339(into sink: inout ByteSink) {
    func digits(_ value: Int, _ count: Int) {
      var divisor = 1
      for _ in 1..<max(count, 1) { divisor *= 10 }
      while divisor > 0 {
        sink.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
        divisor /= 10
      }
    }
    digits(year, 4)
    sink.append(UInt8(ascii: "-"))
    digits(month, 2)
    sink.append(UInt8(ascii: "-"))
    digits(day, 2)
    sink.append(UInt8(ascii: "T"))
    digits(hour, 2)
    sink.append(UInt8(ascii: ":"))
    digits(minute, 2)
    sink.append(UInt8(ascii: ":"))
    digits(second, 2)
    if nanosecond != 0 {
      sink.append(UInt8(ascii: "."))
      if nanosecond % 1_000_000 == 0 {
        digits(nanosecond / 1_000_000, 3)
      } else if nanosecond % 1_000 == 0 {
        digits(nanosecond / 1_000, 6)
      } else {
        digits(nanosecond, 9)
      }
    }
    sink.append(UInt8(ascii: "Z"))
  }
}
