import Foundation
import SyncModel
import Testing

@Suite("Exact decimals")
struct ExactDecimalTests {
  private func parse(_ text: String) -> String? {
    Array(text.utf8).withUnsafeBytes { ExactDecimal($0)?.description }
  }

  @Test(
    "numbers are read exactly, in their shortest form",
    arguments: [
      ("0", "0"), ("-0.00", "0"), ("1", "1"), ("29.33", "29.33"), ("10.50", "10.5"),
      ("100", "100"), ("0.1", "0.1"), ("-0.05", "-0.05"), ("1e2", "100"), ("1.5E+1", "15"),
      ("12e-3", "0.012"), ("123.456e1", "1234.56"), ("999999999999999", "999999999999999"),
      ("29.329999999999998", "29.329999999999998"),
      ("0.000000000000000001", "0.000000000000000001"),
      ("1000000000000000", nil), ("1e15", nil), ("1e400", nil), ("1e-19", nil), ("1e-400", nil),
      ("0e999", "0"), ("1.0000000000000000000000", "1"), ("0.0000000000000000001", nil),
      ("123456789012345678901234567890123456789", nil),
      ("170141183460469231731687303715884105729", nil), ("", nil), ("-", nil), ("1x", nil),
      ("1.2.3", nil), ("1e", nil), ("e1", nil),
    ] as [(String, String?)]
  )
  func reading(_ text: String, _ expected: String?) {
    #expect(parse(text) == expected)
  }

  @Test("sums are exact where binary floating point is not")
  func sums() throws {
    var sum = ExactDecimal.zero
    let tenth = try #require(ExactDecimal.sum("0.1"))
    for _ in 0..<1_000 { sum = try #require(sum.adding(tenth)) }
    #expect(sum.description == "100")
    #expect(try #require(sum.subtracting(tenth)).description == "99.9")
    let price = try #require(ExactDecimal.sum("19.99"))
    #expect(try #require(price.multiplied(by: 3)).description == "59.97")
    #expect(try #require(price.multiplied(by: -1)).adding(price) == .zero)
  }

  @Test("a sum reads its own description; overflow is nil, not a trap")
  func overflow() throws {
    for text in ["0", "-12.5", "244091.94", "123456789012345678901234567890.123"] {
      #expect(ExactDecimal.sum(text)?.description == text)
    }
    for text in ["", "x", "1.2.3", "1.0000000000000000001", "1e5"] {
      #expect(ExactDecimal.sum(text) == nil)
    }
    let largest = try #require(ExactDecimal(coefficient: .max, atScale: 0))
    let one = try #require(ExactDecimal.sum("1"))
    let small = try #require(ExactDecimal.sum("0.1"))
    #expect(largest.adding(one) == nil)
    #expect(largest.adding(small) == nil)
    #expect(largest.multiplied(by: 2) == nil)
    #expect(ExactDecimal(coefficient: 1, atScale: 19) == nil)
  }
}

@Suite("Times")
struct PayloadTimeTests {
  private func nanoseconds(_ text: String) -> Int64? {
    Array(text.utf8).withUnsafeBytes { PayloadTime.parse($0) }?.nanoseconds
  }

  @Test(
    "the documented forms are read; without a zone it is UTC (R90)",
    arguments: [
      ("2024-05-28", 1_716_854_400_000_000_000), ("05/28/2024", 1_716_854_400_000_000_000),
      ("2024-05-28T10:00:00Z", 1_716_890_400_000_000_000),
      ("2024-05-28T10:00:00", 1_716_890_400_000_000_000),
      ("2024-05-28 10:00:00", 1_716_890_400_000_000_000),
      ("2024-05-28T10:00", 1_716_890_400_000_000_000),
      ("2024-05-28T10:00:00.250Z", 1_716_890_400_250_000_000),
      ("2024-05-28T10:00:00:250Z", 1_716_890_400_250_000_000),
      ("2024-05-28T10:00:00:250+0100", 1_716_886_800_250_000_000),
      ("2024-05-28T10:00:00+01:00", 1_716_886_800_000_000_000),
      ("2024-05-28T10:00:00-05", 1_716_908_400_000_000_000),
      ("2024-05-28T10:00:00 +0100", 1_716_886_800_000_000_000),
      ("2024-05-28T10:00:00+1:00", 1_716_890_400_000_000_000),
      ("2024-05-28 10:00:00 UTC", 1_716_890_400_000_000_000),
      ("1969-12-31T23:59:59.5Z", -500_000_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
      ("2024-02-29", 1_709_164_800_000_000_000),
      ("2024-05-28T10:00:00.123456789123Z", 1_716_890_400_123_456_789),
    ]
  )
  func forms(_ text: String, _ expected: Int64) {
    #expect(nanoseconds(text) == expected)
  }

  @Test(
    "anything else is no time",
    arguments: [
      "", "x", "2024", "2024-05", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-32",
      "2024-05-28T25:00:00Z", "2024-05-28T10:61:00Z", "2024-05-28T10:00:00.Z",
      "2024-05-28T10:00:00Zx", "2024-05-28T10:00:00 CET", "24-05-28", "28.05.2024",
      "2024-05-28T", "2024-05-28T10", "2024/05/28", "1716890400", "2024-05-28T10:00:00+ab",
    ]
  )
  func noTime(_ text: String) {
    #expect(nanoseconds(text) == nil)
  }

  @Test("every instant is written in RFC 3339 and read back, also before 1970", arguments: 0..<8)
  func roundTrip(_ seed: UInt64) throws {
    var random = Xorshift(seed)
    for _ in 0..<2000 {
      // Years 1678 to 2261.
      let instant = Timestamp(nanoseconds: Int64(bitPattern: random.next()))
      var sink = ByteSink()
      instant.appendRFC3339(into: &sink)
      #expect(PayloadTime.parse(sink.bytes) == instant, "seed \(seed)")
      #expect(CivilTime(instant).instant() == instant)
    }
  }

  @Test("the calendar agrees with Foundation's")
  func calendar() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    for day in stride(from: -36_000, to: 73_000, by: 37) {
      let seconds = Int64(day) * 86_400 + 3_723
      let civil = CivilTime(Timestamp(nanoseconds: seconds * 1_000_000_000))
      let parts = calendar.dateComponents(
        [.year, .month, .day, .hour, .minute, .second],
        from: Date(timeIntervalSince1970: TimeInterval(seconds))
      )
      #expect(parts.year == civil.year && parts.month == civil.month && parts.day == civil.day)
      #expect(
        parts.hour == civil.hour && parts.minute == civil.minute && parts.second == civil.second
      )
    }
  }

