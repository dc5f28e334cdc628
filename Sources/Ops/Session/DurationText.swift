/// Durations as people write them: `90s`, `15m`, `1h30m`, `7d`.
enum DurationText {
  static let explanation = "a number with a unit (s, m, h or d), such as 90s, 15m, 1h30m or 7d"

  /// Nanoseconds; nil unless the text has that form and fits.
  static func nanoseconds(_ text: String) -> Int64? {
    let second: Int64 = 1_000_000_000
    var total: Int64 = 0
    var number: Int64?
    var isEmpty = true
    for byte in text.utf8 {
      let scale: Int64
      switch byte {
      case 0x30...0x39:
        let (tens, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
        let (sum, overflow2) = tens.addingReportingOverflow(Int64(byte - 0x30))
        if overflow || overflow2 { return nil }
        number = sum
        continue
      case UInt8(ascii: "s"): scale = second
      case UInt8(ascii: "m"): scale = 60 * second
      case UInt8(ascii: "h"): scale = 3600 * second
      case UInt8(ascii: "d"): scale = 86_400 * second
      default: return nil
      }
      guard let count = number else { return nil }
      let (part, overflow) = count.multipliedReportingOverflow(by: scale)
      let (sum, overflow2) = total.addingReportingOverflow(part)
      if overflow || overflow2 { return nil }
      total = sum
      number = nil
      isEmpty = false
    }
    return number == nil && !isEmpty ? total : nil
  }
}
