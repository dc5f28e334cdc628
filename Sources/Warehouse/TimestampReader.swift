import SyncModel

/// A cursor over the text of an instant. Every step is nil where the text is something else.
struct TimestampReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func instant() -> Timestamp? {
    guard let first = peek else { return nil }
    guard isDigit(first) else { return infinity() }
    guard let date = date() else { return nil }
    var seconds: Int64 = 0
    var nanoseconds: Int64 = 0
    if take(UInt8(ascii: "T")) || take(UInt8(ascii: "t")) || (peekIsTime && take(space)) {
      guard let hour = two(0...23), take(colon), let minute = two(0...59) else { return nil }
      seconds = hour * 3600 + minute * 60
      if take(colon) {
        guard let second = two(0...59) else { return nil }
        seconds += second
        if take(UInt8(ascii: ".")) {
          guard let fraction = fraction() else { return nil }
          nanoseconds = fraction
        }
      }
      guard let offset = offset() else { return nil }
      seconds -= offset
    }
    var year = date.year
    if matches(" BC") {
      guard year > 0 else { return nil }
      year = 1 - year
    }
    guard position == bytes.count else { return nil }
    let civil = CivilDate(year: year, month: date.month, day: date.day)
    guard civil.exists else { return nil }
    return Timestamp(clampingSeconds: civil.days * 86_400 + seconds, nanoseconds: nanoseconds)
  }

  /// Four to seven digits of a year, and two each of month and day.
  private mutating func date() -> (year: Int64, month: Int64, day: Int64)? {
    var year: Int64 = 0
    let start = position
    while let byte = peek, isDigit(byte), position - start < 7 {
      year = year * 10 + Int64(byte - zero)
      position += 1
    }
    guard position - start >= 4, take(minus), let month = two(1...12), take(minus),
      let day = two(1...31)
    else { return nil }
    return (year, month, day)
  }

  /// One or more digits, of which nine count.
  private mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var digits = 0
    while let byte = peek, isDigit(byte) {
      if digits < 9 { value = value * 10 + Int64(byte - zero) }
      digits += 1
      position += 1
    }
    guard digits > 0 else { return nil }
    while digits < 9 {
      value *= 10
      digits += 1
    }
    return value
  }

  /// `Z`, `+05`, `+0530`, `+05:30`, `+05:30:15` or nothing, in seconds east of UTC.
  private mutating func offset() -> Int64? {
    if take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) { return 0 }
    let isEast = take(UInt8(ascii: "+"))
    guard isEast || take(minus) else { return 0 }
    guard let hours = two(0...23) else { return nil }
    var seconds = hours * 3600
    if take(colon) || (peek.map(isDigit) ?? false) {
      guard let minutes = two(0...59) else { return nil }
      seconds += minutes * 60
      if take(colon) {
        guard let rest = two(0...59) else { return nil }
        seconds += rest
      }
    }
    return isEast ? seconds : -seconds
  }

  private mutating func infinity() -> Timestamp? {
    let isNegative = take(minus)
    guard matches("infinity"), position == bytes.count else { return nil }
    return isNegative ? .earliest : .latest
  }

  private mutating func two(_ range: ClosedRange<Int64>) -> Int64? {
    guard position + 2 <= bytes.count, isDigit(bytes[position]), isDigit(bytes[position + 1])
    else { return nil }
    let value = Int64(bytes[position] - zero) * 10 + Int64(bytes[position + 1] - zero)
    position += 2
    return range.contains(value) ? value : nil
  }

  private mutating func matches(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
    position += count
    return true
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// A space may begin the time, or the `BC` of a date.
  private var peekIsTime: Bool {
    position + 1 < bytes.count && isDigit(bytes[position + 1])
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }
  private var zero: UInt8 { UInt8(ascii: "0") }
  private var minus: UInt8 { UInt8(ascii: "-") }
  private var colon: UInt8 { UInt8(ascii: ":") }
  private var space: UInt8 { UInt8(ascii: " ") }
}
