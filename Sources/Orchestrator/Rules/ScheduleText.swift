import RPC

/// When a sync runs by itself, as the user writes it: `manual`, `every 15m`, `cron 0 3 * * *`.
///
/// Only the form is checked here: nothing runs a schedule yet.
enum ScheduleText {
  static let manual = "manual"
  /// R140: 15 minutes, 5 by override, up to a month.
  static let minutes = 5...44_640

  /// The text in its one form.
  static func validated(_ text: String) throws(RPCError) -> String {
    let words = text.split(separator: " ").map(String.init)
    guard let kind = words.first, words != [manual] else { return manual }
    switch kind {
    case "every" where words.count == 2:
      guard let interval = interval(words[1]), minutes.contains(interval) else {
        throw invalid(
          "invalid_schedule",
          "the schedule \(quoted(text)) must be every 5m to 31d, as in \"every 15m\", \"every 6h\" or \"every 1d\""
        )
      }
    case "cron" where words.count == 6:
      for (field, word) in zip(CronField.all, words.dropFirst()) where !field.accepts(word) {
        throw invalid(
          "invalid_schedule",
          "the schedule \(quoted(text)) has \(quoted(word)) as its \(field.name), which must be \(field.range.lowerBound) to \(field.range.upperBound), *, or lists, ranges and steps of these"
        )
      }
    default:
      throw invalid(
        "invalid_schedule",
        "the schedule \(quoted(text)) is none of \"manual\", \"every 15m\" and \"cron 0 3 * * *\" (minute hour day month weekday)"
      )
    }
    return words.joined(separator: " ")
  }

  /// `15m`, `6h`, `1d` in minutes.
  private static func interval(_ word: String) -> Int? {
    guard let unit = word.last, let count = number(word.dropLast()) else { return nil }
    switch unit {
    case "m": return count
    case "h": return count * 60
    case "d": return count * 1440
    default: return nil
    }
  }

  /// At most five digits, nothing else: `Int` alone would take a sign.
  fileprivate static func number(_ text: Substring) -> Int? {
    guard (1...5).contains(text.utf8.count),
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(text)
  }
}

/// One of cron's five fields (crontab(5)).
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

  func accepts(_ text: String) -> Bool {
    text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
      let parts = item.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count <= 2, let base = parts.first else { return false }
      if parts.count == 2 {
        guard let step = ScheduleText.number(parts[1]), (1...range.upperBound).contains(step)
        else { return false }
      }
      if base == "*" { return true }
      let ends = base.split(separator: "-", omittingEmptySubsequences: false).map(value)
      switch ends.count {
      case 1: return ends[0] != nil
      case 2:
        guard let low = ends[0], let high = ends[1] else { return false }
        return low <= high
      default: return false
      }
    }
  }

  private func value(_ text: Substring) -> Int? {
    if let place = words.firstIndex(of: text.lowercased()) { return range.lowerBound + place }
    guard let number = ScheduleText.number(text), range.contains(number) else { return nil }
    return number
  }
}
