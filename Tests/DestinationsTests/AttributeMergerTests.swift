import SyncModel
import Testing

@testable import Destinations

/// Merges that a test can write down: attributes as text.
private struct Merging {
  var stored: [UInt8] = []

  /// `changes` as JSON object; the outcome as text.
  mutating func merge(_ payload: String, at stamp: Int64, origin: Int64 = 1) throws -> String {
    var scanner = JSONScanner()
    var changes = AttributeChanges()
    var merger = AttributeMerger()
    var warnings = RowWarnings()
    let bytes = Array(payload.utf8)
    let outcome = try bytes.withUnsafeBytes { bytes in
      try changes.read(try scanner.object(in: bytes), warnings: &warnings)
      return try stored.withUnsafeBytes {
        try merger.merge(
          changes.sorted(),
          version: AttributeVersion(stamp: stamp, origin: origin),
          into: $0,
          warnings: &warnings
        )
      }
    }
    stored = [UInt8](merger.merged.bytes)
    return "\(outcome.changed) \(outcome.confirmed) \(outcome.superseded)"
      + (outcome.emailChanged ? " email" : "") + (outcome.phoneChanged ? " phone" : "")
  }

  /// Every attribute with its value, stamp and origin.
  func contents() throws -> String {
    try stored.withUnsafeBytes { bytes in
      var attributes = try StoredAttributes(bytes)
      var versions = TrivialStack<AttributeVersion>(capacity: 1)
      try attributes.readVersions(into: &versions)
      var parts: [String] = []
      while let entry = try attributes.next() {
        let version = versions.base[entry.version]
        parts.append(
          String(decoding: entry.name, as: UTF8.self) + "="
            + (entry.value.map { String(decoding: $0, as: UTF8.self) } ?? "removed")
            + "@\(version.stamp)/\(version.origin)"
        )
      }
      return parts.joined(separator: " ")
    }
  }

  func versionCount() throws -> Int {
    try stored.withUnsafeBytes { bytes in
      var versions = TrivialStack<AttributeVersion>(capacity: 1)
      try StoredAttributes(bytes).readVersions(into: &versions)
      return versions.count
    }
  }
}

@Suite("Merge of attributes")
struct AttributeMergerTests {
  @Test("the later stamp wins for each attribute, whatever arrives first (decision 5)")
  func laterWins() throws {
    var merging = Merging()
    #expect(try merging.merge(#"{"b":1,"a":1}"#, at: 10, origin: 1) == "2 0 0")
    #expect(try merging.merge(#"{"a":2,"c":2}"#, at: 20, origin: 2) == "2 0 0")
    #expect(try merging.merge(#"{"a":3,"b":3,"d":3}"#, at: 15, origin: 3) == "2 0 1")
    #expect(try merging.contents() == "a=2@20/2 b=3@15/3 c=2@20/2 d=3@15/3")
    #expect(try merging.merge(#"{"a":4,"c":4}"#, at: 19) == "0 0 2")
    #expect(try merging.contents() == "a=2@20/2 b=3@15/3 c=2@20/2 d=3@15/3")
  }

