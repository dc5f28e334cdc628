public import SyncModel

/// HTTP's dates (RFC 9110, section 5.6.7): the form that is sent, and both old ones that are read.
public enum HTTPDate {
  static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// nil for what is no date. `now` decides the century of a year of two digits: at most 50 years on.
  public static func parse(_ text: String, now: Timestamp) -> Timestamp? {
    guard text.utf8.count <= 64 else { return nil }
    var words = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
    // Sun Nov  6 08:49:37 1994
    if words.count == 5 { words = [words[0], words[2], words[1], words[4], words[3], "GMT"] }
    guard words.count == 6, words[5] == "GMT" || words[5] == "UTC" else { return nil }
    guard let day = number(words[1]), let month = months.firstIndex(of: words[2]),
      let year = number(words[3])
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, let hour = number(clock[0]), let minute = number(clock[1]),
      let second = number(clock[2])
    else { return nil }
    var time = CivilTime(
      year: words[3].utf8.count == 2 ? fullYear(year, now: now) : year,
      month: month + 1,
      day: day
    )
    (time.hour, time.minute, time.second) = (hour, minute, second)
    return time.isValid ? time.instant() : nil
  }

  private static func fullYear(_ twoDigits: Int, now: Timestamp) -> Int {
    let current = CivilTime(now).year
    let year = current / 100 * 100 + twoDigits
    return year > current + 50 ? year - 100 : year
  }

  private static func number(_ text: some StringProtocol) -> Int? {
    guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return Int(text)
  }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds or a date.
public enum RetryAfter {
  /// How long to wait from `now`; zero for a date that has passed, nil for what is neither.
  public static func parse(_ text: String, now: Timestamp) -> Duration? {
    let text = HTTPHeaders.trimmed(text.utf8)
    if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) {
      // More digits than any wait has: as long as can be, which a policy gives up on.
      return .seconds(text.utf8.count > 9 ? 999_999_999 : Int64(text) ?? 999_999_999)
    }
    guard let date = HTTPDate.parse(text, now: now) else { return nil }
    let (wait, overflow) = date.nanoseconds.subtractingReportingOverflow(now.nanoseconds)
    return .nanoseconds(overflow ? .max : max(0, wait))
  }
}
