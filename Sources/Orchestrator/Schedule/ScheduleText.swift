import RPC

/// When a sync runs by itself, as the user writes it: `manual`, `every 15m`, `every 1mo`, `cron 0 3 * *
/// *`.
enum ScheduleText {
  static let manual = "manual"
  /// R140: 15 minutes, less by override, up to a month.
  static let minutes: ClosedRange<Int64> = 5...44_640

  /// The text in its one form.
  /// - Parameter shortest: the fewest minutes of an interval.
  static func validated(_ text: String, shortest: Int64) throws(RPCError) -> String {
    let words = text.split(separator: " ").map(String.init)
    guard !words.isEmpty else { return manual }
    let schedule = try parse(text)
    if case .every(let minutes) = schedule, minutes < shortest {
      throw invalid(
        "invalid_schedule",
        "the schedule \(quoted(text)) is more often than every \(shortest) minutes; the operator can allow that (SLUICE_SHORTEST_INTERVAL)"
      )
    }
    return words.joined(separator: " ")
  }

  static func parse(_ text: String) throws(RPCError) -> Schedule {
    let words = text.split(separator: " ").map(String.init)
    switch words.first {
    case manual where words.count == 1, nil: return .manual
    case "every" where words.count == 2: return try interval(words[1], text)
    case "cron" where words.count == 6: return try cron(Array(words.dropFirst()), text)
    default:
      throw invalid(
        "invalid_schedule",
        "the schedule \(quoted(text)) is none of \"manual\", \"every 15m\" and \"cron 0 3 * * *\" (minute hour day month weekday)"
      )
    }
  }

  private static func cron(_ words: [String], _ text: String) throws(RPCError) -> Schedule {
    let cron: CronExpression
    do {
      cron = try CronExpression(words)
    } catch .field(let name, let range, let word) {
      throw invalid(
        "invalid_schedule",
        "the schedule \(quoted(text)) has \(quoted(word)) as its \(name), which must be \(range.lowerBound) to \(range.upperBound), *, or lists, ranges and steps of these"
      )
    } catch {
      throw invalid("invalid_schedule", "the schedule \(quoted(text)) must have five fields")
    }
    guard Schedule.cron(cron).slot(after: 0, in: .utc) != nil else {
      throw invalid(
        "invalid_schedule",
        "the schedule \(quoted(text)) never comes: there is no such day"
      )
    }
    return .cron(cron)
  }

  /// `15m`, `6h`, `1d`, `1w`, `1mo`.
  private static func interval(_ word: String, _ text: String) throws(RPCError) -> Schedule {
    if word == "1mo" { return .monthly }
    let units: [Character: Int64] = ["m": 1, "h": 60, "d": 1440, "w": 10_080]
    let digits = word.dropLast()
    let isNumber =
      1...5 ~= digits.utf8.count
      && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let unit = word.last.flatMap({ units[$0] }), isNumber, let count = Int64(digits),
      minutes.contains(count * unit)
    else {
      throw invalid(
        "invalid_schedule",
        "the schedule \(quoted(text)) must be every 5m to 31d, as in \"every 15m\", \"every 6h\", \"every 1d\" or \"every 1mo\""
      )
    }
    return .every(minutes: count * unit)
  }
}
