public import SyncModel

extension Timestamp {
  /// Reads an instant as databases write it, exactly: `2024-01-01`, `2024-01-01 10:30`,
  /// `2024-01-01T10:30:05.123456789Z`, `2024-01-01 10:30:05.5+05:30`, `0044-03-15 12:00:00 BC`,
  /// `infinity`.
  ///
  /// Without an offset it is UTC (R14). Digits below a nanosecond are dropped. What is out of range
  /// becomes the nearest bound.
  /// - Returns: nil for any other text.
  public init?(text bytes: UnsafeRawBufferPointer) {
    var text = TimestampReader(bytes)
    guard let instant = text.instant() else { return nil }
    self = instant
  }

  /// As `init(text:)` with bytes.
  public init?(text: String) {
    guard let instant = Array(text.utf8).withUnsafeBytes({ Timestamp(text: $0) }) else {
      return nil
    }
    self = instant
  }

  /// An instant in seconds since 1970 and nanoseconds, or the nearest bound.
  public init(clampingSeconds seconds: Int64, nanoseconds: Int64 = 0) {
    // The earliest second is not whole: count its nanoseconds from the second after it.
    let (whole, rest) =
      seconds < 0 ? (seconds + 1, nanoseconds - 1_000_000_000) : (seconds, nanoseconds)
    let (product, isOut) = whole.multipliedReportingOverflow(by: 1_000_000_000)
    if isOut {
      self = seconds < 0 ? .earliest : .latest
    } else {
      self = Timestamp(nanoseconds: product).advanced(byNanoseconds: rest)
    }
  }

  /// `2024-01-01 10:30:05.123456`, in UTC, rounded up to a microsecond: the bound of a `>=` on a
  /// column of microseconds.
  public var microsecondTextRoundedUp: String {
    Self.text(microseconds: nanoseconds / 1000 + (nanoseconds % 1000 > 0 ? 1 : 0))
  }

  /// As `microsecondTextRoundedUp`, of microseconds since 1970 in any year from 0 to 9999.
  public static func text(microseconds micros: Int64) -> String {
    let seconds = micros.flooredQuotient(1_000_000)
    let days = seconds.flooredQuotient(86_400)
    let date = CivilDate(days: days)
    let second = seconds - days * 86_400
    func padded(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return """
      \(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2)) \
      \(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2)).\
      \(padded(micros - seconds * 1_000_000, 6))
      """
  }
}

extension Int64 {
  fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// A date of the proleptic Gregorian calendar; year 0 is 1 BC.
struct CivilDate {
  var year: Int64
  var month: Int64
  var day: Int64

  /// Days since 1970-01-01. By eras of 400 years that begin in March, so that the leap day is an
  /// era's last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  var days: Int64 {
    let shifted = month > 2 ? year : year - 1
    let era = shifted.flooredQuotient(400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  init(days: Int64) {
    let shifted = days + 719_468
    let era = shifted.flooredQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Whether the month has such a day.
  var exists: Bool {
    guard (1...12).contains(month), day >= 1 else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    switch month {
    case 2: return day <= (isLeap ? 29 : 28)
    case 4, 6, 9, 11: return day <= 30
    default: return day <= 31
    }
  }
}
