import SQLDatabase
import SyncModel
import Warehouse

/// How a SQLite source keeps UPDATED_AT. SQLite has no type for instants, and a number alone does not
/// say its unit, so the source's settings do.
enum SQLiteInstants: String, CaseIterable {
  case text
  case unixSeconds = "unix_seconds"
  case unixMilliseconds = "unix_ms"
  case unixMicroseconds = "unix_us"
  case unixNanoseconds = "unix_ns"

  static let functionName = "sluice_ns"

  /// `sluice_ns(updated_at, rowid)`: nanoseconds since 1970, exact, NULL for NULL. Texts of mixed
  /// forms and offsets do not order as texts do, so the statement orders and filters by this.
  ///
  /// A value of another kind throws `bad_updated_at`: a row that cannot be placed in the order can
  /// be neither read nor skipped without losing it in silence.
  var function: SQLiteFunction {
    SQLiteFunction(Self.functionName, argumentCount: 2) { arguments in
      guard arguments.storage(0) != .null else { return nil }
      if let instant = instant(arguments) { return instant.nanoseconds }
      let row =
        arguments.storage(1) == .integer ? "the row with rowid \(arguments.int64(1))" : "a row"
      throw Failure(
        "bad_updated_at",
        "UPDATED_AT of \(row) \(problem(arguments.storage(0))); correct it, or set UPDATED_AT to NULL "
          + "to leave the row out",
        recovery: .needsOperator
      )
    }
  }

  private func instant(_ arguments: SQLiteArguments) -> Timestamp? {
    switch (self, arguments.storage(0)) {
    case (.text, .text): Timestamp(text: arguments.text(0))
    case (.text, _): nil
    case (_, .integer): instant(arguments.int64(0))
    case (_, .real): instant(arguments.double(0))
    default: nil
    }
  }

  private func instant(_ value: Int64) -> Timestamp {
    let (product, isOut) = value.multipliedReportingOverflow(by: nanosecondsPerUnit)
    if isOut { return value < 0 ? .earliest : .latest }
    return Timestamp(nanoseconds: product)
  }

  /// The value that the double stands for, to the nanosecond below; what is left of it after the
  /// whole units is exact.
  private func instant(_ value: Double) -> Timestamp? {
    guard value.isFinite else { return nil }
    let whole = value.rounded(.down)
    guard let units = Int64(exactly: whole) else { return value < 0 ? .earliest : .latest }
    let rest = ((value - whole) * Double(nanosecondsPerUnit)).rounded(.down)
    return instant(units).advanced(byNanoseconds: Int64(exactly: rest) ?? 0)
  }

  private var nanosecondsPerUnit: Int64 {
    switch self {
    case .text, .unixNanoseconds: 1
    case .unixMicroseconds: 1000
    case .unixMilliseconds: 1_000_000
    case .unixSeconds: 1_000_000_000
    }
  }

  private func problem(_ storage: SQLiteArguments.Storage) -> String {
    switch (self, storage) {
    case (.text, .integer), (.text, .real):
      "is a number; set the source's \"timestamps\" to its unit, e.g. unix_seconds"
    case (.text, .text): "is no instant in ISO 8601, such as 2024-05-01 10:30:00.5+02:00"
    case (_, .text): "is text, where \"timestamps\" = \(rawValue) wants a number"
    default: "is neither text nor a number"
    }
  }
}
