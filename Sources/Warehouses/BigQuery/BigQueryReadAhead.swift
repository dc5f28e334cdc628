import SyncModel
import Warehouse

/// Reads a result in ranges, two to four in flight, and hands them over in order (E.6).
///
/// How many rows a range has follows from the sizes seen: together, ranges in flight hold about
/// `budget` bytes. A value: it decides; its owner holds it under a lock.
struct BigQueryReadAhead: Sendable {
  /// Bytes of cells that wait or are on their way; a range's own share of it.
  static let budget = 6 << 20
  private static let share = 2 << 20
  private static let mostRanges = 4
  private static let mostRows: Int64 = 50_000

  private let result: BigQueryResult
  /// The first row that nobody has asked for.
  private var next: Int64
  private var rowsSeen: Int64
  private var bytesSeen: Int
  private var inFlight: [Task<BigQueryRange, any Error>] = []

  init(_ result: BigQueryResult) {
    self.result = result
    next = result.first.rowCount
    rowsSeen = result.first.rowCount
    bytesSeen = result.first.byteCount
  }

  /// Starts as many ranges as the budget allows, and answers the first that is to come; nil at the end.
  mutating func head() -> Task<BigQueryRange, any Error>? {
    let rowBytes = max(1, bytesSeen / max(1, Int(clamping: rowsSeen)))
    let rows = min(max(Int64(Self.share / rowBytes), 1), Self.mostRows)
    let ranges = min(max(Self.budget / max(1, Int(rows) * rowBytes), 1), Self.mostRanges)
    while inFlight.count < ranges, next < result.totalRows {
      let start = next
      // Of unknown size yet: an empty first page says nothing.
      let count = min(rowsSeen == 0 ? 1000 : rows, result.totalRows - start)
      let result = self.result
      inFlight.append(Task { try await result.rows(from: start, count: count) })
      next += count
    }
    return inFlight.first
  }

  /// The head has come.
  mutating func took(_ range: BigQueryRange) {
    if !inFlight.isEmpty { inFlight.removeFirst() }
    rowsSeen += range.rowCount
    bytesSeen += range.byteCount
    // Later rows may be larger than the first ones: the newest range counts as much as all before.
    if rowsSeen > 2 * range.rowCount, range.rowCount > 0 {
      bytesSeen =
        Int(Double(bytesSeen) / Double(rowsSeen) * Double(range.rowCount)) + range.byteCount
      rowsSeen = 2 * range.rowCount
    }
  }

  func cancel() {
    for task in inFlight { task.cancel() }
  }
}