  @Test("of equal stamps the later arrival wins (decision 5)")
  func ties() throws {
    var merging = Merging()
    _ = try merging.merge(#"{"a":1}"#, at: 10, origin: 1)
    #expect(try merging.merge(#"{"a":2}"#, at: 10, origin: 2) == "1 0 0")
    #expect(try merging.contents() == "a=2@10/2")
  }

  @Test("an equal value moves the stamp on and changes nothing")
  func confirmed() throws {
    var merging = Merging()
    _ = try merging.merge(#"{"a":[{"x":2}]}"#, at: 10)
    #expect(try merging.merge(#"{"a":[ {"x" : 2}]}"#, at: 20, origin: 2) == "0 1 0")
    #expect(try merging.contents() == #"a=[{"x":2}]@20/2"#)
    #expect(try merging.merge(#"{"a":[]}"#, at: 15) == "0 0 1")
  }

  @Test("a removed attribute keeps its stamp, so that an older row cannot bring it back")
  func tombstones() throws {
    var merging = Merging()
    _ = try merging.merge(#"{"a":1}"#, at: 10)
    #expect(try merging.merge(#"{"a":null}"#, at: 30) == "1 0 0")
    #expect(try merging.merge(#"{"a":2}"#, at: 20) == "0 0 1")
    #expect(try merging.contents() == "a=removed@30/1")
    // Even one that was never set.
    #expect(try merging.merge(#"{"b":null}"#, at: 30) == "0 1 0")
    #expect(try merging.merge(#"{"b":1}"#, at: 29) == "0 0 1")
    #expect(try merging.merge(#"{"b":1,"a":3}"#, at: 31) == "2 0 0")
  }

  @Test("tells when the email or the phone became another one")
  func identifiers() throws {
    var merging = Merging()
    #expect(
      try merging.merge(#"{"email":"a@x.org","phone":"+14155550100"}"#, at: 1)
        == "2 0 0 email phone"
    )
    #expect(
      try merging.merge(#"{"email":"a@x.org","phone":"+14155550101"}"#, at: 2) == "1 1 0 phone"
    )
    #expect(try merging.merge(#"{"email":null}"#, at: 3) == "1 0 0 email")
    #expect(try merging.merge(#"{"email":"b@x.org"}"#, at: 2) == "0 0 1")
    #expect(try merging.merge(#"{"Email":"b@x.org"}"#, at: 9) == "1 0 0")
  }

  @Test("attributes of one row share one version, and unused versions go")
  func versions() throws {
    var merging = Merging()
    _ = try merging.merge(#"{"a":1,"b":1,"c":1}"#, at: 10)
    #expect(try merging.versionCount() == 1)
    _ = try merging.merge(#"{"a":2}"#, at: 20)
    #expect(try merging.versionCount() == 2)
    _ = try merging.merge(#"{"a":3,"b":3,"c":3}"#, at: 30)
    #expect(try merging.versionCount() == 1)
    #expect(try merging.merge("{}", at: 40) == "0 0 0")
    #expect(try merging.versionCount() == 1)
  }

  @Test("agrees with a dictionary, over random histories", arguments: 0..<40)
  func model(_ seed: UInt64) throws {
    struct Held { var value: String; var stamp: Int64; var origin: Int64 }
    var random = Xorshift(seed)
    // By bytes: as strings, the two spellings of é would be one key.
    var model: [[UInt8]: Held] = [:]
    var merging = Merging()
    let names = (0..<12).map {
      ["a", "ab", "b", "é", "e\u{301}", "email", "z"][$0 % 7] + "\($0 / 7)"
    }
    for origin in Int64(1)...60 {
      let stamp = Int64(random.below(20)) - 10
      let row = names.filter { _ in random.below(3) == 0 }.map {
        ($0, ["null", "1", "\"x\"", "[1,2]", "{\"k\":true}"][random.below(5)])
      }
      _ = try merging.merge(
        "{" + row.shuffled(using: &random).map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
          + "}",
        at: stamp,
        origin: origin
      )
      for (name, value) in row {
        let held = model[Array(name.utf8)]
        // The very version that is there stays whose it is.
        if let held, held.stamp > stamp || (held.stamp == stamp && held.value == value) { continue }
        model[Array(name.utf8)] = Held(value: value, stamp: stamp, origin: origin)
      }
      let expected = model.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        .map {
          "\(String(decoding: $0.key, as: UTF8.self))=\($0.value.value == "null" ? "removed" : $0.value.value)@\($0.value.stamp)/\($0.value.origin)"
        }
      #expect(
        try merging.contents().utf8.elementsEqual(expected.joined(separator: " ").utf8),
        "seed \(seed)"
      )
    }
  }

  @Test("a damaged value is an error, never a trap", arguments: 0..<8)
  func damage(_ seed: UInt64) throws {
    var random = Xorshift(seed)
    var merging = Merging()
    _ = try merging.merge(#"{"a":1,"bcd":"text","e":null}"#, at: 10)
    _ = try merging.merge(#"{"a":2,"f":[1,2,3]}"#, at: 1 << 60, origin: 1 << 40)
    let good = merging.stored
    for _ in 0..<2000 {
      var bad = good
      for _ in 0...random.below(3) {
        switch random.below(3) {
        case 0: bad[random.below(bad.count)] = UInt8(random.below(256))
        case 1: bad = Array(bad.prefix(random.below(bad.count)))
        default: bad.append(UInt8(random.below(256)))
        }
        if bad.isEmpty { bad = [1] }
      }
      merging.stored = bad
      _ = try? merging.merge(#"{"a":3,"g":4}"#, at: 20)
      _ = bad.withUnsafeBytes { try? StoredActivity($0).revenue }
    }
  }
}

@Suite("Stored values")
struct StoredValueTests {
  @Test("a summary keeps name, first, last and count (R124)")
  func activity() throws {
    var stored: [UInt8] = []
    var sink = ByteSink()
    func add(
      _ kind: StoredActivity.Kind,
      _ name: String,
      _ time: Int64,
      _ count: Int64,
      _ price: String
    ) throws {
      try Array(name.utf8).withUnsafeBytes { name in
        try stored.withUnsafeBytes { bytes in
          let price = try #require(ExactDecimal.sum(price))
          let total = try #require(StoredActivity(bytes).revenue.adding(price))
          try StoredActivity.add(
            .init(kind: kind, name: name, first: time, last: time, count: count),
            revenue: total,
            to: bytes,
            into: &sink
          )
        }
      }
      stored = [UInt8](sink.bytes)
    }
    try add(.purchase, "b", 5, 2, "1.10")
    try add(.event, "z", 7, 1, "0")
    try add(.event, "a", -9, 1, "0")
    try add(.event, "z", 3, 1, "0")
    try add(.purchase, "b", 50, 3, "-0.20")
    try add(.purchase, "a", 1, 1, "100")
    try stored.withUnsafeBytes { bytes in
      var activity = try StoredActivity(bytes)
      #expect(activity.revenue.description == "100.9")
      var found: [String] = []
      while let summary = try activity.next() {
        found.append(
          "\(summary.kind) \(String(decoding: summary.name, as: UTF8.self)) \(summary.first) \(summary.last) \(summary.count)"
        )
      }
      #expect(
        found == ["event a -9 -9 1", "event z 3 7 2", "purchase a 1 1 1", "purchase b 5 50 5"]
      )
    }
  }

  @Test("a negative revenue is kept, beyond 64 bits too")
  func negativeRevenue() throws {
    for text in ["-0.01", "-123456789012345678901234567890", "99999999999999999999.123456789"] {
      var sink = ByteSink()
      let name: [UInt8] = [0x61]
      try name.withUnsafeBytes { name in
        try StoredActivity.add(
          .init(kind: .purchase, name: name, first: 0, last: 0, count: 1),
          revenue: try #require(ExactDecimal.sum(text)),
          to: UnsafeRawBufferPointer(start: nil, count: 0),
          into: &sink
        )
      }
      #expect(try StoredActivity(sink.bytes).revenue.description == text)
    }
  }

  @Test("a braze id is 24 hex digits and leads back to its profile", arguments: 0..<4)
  func brazeIDs(_ seed: UInt64) throws {
    var random = Xorshift(seed)
    var seen: Set<String> = []
    for _ in 0..<1000 {
      let id = BrazeID(
        salt: UInt32(truncatingIfNeeded: random.next()),
        profile: Int64(bitPattern: random.next())
      )
      #expect(id.text.utf8.count == 24)
      #expect(seen.insert(id.text).inserted)
      #expect(Array(id.text.utf8).withUnsafeBytes { BrazeID($0) } == id)
    }
    for bad in [
      "", "0123456789abcdef0123456", "0123456789ABCDEF01234567", "0123456789abcdef0123456g",
    ] {
      #expect(Array(bad.utf8).withUnsafeBytes { BrazeID($0) } == nil)
    }
  }
}
