import Glibc

/// What a zone of the IANA database says of its offset from UTC, at any time (RFC 8536).
struct TimeZoneRules: Sendable, Equatable {
  /// A zone without changes.
  static let utc = TimeZoneRules(first: 0, changes: [], rest: nil)

  struct Change: Sendable, Equatable {
    /// Seconds since 1970 UTC.
    var at: Int64
    /// Seconds east of UTC from then on.
    var offset: Int64
  }

  /// Before the first change.
  private let first: Int64
  /// In order of time.
  private let changes: [Change]
  /// After the last change.
  private let rest: PosixTimeZone?

  init(first: Int64, changes: [Change], rest: PosixTimeZone?) {
    self.first = first
    self.changes = changes
    self.rest = rest
  }

  /// Seconds east of UTC at an instant.
  func offset(at instant: Int64) -> Int64 {
    guard let last = changes.last, instant < last.at else {
      return rest?.offset(at: instant) ?? changes.last?.offset ?? first
    }
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].at <= instant { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? first : changes[low - 1].offset
  }

  /// The instants at which the zone's clocks show a local time, given as seconds since 1970 as if it
  /// were UTC: one; two, when clocks go back over it; none, when they jump over it.
  func instants(showing local: Int64) -> [Int64] {
    // No offset is more than a day, so the clocks a day around know every one that can be meant.
    let offsets = Set([offset(at: local - 86_400), offset(at: local), offset(at: local + 86_400)])
    return offsets.map { local - $0 }.filter { offset(at: $0) == local - $0 }.sorted()
  }

  /// The first instant whose local time is not before `local`; the end of the gap for a time that the
  /// clocks jump over.
  func firstInstant(notBefore local: Int64) -> Int64 {
    if let instant = instants(showing: local).first { return instant }
    var (low, high) = (local - 2 * 86_400, local + 2 * 86_400)
    while low < high {
      let middle = (low + high) >> 1
      if middle + offset(at: middle) < local { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Reading

  /// - Returns: nil for a name that the system does not know.
  static func load(
    _ name: String,
    directory: String = TimeZoneName.systemDirectory
  ) -> TimeZoneRules? {
    if name.isEmpty || name == "UTC" { return .utc }
    guard TimeZoneName.isWellFormed(name) else { return nil }
    let file = open(directory + "/" + name, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    // The largest file of the database has 4 KB.
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
      }
      if got < 0, errno == EINTR { continue }
      if got <= 0 { break }
      count += got
    }
    return TimeZoneRules(file: Array(bytes[..<count]))
  }

  /// - Returns: nil for what is no TZif file of version 2 or higher.
  init?(file: [UInt8]) {
    var reader = ZoneFileReader(bytes: file)
    // The first block has 32-bit times, for readers of version 1.
    guard let old = reader.header(), old.version >= UInt8(ascii: "2"),
      reader.skip(old.bodyCount(timeSize: 4)), let header = reader.header()
    else { return nil }
    var times: [Int64] = []
    for _ in 0..<header.timeCount {
      guard let time = reader.number(8) else { return nil }
      times.append(time)
    }
    guard let kinds = reader.bytes(header.timeCount) else { return nil }
    var offsets: [Int64] = []
    for _ in 0..<header.kindCount {
      guard let offset = reader.number(4), reader.skip(2) else { return nil }
      offsets.append(offset)
    }
    guard let initial = offsets.first, kinds.allSatisfy({ Int($0) < offsets.count }),
      reader.skip(header.nameBytes + header.leapCount * 12 + header.wallCount + header.utcCount),
      zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    first = initial
    changes = zip(times, kinds).map { Change(at: $0, offset: offsets[Int($1)]) }
    let footer = String(decoding: reader.rest.dropFirst().prefix { $0 != 0x0A }, as: UTF8.self)
    rest = PosixTimeZone(footer)
  }
}

/// Reads the fields of a TZif file in their order.
private struct ZoneFileReader {
  struct Header {
    var version: UInt8
    var utcCount: Int
    var wallCount: Int
    var leapCount: Int
    var timeCount: Int
    var kindCount: Int
    var nameBytes: Int

    func bodyCount(timeSize: Int) -> Int {
      timeCount * (timeSize + 1) + kindCount * 6 + nameBytes + leapCount * (timeSize + 4)
        + wallCount + utcCount
    }
  }

  let bytes: [UInt8]
  var index = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var rest: ArraySlice<UInt8> { bytes[index...] }

  mutating func header() -> Header? {
    guard bytes(4).map({ $0.elementsEqual("TZif".utf8) }) == true, let version = bytes(1)?.first,
      skip(15)
    else { return nil }
    var counts: [Int] = []
    for _ in 0..<6 {
      // More than any file has, less than what could overflow.
      guard let count = number(4), 0...100_000 ~= count else { return nil }
      counts.append(Int(count))
    }
    return Header(
      version: version,
      utcCount: counts[0],
      wallCount: counts[1],
      leapCount: counts[2],
      timeCount: counts[3],
      kindCount: counts[4],
      nameBytes: counts[5]
    )
  }

  mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= bytes.count - index else { return nil }
    defer { index += count }
    return bytes[index..<(index + count)]
  }

  mutating func skip(_ count: Int) -> Bool { bytes(count) != nil }

  /// Big-endian, signed.
  mutating func number(_ width: Int) -> Int64? {
    bytes(width).map { bytes in
      let start: Int64 = (bytes.first ?? 0) & 0x80 == 0 ? 0 : -1
      return bytes.reduce(start) { $0 << 8 | Int64($1) }
    }
  }
}
