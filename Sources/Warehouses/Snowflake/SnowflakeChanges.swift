import SyncModel
import Warehouse

/// The one SELECT of a run over a source that has been checked.
struct SnowflakeChanges: Sendable {
  let source: SnowflakeSource
  let columns: SourceColumns
  /// `timestamp_ntz`, `timestamp_ltz`, `timestamp_tz` or `date`.
  let instantType: String

  /// - Throws: `Failure`: `column_missing`, `column_ambiguous`, `payload_in_deletes`, `column_type`.
  init(_ source: SnowflakeSource, data: DataType) throws(Failure) {
    self.source = source
    columns = try SourceColumns(source.columns.map(\.name), data: data, source: source.name)
    if let problem = source.instantProblem { throw problem }
    instantType = source.columns[columns.updatedAt.position].type
  }

  static let instantTypes = ["timestamp_ntz", "timestamp_ltz", "timestamp_tz", "date"]

  /// What a tokenizer keeps of each cell: longer identifiers are invalid, of longer payloads only an
  /// excerpt travels.
  var limits: [Int] {
    columns.entries.map { entry in
      switch entry.column {
      case .updatedAt: 64
      case .payload: RowBatchBuilder.maximumPayload
      default: RowBatchBuilder.maximumIdentifier
      }
    }
  }

  /// Columns in the order of `columns.entries`.
  func statement(from: Timestamp?) -> SnowflakeStatement {
    let (condition, bindings) = condition(from: from, before: nil)
    return SnowflakeStatement(
      text: "SELECT \(list) FROM \(source.from) WHERE \(condition) ORDER BY \(updatedAt)",
      bindings: bindings,
      isAsynchronous: true,
      source: source.name
    )
  }

  /// How many rows `statement` would give.
  func countStatement(from: Timestamp?, before: Timestamp?) -> SnowflakeStatement {
    let (condition, bindings) = condition(from: from, before: before)
    return SnowflakeStatement(
      text: "SELECT COUNT(*) FROM \(source.from) WHERE \(condition)",
      bindings: bindings,
      isAsynchronous: true,
      source: source.name
    )
  }

  var updatedAt: String { "s.\(TableName.quoted(columns.updatedAt.name))" }

  var list: String {
    columns.entries.map { "s.\(TableName.quoted($0.name))" }.joined(separator: ", ")
  }

  /// The column stays bare, for micro-partitions to be left out by their least and greatest value
  /// (warehouses.md, E.5).
  private func condition(
    from: Timestamp?,
    before: Timestamp?
  ) -> (text: String, bindings: [SnowflakeStatement.Binding]) {
    var text = "\(updatedAt) IS NOT NULL"
    var bindings: [SnowflakeStatement.Binding] = []
    // What is out of Timestamp's range was clamped to its earliest: no bound then.
    if let from, from != .earliest {
      text += " AND \(updatedAt) >= ?"
      bindings.append(Self.binding(from, type: instantType))
    }
    if let before {
      text += " AND \(updatedAt) < ?"
      bindings.append(Self.binding(before, type: instantType))
    }
    return (text, bindings)
  }

  /// Of the column's own type: another one would bring a session's time zone into the comparison.
  static func binding(_ instant: Timestamp, type: String) -> SnowflakeStatement.Binding {
    switch type {
    case "timestamp_tz": .init(type: "TIMESTAMP_TZ", value: "\(instant.nanoseconds) 1440")
    case "date":
      // The first midnight that is not before it, in milliseconds.
      .init(type: "DATE", value: String(daysRoundedUp(instant) * 86_400_000))
    default: .init(type: type.uppercased(), value: String(instant.nanoseconds))
    }
  }

  private static func daysRoundedUp(_ instant: Timestamp) -> Int64 {
    let day: Int64 = 86_400_000_000_000
    let (quotient, rest) = instant.nanoseconds.quotientAndRemainder(dividingBy: day)
    return rest > 0 ? quotient + 1 : quotient
  }
}
