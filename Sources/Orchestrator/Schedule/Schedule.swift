import SyncModel

/// When a sync runs by itself: a series of slots, each of which is one run.
///
/// Slots are times of day of the sync's zone. Where clocks jump over a slot's time, the slot is the end
/// of the gap; where a time comes twice, the slot is the first, unless the schedule is for every hour
/// or oftener, which then goes on through both.
enum Schedule: Sendable, Equatable {
  case manual
  /// Every so many minutes. Of a day's divisors from local midnight on; whole days at local midnight,
  /// seven of them on Mondays; anything else counted from 1970 UTC.
  case every(minutes: Int64)
  /// On the first of the month, at local midnight.
  case monthly
  case cron(CronExpression)

  private static let dayMinutes: Int64 = 1440
  private static let daySeconds: Int64 = 86_400
  /// No cron expression that matches at all leaves more than the eight years around 1900 and 2100
  /// between two February 29.
  private static let longestWait = 8 * 366 + 2

  /// The first slot after an instant, in seconds since 1970 UTC; nil when there is none, ever.
  func slot(after instant: Int64, in zone: TimeZoneRules) -> Int64? {
    switch self {
    case .manual: return nil
    case .every(let minutes) where !Self.isOfDays(minutes):
      let length = minutes * 60
      return (instant / length + (instant < 0 && instant % length != 0 ? 0 : 1)) * length
    case .every, .monthly, .cron: break
    }
    let today = Self.floor(instant + zone.offset(at: instant), Self.daySeconds)
    // From yesterday on: clocks that go back over midnight make yesterday's times come again.
    for day in (today - 1)..<(today + Int64(Self.longestWait)) where matches(day: day) {
      // A day's slots can only be overtaken by those of the next day where clocks go back at midnight.
      let slots = slots(ofDay: day, in: zone)
      if let slot = slots.first(where: { $0 > instant }) { return slot }
    }
    return nil
  }

  /// The last slot that is due: after `last`, not after `now`. All that are due are made up by one run.
  func dueSlot(after last: Int64, now: Int64, in zone: TimeZoneRules) -> Int64? {
    guard var slot = slot(after: last, in: zone), slot <= now else { return nil }
    // Whatever happened before the last days is made up by the same run.
    let recent = now - 40 * Self.daySeconds
    if slot < recent, let later = self.slot(after: recent, in: zone), later <= now { slot = later }
    while let next = self.slot(after: slot, in: zone), next <= now { slot = next }
    return slot
  }

  private static func isOfDays(_ minutes: Int64) -> Bool {
    dayMinutes % minutes == 0 || minutes % dayMinutes == 0
  }

  private func matches(day: Int64) -> Bool {
    switch self {
    case .manual: return false
    case .every(let minutes):
      let days = minutes / Self.dayMinutes
      if days <= 1 { return true }
      // 1970-01-01 was a Thursday: four days later was a Monday.
      return (day - (days == 7 ? 4 : 0)) % days == 0
    case .monthly: return Self.civil(day).day == 1
    case .cron(let cron):
      let civil = Self.civil(day)
      let weekday = Int(((day + 4) % 7 + 7) % 7)
      return cron.matches(month: civil.month, day: civil.day, weekday: weekday)
    }
  }

  private func slots(ofDay day: Int64, in zone: TimeZoneRules) -> [Int64] {
    let (minutes, comesTwice): ([Int64], Bool)
    switch self {
    case .manual: return []
    case .every(let length) where length < Self.dayMinutes:
      (minutes, comesTwice) = (
        Array(stride(from: 0, to: Self.dayMinutes, by: Int(length))), length <= 60
      )
    case .every, .monthly: (minutes, comesTwice) = ([0], false)
    case .cron(let cron): (minutes, comesTwice) = (cron.minutesOfDay.map(Int64.init), cron.isHourly)
    }
    var slots: Set<Int64> = []
    for minute in minutes {
      let local = day * Self.daySeconds + minute * 60
      let instants = zone.instants(showing: local)
      if instants.isEmpty {
        slots.insert(zone.firstInstant(notBefore: local))
      } else {
        slots.formUnion(comesTwice ? instants : [instants[0]])
      }
    }
    return slots.sorted()
  }

  private static func civil(_ day: Int64) -> CivilTime {
    CivilTime(Timestamp(nanoseconds: day * daySeconds * 1_000_000_000))
  }

  private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
    value / divisor - (value < 0 && value % divisor != 0 ? 1 : 0)
  }
}
