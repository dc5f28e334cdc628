import SyncModel

/// The rule for the years to come at the end of a zone's file, e.g. `EST5EDT,M3.2.0,M11.1.0` (POSIX,
/// TZ; RFC 8536, 3.3.1 lets its hours go from -167 to 167).
struct PosixTimeZone: Sendable, Equatable {
  /// When the clocks change, in a year.
  struct Day: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
      /// Day 1 to 365; February 29 is never counted.
      case julian(Int)
      /// Day 0 to 365; February 29 is counted.
      case ordinal(Int)
      /// The week's number of that weekday (0 is Sunday) in a month; 5 is the last.
      case weekday(month: Int, week: Int, day: Int)
    }
    var kind: Kind
    /// Seconds after local midnight.
    var time: Int64
  }

  struct Summer: Sendable, Equatable {
    var offset: Int64
    var begins: Day
    var ends: Day
  }

  var standard: Int64
  var summer: Summer?

  func offset(at instant: Int64) -> Int64 {
    guard let summer else { return standard }
    // The year by standard time: no zone changes its clocks within a day of New Year's.
    let year = CivilTime(Self.timestamp(instant + standard)).year
    let begins = summer.begins.local(in: year) - standard
    let ends = summer.ends.local(in: year) - summer.offset
    let isSummer =
      begins < ends ? begins <= instant && instant < ends : instant < ends || begins <= instant
    return isSummer ? summer.offset : standard
  }

  private static func timestamp(_ seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
  }

  /// - Returns: nil for an empty text or one that is no such rule.
  init?(_ text: String) {
    var scanner = PosixScanner(text)
    guard scanner.name(), let west = scanner.time() else { return nil }
    standard = -west
    guard !scanner.isAtEnd else { return }
    guard scanner.name() else { return nil }
    var offset = standard + 3600
    if !scanner.next(is: ",") {
      guard let west = scanner.time() else { return nil }
      offset = -west
    }
    guard scanner.take(","), let begins = scanner.day(), scanner.take(","),
      let ends = scanner.day(), scanner.isAtEnd
    else { return nil }
    summer = Summer(offset: offset, begins: begins, ends: ends)
  }
}

extension PosixTimeZone.Day {
  /// Seconds since 1970 as if the local time were UTC.
  fileprivate func local(in year: Int) -> Int64 {
    let newYear = Self.days(year, 1, 1)
    let day: Int64
    switch kind {
    case .julian(let number):
      let isLeap = Self.days(year, 3, 1) - newYear == 60
      day = newYear + Int64(number - 1) + (isLeap && number >= 60 ? 1 : 0)
    case .ordinal(let number): day = newYear + Int64(number)
    case .weekday(let month, let week, let weekday):
      let first = Self.days(year, month, 1)
      // 1970-01-01 was a Thursday.
      let ahead = (Int64(weekday) - (first + 4) % 7 + 7) % 7
      let wanted = first + ahead + Int64(week - 1) * 7
      let next = month == 12 ? Self.days(year + 1, 1, 1) : Self.days(year, month + 1, 1)
      day = wanted < next ? wanted : wanted - 7
    }
    return day * 86_400 + time
  }

  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    CivilTime(year: year, month: month, day: day).instant().nanoseconds / 86_400_000_000_000
  }
}

private struct PosixScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = Substring(text).utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  func next(is character: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: character) }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next(is: character) else { return false }
    rest.removeFirst()
    return true
  }

  /// `EST` or `<+0330>`.
  mutating func name() -> Bool {
    if take("<") {
      guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
      rest = rest[rest.index(after: end)...]
      return true
    }
    let letters = rest.prefix { (UInt8(ascii: "A")...UInt8(ascii: "z")).contains($0) }
    rest = rest.dropFirst(letters.count)
    return letters.count >= 3
  }

  mutating func number() -> Int? {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard 1...4 ~= digits.count else { return nil }
    rest = rest.dropFirst(digits.count)
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  /// `5`, `-3:30`, `+02:00:00` in seconds.
  mutating func time() -> Int64? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard let hours = number(), hours <= 167 else { return nil }
    var seconds = hours * 3600
    if take(":") {
      guard let minutes = number(), minutes < 60 else { return nil }
      seconds += minutes * 60
      if take(":") {
        guard let rest = number(), rest < 60 else { return nil }
        seconds += rest
      }
    }
    return Int64(isNegative ? -seconds : seconds)
  }

  mutating func day() -> PosixTimeZone.Day? {
    let kind: PosixTimeZone.Day.Kind
    if take("M") {
      guard let month = number(), 1...12 ~= month, take("."), let week = number(), 1...5 ~= week,
        take("."), let day = number(), 0...6 ~= day
      else { return nil }
      kind = .weekday(month: month, week: week, day: day)
    } else if take("J") {
      guard let day = number(), 1...365 ~= day else { return nil }
      kind = .julian(day)
    } else {
      guard let day = number(), 0...365 ~= day else { return nil }
      kind = .ordinal(day)
    }
    var time: Int64 = 7200
    if take("/") {
      guard let given = self.time() else { return nil }
      time = given
    }
    return PosixTimeZone.Day(kind: kind, time: time)
  }
}
