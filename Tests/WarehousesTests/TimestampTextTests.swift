import SyncModel
import Testing
import Warehouse

@Suite("Instants as databases write them")
struct TimestampTextTests {
  @Test(
    "are read to the nanosecond (R14, R15)",
    arguments: [
      ("1970-01-01", 0), ("1970-01-01 00:00", 0), ("1970-01-01T00:00:01Z", 1_000_000_000),
      ("1969-12-31 23:59:59.999999999", -1), ("2024-01-01 00:00:00+00", newYear),
      ("2024-01-01 05:30:00+05:30", newYear), ("2023-12-31 16:00-0800", newYear),
      ("2024-01-01T00:00:00.123456789z", newYear + 123_456_789),
      ("2024-01-01 00:00:00.5", newYear + 500_000_000),
      ("2024-01-01 00:00:00.1234567899", newYear + 123_456_789),
      ("2024-01-01 00:19:32+00:19:32", newYear),
      ("2024-02-29 00:00:00", newYear + 59 * 86_400 * second),
      ("1677-09-21 00:12:43.145224192", Int64.min), ("2262-04-11 23:47:16.854775807", Int64.max),
    ] as [(String, Int64)]
  )
  func read(text: String, nanoseconds: Int64) {
    #expect(Timestamp(text: text)?.nanoseconds == nanoseconds)
  }

  @Test(
    "are clamped where they are out of range",
    arguments: [
      ("infinity", Timestamp.latest), ("-infinity", .earliest),
      ("0044-03-15 12:00:00 BC", .earliest),
      ("4714-11-24 00:00:00+00 BC", .earliest), ("294276-12-31 23:59:59.999999+00", .latest),
      ("2262-04-11 23:47:16.854775808", .latest), ("1677-09-21 00:12:43.145224191", .earliest),
      ("0001-01-01 BC", .earliest), ("9999999-12-31", .latest),
    ]
  )
  func clamped(text: String, instant: Timestamp) {
    #expect(Timestamp(text: text) == instant)
  }

  @Test(
    "are nothing else",
    arguments: [
      "", " ", "now", "2024", "2024-1-1", "2024-13-01", "2024-00-01", "2024-02-30", "2023-02-29",
      "2024-01-01 ", "2024-01-01T", "2024-01-01 24:00", "2024-01-01 10:60", "2024-01-01 10:00:60",
      "2024-01-01 10:00:00.", "2024-01-01 10:00:00+", "2024-01-01 10:00:00+1",
      "2024-01-01 10:00:00x",
      "2024-01-01 10", "infinity ", "-2024-01-01", "12345678-01-01", "0000-01-01 BC",
      "2024-01-01 AD",
      "2024-01-01 10:00:00 UTC", "２０２４-01-01", "1704067200",
    ]
  )
  func refused(text: String) { #expect(Timestamp(text: text) == nil) }

  @Test("come back from their text form, over the whole range")
  func roundTrip() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<10_000 {
      let micros = Int64.random(in: -9_223_372_036_854_775...9_223_372_036_854_775, using: &random)
      let instant = Timestamp(nanoseconds: micros * 1000)
      #expect(Timestamp(text: instant.microsecondTextRoundedUp) == instant)
    }
  }

  @Test(
    "are rounded up for a bound: nothing before it is selected",
    arguments: [
      (newYear, "2024-01-01 00:00:00.000000"), (newYear + 1, "2024-01-01 00:00:00.000001"),
      (-1, "1970-01-01 00:00:00.000000"), (-1000, "1969-12-31 23:59:59.999999"),
      (Int64.max, "2262-04-11 23:47:16.854776"), (Int64.min, "1677-09-21 00:12:43.145225"),
    ] as [(Int64, String)]
  )
  func rounded(nanoseconds: Int64, text: String) {
    #expect(Timestamp(nanoseconds: nanoseconds).microsecondTextRoundedUp == text)
  }
}
