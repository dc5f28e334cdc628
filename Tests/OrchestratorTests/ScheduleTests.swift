import Foundation
import Testing

@testable import Orchestrator

@Suite("Schedules")
struct ScheduleTests {
  /// Ten zones with all kinds of clock changes: at night, at midnight, of half an hour, in the south,
  /// by religion, none.
  static let zones = [
    "UTC", "America/New_York", "Europe/Berlin", "Europe/London", "Australia/Lord_Howe",
    "America/Santiago", "Africa/Casablanca", "Asia/Beirut", "Asia/Kolkata", "Pacific/Apia",
  ]

  @Test("A zone's offsets are those of another reader, from 1990 to 2090", arguments: zones)
  func offsets(name: String) throws {
    let zone = try #require(TimeZoneRules.load(name))
    let other = try #require(TimeZone(identifier: name))
    // 1990 to 2037: what both read from the same table; every day and a bit.
    for instant in stride(from: Int64(631_152_000), to: 2_114_380_800, by: 90_000) {
      let expected = Int64(other.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))
      guard zone.offset(at: instant) != expected else { continue }
      Issue.record("\(name) at \(instant): \(zone.offset(at: instant)), not \(expected)")
      return
    }
  }

  @Test(
    "The rule at a zone's end holds for the years after its table",
    arguments: [
      ("EST5EDT,M3.2.0,M11.1.0", Int64(4_118_083_200), Int64(-14_400)),
      ("EST5EDT,M3.2.0,M11.1.0", 4_105_900_800, -18_000),
      ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 4_102_444_800, 39_600),
      ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", 4_118_083_200, -7_200),
      ("IST-5:30", 4_102_444_800, 19_800),
      ("XXX3EDT4,0/0,J365/23", 4_102_444_800, -14_400),
    ]
  )
  func footer(text: String, instant: Int64, offset: Int64) throws {
    #expect(try #require(PosixTimeZone(text)).offset(at: instant) == offset)
  }

  @Test(
    "What is no zone file is refused",
    arguments: [[], Array("TZif".utf8), [UInt8](repeating: 0, count: 100)]
  )
  func noZone(bytes: [UInt8]) {
    #expect(TimeZoneRules(file: bytes) == nil)
    #expect(TimeZoneRules.load("../passwd") == nil)
    #expect(TimeZoneRules.load("No/Where") == nil)
  }

  private func slots(
    _ text: String,
    _ name: String,
    from first: String,
    to last: String
  ) throws -> [String] {
    let schedule = try ScheduleText.parse(text)
    let zone = try #require(TimeZoneRules.load(name))
    let format = ISO8601DateFormatter()
    func seconds(_ text: String) throws -> Int64 {
      Int64(try #require(format.date(from: text)).timeIntervalSince1970)
    }
    var (instant, end, found) = (try seconds(first) - 1, try seconds(last), [String]())
    while let slot = schedule.slot(after: instant, in: zone), slot <= end {
      found.append(format.string(from: Date(timeIntervalSince1970: Double(slot))))
      instant = slot
    }
    return found
  }

  @Test("R140: clocks that jump forward: a slot inside the gap is at its end, and no other is lost")
  func spring() throws {
    // 2026-03-08, New York: 02:00 becomes 03:00.
    let daily = try slots(
      "cron 30 2 * * *",
      "America/New_York",
      from: "2026-03-07T00:00:00Z",
      to: "2026-03-10T00:00:00Z"
    )
    #expect(daily == ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"])
    let hourly = try slots(
      "every 1h",
      "America/New_York",
      from: "2026-03-08T05:00:00Z",
      to: "2026-03-08T09:00:00Z"
    )
    #expect(
      hourly == [
        "2026-03-08T05:00:00Z", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z",
        "2026-03-08T08:00:00Z", "2026-03-08T09:00:00Z",
      ]
    )
  }

  @Test("R140: clocks that go back: a daily slot comes once, an hourly one goes on through both")
  func autumn() throws {
    // 2026-11-01, New York: 02:00 becomes 01:00.
    let daily = try slots(
      "cron 30 1 * * *",
      "America/New_York",
      from: "2026-10-31T12:00:00Z",
      to: "2026-11-02T12:00:00Z"
    )
    #expect(daily == ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"])
    let quarters = try slots(
      "every 30m",
      "America/New_York",
      from: "2026-11-01T05:00:00Z",
      to: "2026-11-01T07:00:00Z"
    )
    #expect(quarters.count == 5)
    let sixHours = try slots(
      "every 6h",
      "America/New_York",
      from: "2026-11-01T00:00:00Z",
      to: "2026-11-02T04:59:00Z"
    )
    #expect(
      sixHours == [
        "2026-11-01T04:00:00Z", "2026-11-01T11:00:00Z", "2026-11-01T17:00:00Z",
        "2026-11-01T23:00:00Z",
      ]
    )
  }

  @Test("Days, weeks and months begin at local midnight, weeks on Mondays")
  func long() throws {
    #expect(
      try slots(
        "every 1w",
        "Asia/Kolkata",
        from: "2026-11-01T00:00:00Z",
        to: "2026-11-20T00:00:00Z"
      )
        == ["2026-11-01T18:30:00Z", "2026-11-08T18:30:00Z", "2026-11-15T18:30:00Z"]
    )
    #expect(
      try slots("every 1mo", "UTC", from: "2026-01-15T00:00:00Z", to: "2026-04-01T00:00:00Z")
        == ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"]
    )
    #expect(
      try slots("cron 0 0 29 2 *", "UTC", from: "2027-01-01T00:00:00Z", to: "2033-01-01T00:00:00Z")
        == ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]
    )
    #expect(
      try slots(
        "cron 0 9 13 * fri",
        "UTC",
        from: "2026-11-10T00:00:00Z",
        to: "2026-11-21T00:00:00Z"
      )
        == ["2026-11-13T09:00:00Z", "2026-11-20T09:00:00Z"]
    )
  }

  /// Every slot of 400 days, by a walk over the minutes that knows nothing of `Schedule`.
  private func expectedSlots(_ wanted: Set<Int>, _ zone: TimeZone, _ start: Int64) -> [Int64] {
    var (slots, lastMinute, offset) = ([Int64](), Int64.min, Int64(0))
    for instant in stride(from: start, to: start + 400 * 86_400, by: 60) {
      // No zone changes its clocks but at a quarter of an hour.
      if instant % 900 == 0 {
        offset = Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))
      }
      let minute = (instant + offset) / 60
      // What the clocks show now and have not shown before: more than one minute after a jump.
      guard minute > lastMinute else { continue }
      let first = lastMinute == .min ? minute : lastMinute + 1
      if (first...minute).contains(where: { wanted.contains(Int($0 % 1440)) }) {
        slots.append(instant)
      }
      lastMinute = minute
    }
    return slots
  }

  @Test(
    "400 days with restarts and clocks that jump an hour and a day: each slot has its one run",
    arguments: zones
  )
  func year(name: String) throws {
    let zone = try #require(TimeZoneRules.load(name))
    let schedule = try ScheduleText.parse("cron 30 0,2,13 * * *")
    let start: Int64 = 1_772_323_200
    let expected = expectedSlots(
      [30, 150, 810],
      try #require(TimeZone(identifier: name)),
      start
    )
    var random = SplitMix(seed: UInt64(start) &+ UInt64(name.utf8.count))
    // What the database keeps: a slot is used up with the record of its run, or not at all.
    var (last, runs) = (start - 1, [(slot: Int64, madeUp: Range<Int64>)]())
    var (now, skew) = (start, Int64(0))
    while now < start + 400 * 86_400 {
      now += Int64.random(in: 1...1800, using: &random)
      switch Int.random(in: 0..<4000, using: &random) {
      case 0: skew += 3600
      case 1: skew -= 3600
      case 2: skew += 86_400
      case 3: skew -= 86_400
      case 4: now += Int64.random(in: 1...200_000, using: &random)
      // Set right again, as it is in the end.
      case 5...40: skew = 0
      default: break
      }
      let clock = now + skew
      guard let slot = schedule.dueSlot(after: last, now: clock, in: zone) else { continue }
      // A kill before the commit: nothing was kept, and the next look finds the same.
      if Int.random(in: 0..<20, using: &random) == 0 { continue }
      runs.append((slot, (last + 1)..<(slot + 1)))
      last = slot
    }
    let reached = runs.last?.slot ?? 0
    let due = expected.filter { $0 <= reached }
    // No slot twice: the ranges that the runs make up follow each other; and each is a slot.
    #expect(Set(runs.map(\.slot)).count == runs.count)
    let all = Set(expected)
    #expect(runs.allSatisfy { all.contains($0.slot) || $0.slot > (expected.last ?? 0) }, "\(name)")
    // No slot never: each is in the range of exactly one run.
    for slot in due {
      let covering = runs.count { $0.madeUp.contains(slot) }
      #expect(covering == 1, "\(name) \(slot)")
    }
    #expect(due.count > 1000)
  }
}

/// A small generator whose seed is told (Steele, Lea, Flood: SplitMix64).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
