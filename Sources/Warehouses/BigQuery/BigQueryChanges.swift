import SyncModel
import Warehouse

/// The SELECTs of a run over a source whose columns have been checked.
struct BigQueryChanges: Sendable {
  let source: BigQuerySource
  let columns: SourceColumns
  /// UPDATED_AT is a DATETIME, which has no zone: UTC (R14).
  private let isNaive: Bool

  /// - Throws: `Failure`: the first of `BigQuerySource.problems`.
  init(_ source: BigQuerySource, data: DataType) throws(Failure) {
    if let problem = source.problems(data).first { throw problem }
    self.source = source
    columns = try SourceColumns(source.fields.map(\.name), data: data, source: source.name)
    isNaive = source.fields[columns.updatedAt.position].type == "DATETIME"
  }

  /// UPDATED_AT as it stands in the source: bare, for partitions and clusters to be pruned (E.5).
  var updatedAt: String { "s.\(BigQuerySQL.quoted(columns.updatedAt.name))" }

  /// UPDATED_AT as an instant.
  var instant: String { isNaive ? "TIMESTAMP(\(updatedAt))" : updatedAt }

  /// The table as it was at `snapshot`, in microseconds, with the alias `s`.
  func relation(at snapshot: Int64?) -> String {
    let travel = snapshot.map { " FOR SYSTEM_TIME AS OF TIMESTAMP_MICROS(\($0))" } ?? ""
    return "\(source.from) AS s\(travel)"
  }

  /// Columns in the order of `columns.entries`; after them, where there is a PAYLOAD, the size of one
  /// that is over the limit and was cut: by BigQuery, as a cell may have megabytes.
  func query(_ slice: BigQuerySlice, snapshot: Int64? = nil) -> BigQueryQuery {
    let (condition, parameters) = filter(slice)
    let (inner, outer) = cells
    let order = slice.isOrdered ? " ORDER BY c0" : ""
    return statement(
      "SELECT \(outer) FROM (SELECT \(inner) FROM \(relation(at: snapshot)) WHERE \(condition))"
        + order,
      parameters
    )
  }

  func statement(_ text: String, _ parameters: [BigQueryQuery.Parameter]) -> BigQueryQuery {
    var query = BigQueryQuery(text, source: source.name, location: source.location)
    query.parameters = parameters
    return query
  }

  /// What is selected from the source, and from that.
  var cells: (inner: String, outer: String) {
    var inner: [String] = []
    var outer: [String] = []
    var size = ""
    for (index, entry) in columns.entries.enumerated() {
      inner.append("\(expression(entry)) AS c\(index)")
      if entry.column == .payload {
        let isOver = "BYTE_LENGTH(c\(index)) > \(RowBatchBuilder.maximumPayload)"
        outer.append(
          "IF(\(isOver), LEFT(c\(index), \(RowBatchBuilder.excerptLength)), c\(index)) AS p"
        )
        size = ", IF(\(isOver), BYTE_LENGTH(c\(index)), NULL) AS size"
      } else {
        outer.append("c\(index)")
      }
    }
    return (inner.joined(separator: ", "), outer.joined(separator: ", ") + size)
  }

  /// Values as parameters, never as text.
  func filter(_ slice: BigQuerySlice) -> (condition: String, [BigQueryQuery.Parameter]) {
    var condition = "\(updatedAt) IS NOT NULL"
    var parameters: [BigQueryQuery.Parameter] = []
    func bound(_ name: String, _ text: String) {
      parameters.append(
        .init(
          name: name,
          type: isNaive ? "DATETIME" : "TIMESTAMP",
          value: isNaive ? text : "\(text)+00:00"
        )
      )
    }
    if let from = slice.from {
      condition += " AND \(updatedAt) >= @from"
      bound("from", from.text)
    } else if source.requiredFilter != nil {
      // IS NOT NULL alone may not count as a filter; this one is true of every row.
      condition += " AND \(updatedAt) >= @from"
      bound("from", "0001-01-01 00:00:00")
    }
    if let to = slice.to {
      condition += " AND \(updatedAt) < @to"
      bound("to", to.text)
    }
    return (condition, parameters)
  }

  private func expression(_ entry: SourceColumns.Entry) -> String {
    let name = "s.\(BigQuerySQL.quoted(entry.name))"
    let type = source.fields[entry.position].type
    switch entry.column {
    case .updatedAt: return instant
    case .payload:
      // TO_JSON_STRING makes the text "null" of NULL.
      return type == "STRING" ? name : "IF(\(name) IS NULL, NULL, TO_JSON_STRING(\(name)))"
    // One that is longer is not valid anyway.
    default: return "LEFT(\(text(entry)), \(RowBatchBuilder.maximumIdentifier))"
    }
  }

  /// An identifier as text; a column of text stays bare, for clusters to be pruned.
  func text(_ entry: SourceColumns.Entry) -> String {
    let name = "s.\(BigQuerySQL.quoted(entry.name))"
    return source.fields[entry.position].type == "STRING" ? name : "CAST(\(name) AS STRING)"
  }
}

/// A span of UPDATED_AT that one job reads.
struct BigQuerySlice: Sendable, Equatable {
  /// Microseconds since 1970 of any year from 1 to 9999.
  struct Bound: Sendable, Equatable {
    var microseconds: Int64

    init(microseconds: Int64) { self.microseconds = microseconds }

    /// Rounded up: a column of microseconds has nothing in between.
    init(_ time: Timestamp) {
      let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: 1000)
      microseconds = remainder > 0 ? quotient + 1 : quotient
    }

    /// As BigQuery reads it, in UTC.
    var text: String { Timestamp.text(microseconds: microseconds) }
    /// The last instant that BigQuery has.
    static let last: Int64 = 253_402_300_799_999_999
  }

  /// nil: no bound. `from` is included, `to` is not.
  var from: Bound?
  var to: Bound?
  var isOrdered = true

  static let all = BigQuerySlice()

  /// At or after `from` and before `before`, both rounded up to BigQuery's microseconds.
  init(from: Timestamp? = nil, before: Timestamp? = nil) {
    // What was out of Timestamp's range became its earliest: no bound then.
    self.from = from == .earliest ? nil : from.map(Bound.init)
    to = before.map(Bound.init)
  }

  /// Equal parts, in order; rows of one microsecond need no order.
  /// - Parameters: the least and the greatest UPDATED_AT of the rows.
  func divided(least: Int64, greatest: Int64, parts: Int64 = 8) -> [BigQuerySlice] {
    let low = max(from?.microseconds ?? least, least)
    let high = min(to.map { $0.microseconds - 1 } ?? greatest, greatest)
    guard high >= low else { return [] }
    let width = max(1, (high - low) / parts + 1)
    var slices: [BigQuerySlice] = []
    var start = low
    while start <= high {
      var slice = BigQuerySlice()
      slice.from = Bound(microseconds: start)
      let end = min(start + width, high + 1)
      slice.to = end > Bound.last ? nil : Bound(microseconds: end)
      slice.isOrdered = width > 1
      slices.append(slice)
      start += width
    }
    return slices
  }
}
