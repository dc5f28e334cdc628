/// Cron's five fields (crontab(5)): minute, hour, day of the month, month, weekday.
struct CronExpression: Sendable, Equatable {
  /// A bit a value.
  private let minutes: UInt64
  private let hours: UInt64
  private let days: UInt64
  private let months: UInt64
  private let weekdays: UInt64
  /// Whether days are told by both fields; then either will do (crontab(5)).
  private let isEitherDay: Bool
  /// Whether every hour is meant, so that an hour that comes twice is meant twice.
  let isHourly: Bool

  enum Problem: Error, Equatable {
    case fieldCount
    /// The field's name, what may stand there, and what did.
    case field(String, ClosedRange<Int>, String)
  }

  init(_ words: [String]) throws(Problem) {
    guard words.count == CronField.all.count else { throw .fieldCount }
    var sets: [UInt64] = []
    for (field, word) in zip(CronField.all, words) {
      guard let set = field.values(word) else { throw .field(field.name, field.range, word) }
      sets.append(set)
    }
    minutes = sets[0]
    hours = sets[1]
    days = sets[2]
    months = sets[3]
    // Sunday is 0 and 7.
    weekdays = sets[4] | sets[4] >> 7 & 1
    isEitherDay = !words[2].hasPrefix("*") && !words[4].hasPrefix("*")
    isHourly = words[1] == "*"
  }

  /// - Parameter weekday: 0 is Sunday.
  func matches(month: Int, day: Int, weekday: Int) -> Bool {
    guard months.has(month) else { return false }
    let (byDay, byWeekday) = (days.has(day), weekdays.has(weekday))
    return isEitherDay ? byDay || byWeekday : byDay && byWeekday
  }

  /// The minutes of a day, from 0 to 1439, in order.
  var minutesOfDay: [Int] {
    (0..<24).filter(hours.has).flatMap { hour in
      (0..<60).filter(minutes.has).map { hour * 60 + $0 }
    }
  }
}

extension UInt64 {
  fileprivate func has(_ value: Int) -> Bool { self >> UInt64(value) & 1 == 1 }
}

/// One of cron's fields.
private struct CronField {
  var name: String
  var range: ClosedRange<Int>
  var words: [String] = []

  static let all = [
    CronField(name: "minute", range: 0...59),
    CronField(name: "hour", range: 0...23),
    CronField(name: "day of the month", range: 1...31),
    CronField(
      name: "month",
      range: 1...12,
      words: [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
      ]
    ),
    CronField(
      name: "weekday",
      range: 0...7,
      words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    ),
  ]

  /// Lists, ranges and steps; nil for what is none.
  func values(_ text: String) -> UInt64? {
    var set: UInt64 = 0
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let values = values(ofItem: item) else { return nil }
      set |= values
    }
    return set
  }

  private func values(ofItem item: Substring) -> UInt64? {
    let parts = item.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let base = parts.first else { return nil }
    var step = 1
    if parts.count == 2 {
      guard let given = Self.number(parts[1]), (1...range.upperBound).contains(given) else {
        return nil
      }
      step = given
    }
    var (low, high) = (range.lowerBound, range.upperBound)
    if base != "*" {
      let ends = base.split(separator: "-", omittingEmptySubsequences: false).map(value)
      guard 1...2 ~= ends.count, let first = ends[0], let last = ends[ends.count - 1],
        first <= last
      else { return nil }
      // `5/15` means from 5 on.
      (low, high) = (first, ends.count == 1 && parts.count == 2 ? high : last)
    }
    return stride(from: low, through: high, by: step).reduce(into: UInt64(0)) {
      $0 |= 1 << UInt64($1)
    }
  }

  private func value(_ text: Substring) -> Int? {
    if let place = words.firstIndex(of: text.lowercased()) { return range.lowerBound + place }
    guard let number = Self.number(text), range.contains(number) else { return nil }
    return number
  }

  /// At most two digits, nothing else: `Int` alone would take a sign.
  private static func number(_ text: Substring) -> Int? {
    guard (1...2).contains(text.utf8.count),
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(text)
  }
}
