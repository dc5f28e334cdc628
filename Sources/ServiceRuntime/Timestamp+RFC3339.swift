public import SyncModel

extension Timestamp {
  /// RFC 3339 in UTC, e.g. `2026-01-31T09:30:00.25Z`: nanoseconds without their trailing zeros.
  public var rfc3339Text: String {
    let perSecond: Int64 = 1_000_000_000
    let seconds = nanoseconds.dividedFloored(by: perSecond)
    // Not by multiplying back: the first second's start lies before the range.
    var fraction = nanoseconds % perSecond
    if fraction < 0 { fraction += perSecond }
    let days = seconds.dividedFloored(by: 86_400)
    let second = seconds - days * 86_400
    let date = CivilDate(daysSince1970: days)

    var text = "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))"
    text += "T\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))"
    if fraction != 0 {
      var digits = 9
      while fraction % 10 == 0 {
        fraction /= 10
        digits -= 1
      }
      text += ".\(pad(fraction, digits))"
    }
    return text + "Z"
  }

  private func pad(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// A day of the Gregorian calendar, reckoned in years that begin in March so that a leap day is a
/// year's last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
private struct CivilDate {
  var year: Int64
  var month: Int64
  var day: Int64

  init(daysSince1970 days: Int64) {
    let shifted = days + 719_468
    let era = shifted.dividedFloored(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}

extension Int64 {
  fileprivate func dividedFloored(by divisor: Int64) -> Int64 {
    self >= 0 ? self / divisor : -((-(self + 1)) / divisor) - 1
  }
}
