import SyncModel
import Warehouse

/// Instants as the SQL API writes and binds them (warehouses.md, A.6 and A.7).
enum SnowflakeInstant {
  /// Reads a cell: `<seconds>.<up to 9 digits>`, with ` <offset>` of a TIMESTAMP_TZ after it, which
  /// is for display only: the instant is in UTC already. Nanoseconds where there is no point and
  /// the number is too large for seconds: the reference describes both.
  /// - Returns: nil for any other text. What is out of range becomes the nearest bound.
  static func timestamp(_ cell: UnsafeRawBufferPointer) -> Timestamp? {
    var index = 0
    let isNegative = cell.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    guard let whole = digits(cell, &index) else { return nil }
    var result: Timestamp
    if index < cell.count, cell[index] == UInt8(ascii: ".") {
      index += 1
      guard let fraction = fraction(cell, &index) else { return nil }
      // The sign is the whole number's and the fraction's: -1.5 is a second and a half before 1970.
      result = Timestamp(
        clampingSeconds: isNegative ? -whole : whole,
        nanoseconds: isNegative ? -fraction : fraction
      )
    } else if whole > 100_000_000_000_000 {
      result = Timestamp(nanoseconds: isNegative ? -whole : whole)
    } else {
      result = Timestamp(clampingSeconds: isNegative ? -whole : whole)
    }
    guard index < cell.count else { return result }
    // An offset in minutes plus 1440; zones reach beyond the documented 720 to 2160.
    guard cell[index] == 0x20 else { return nil }
    index += 1
    guard digits(cell, &index) != nil, index == cell.count else { return nil }
    return result
  }

  /// Reads a DATE: days since 1970.
  static func date(_ cell: UnsafeRawBufferPointer) -> Timestamp? {
    var index = 0
    let isNegative = cell.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    guard let days = digits(cell, &index), index == cell.count, days < 1_000_000_000 else {
      return nil
    }
    return Timestamp(clampingSeconds: (isNegative ? -days : days) * 86_400)
  }

  /// One to nineteen digits; more become the largest number.
  private static func digits(_ cell: UnsafeRawBufferPointer, _ index: inout Int) -> Int64? {
    let start = index
    var value: Int64 = 0
    while index < cell.count, cell[index] &- 48 < 10 {
      let (product, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isMore) = product.addingReportingOverflow(Int64(cell[index] &- 48))
      value = isOver || isMore ? .max : sum
      index += 1
    }
    return index > start ? value : nil
  }

  /// Digits of a second, of which nine count, in nanoseconds.
  private static func fraction(_ cell: UnsafeRawBufferPointer, _ index: inout Int) -> Int64? {
    let start = index
    var value: Int64 = 0
    while index < cell.count, cell[index] &- 48 < 10 {
      if index - start < 9 { value = value * 10 + Int64(cell[index] &- 48) }
      index += 1
    }
    guard index > start else { return nil }
    for _ in min(index - start, 9)..<9 { value *= 10 }
    return value
  }
}