  @Test("a fraction has three, six or nine digits, or is not there")
  func fractions() {
    func text(_ nanoseconds: Int64) -> String {
      var sink = ByteSink()
      Timestamp(nanoseconds: nanoseconds).appendRFC3339(into: &sink)
      return String(decoding: sink.bytes, as: UTF8.self)
    }
    #expect(text(0) == "1970-01-01T00:00:00Z")
    #expect(text(250_000_000) == "1970-01-01T00:00:00.250Z")
    #expect(text(1_000) == "1970-01-01T00:00:00.000001Z")
    #expect(text(-1) == "1969-12-31T23:59:59.999999999Z")
    #expect(text(.max).hasPrefix("2262-04-11T"))
    #expect(text(.min).hasPrefix("1677-09-21T"))
  }
}

@Suite("Attribute changes")
struct AttributeChangesTests {
  private func changes(_ payload: String, email: String? = nil) -> String {
    Array(payload.utf8).withUnsafeBytes { bytes in
      var scanner = JSONScanner()
      var changes = AttributeChanges()
      do {
        var warnings = RowWarnings()
        try changes.read(try scanner.object(in: bytes), warnings: &warnings)
        if let email {
          Array(email.utf8).withUnsafeBytes { changes.setUnlessPresent(.email, to: $0) }
        }
        return changes.sorted().map { change in
          String(decoding: change.name, as: UTF8.self) + "="
            + (change.value.map { String(decoding: $0, as: UTF8.self) } ?? "removed")
        }.joined(separator: " ")
      } catch let issue as RowIssue {
        return issue.code
      } catch {
        return "\(error)"
      }
    }
  }

  @Test("are sorted by name, compact, and null removes (R75)")
  func sorted() {
    #expect(
      changes(#"{ "b" : [ 1, 2 ], "a" : null, "\u0063" : "\u0078", " d ":"" }"#)
        == #"a=removed b=[1,2] c="x" d="""#
    )
    #expect(changes("{}").isEmpty)
    let many = (0..<100).reversed().map { "\"k\(1000 + $0)\":\($0)" }.joined(separator: ",")
    #expect(
      changes("{\(many)}")
        == (0..<100).map { "k\(1000 + $0)=\($0)" }.joined(separator: " ")
    )
  }

  @Test("an email in the payload must be valid, and goes before the column's (R65)")
  func email() {
    #expect(changes(#"{"email":"a@x.org"}"#, email: "b@x.org") == #"email="a@x.org""#)
    #expect(changes(#"{"email":null}"#, email: "b@x.org") == "email=removed")
    #expect(changes(#"{"a":1}"#, email: "b@x.org") == #"a=1 email="b@x.org""#)
    #expect(changes(#"{"email":"nonsense"}"#) == "invalid_email")
    #expect(changes(#"{"email":1}"#) == "invalid_email")
  }

  @Test("a phone in the payload is normalised (R56, R57)")
  func phone() {
    #expect(changes(#"{"phone":"(415) 555-0100"}"#) == #"phone="+14155550100""#)
    #expect(changes(#"{"phone":"12"}"#) == "invalid_phone")
    #expect(changes(#"{"phone":4155550100}"#) == "invalid_phone")
    #expect(changes(#"{"phone":null}"#) == "phone=removed")
  }
}
