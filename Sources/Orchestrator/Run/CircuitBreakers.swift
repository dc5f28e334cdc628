import SyncModel

/// When a run must not go on, although nothing has failed: the table is not what its owner thinks.
struct CircuitBreakers: Sendable, Equatable {
  /// 0: off, as all of them.
  var maxRejectedPercent: Int64 = 0
  var maxDeletes: Int64 = 0
  var unusualVolumeFactor: Int64 = 0

  /// So few rows say nothing of a percentage.
  private static let fewestRows: Int64 = 100
  /// So many are never unusual.
  private static let usualRows: Int64 = 1000

  /// - Parameter usual: the average of the runs before; nil when there were too few.
  func problem(reading rows: Int64, of data: DataType, usual: Int64?) -> Failure? {
    if data == .deletes, maxDeletes > 0, rows > maxDeletes {
      return Self.failure(
        "too_many_deletes",
        "more than \(maxDeletes) profiles would be deleted, the most that the sync allows (maxDeletes)"
      )
    }
    if unusualVolumeFactor > 0, let usual, rows > Self.usualRows,
      rows / unusualVolumeFactor > max(usual, 1)
    {
      return Self.failure(
        "unusual_volume",
        "\(rows) rows and more were read, over \(unusualVolumeFactor) times the \(usual) of the runs before (unusualVolumeFactor)"
      )
    }
    return nil
  }

  func problem(rejected: Int64, of total: Int64) -> Failure? {
    guard maxRejectedPercent > 0, total >= Self.fewestRows,
      rejected * 100 > maxRejectedPercent * total
    else { return nil }
    return Self.failure(
      "too_many_rejected",
      "\(rejected) of \(total) rows were rejected, more than \(maxRejectedPercent) percent (maxRejectedPercent)"
    )
  }

  private static func failure(_ code: String, _ what: String) -> Failure {
    Failure(
      code,
      "the run was ended: \(what). Look at the table; what was receipted stays, and the next run goes on from there",
      recovery: .failRun
    )
  }
}
