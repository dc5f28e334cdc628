import SyncModel
import Warehouse

/// The one SELECT of a run over a source whose columns have been checked.
struct DatabricksChanges {
  let source: DatabricksSource
  let columns: SourceColumns

  /// - Throws: `Failure`: `column_missing`, `column_ambiguous`, `payload_in_deletes`, `column_type`.
  init(_ source: DatabricksSource, data: DataType) throws(Failure) {
    self.source = source
    columns = try SourceColumns(source.columns.map(\.name), data: data, source: source.name)
    for entry in columns.entries {
      guard source.columns.indices.contains(entry.position) else { continue }
      let type = DatabricksType(source.columns[entry.position].type)
      if let failure = DatabricksRemedies.complaint(entry, type, source.name) { throw failure }
    }
  }

  /// Columns in the order of `columns.entries`; after them, where there is a PAYLOAD, the size of one
  /// that was over the limit and was cut.
  ///
  /// UPDATED_AT comes as microseconds: JSON would show milliseconds in the session's zone (B.5). It
  /// stays bare in the predicate, for files to be skipped.
  func query(from: Timestamp?) -> DatabricksQuery {
    let condition = condition(from: from, before: nil)
    return DatabricksQuery(
      text: text(condition.sql, order: "c0"),
      parameters: condition.parameters
    )
  }

  /// How many rows `query(from:)` would give up to `before`, with the warehouse's clock in microseconds.
  func countQuery(from: Timestamp?, before: Timestamp?) -> DatabricksQuery {
    let condition = condition(from: from, before: before)
    return DatabricksQuery(
      text: """
        SELECT count(*) AS c0, unix_micros(current_timestamp()) AS c1 \
        FROM \(source.from) WHERE \(condition.sql)
        """,
      parameters: condition.parameters
    )
  }

  /// The rows of one user, newest first, in the columns of `query(from:)`.
  func query(of user: SourceUser, limit: Int) throws(Failure) -> DatabricksQuery {
    let condition = try condition(for: user)
    return DatabricksQuery(
      text: text(
        "\(name(columns.updatedAt)) IS NOT NULL AND \(condition.sql)",
        order: "c0 DESC LIMIT \(limit)"
      ),
      parameters: condition.parameters
    )
  }

  /// How many rows of a user have no UPDATED_AT, counted up to a limit.
  func queryOfUnstamped(_ user: SourceUser, limit: Int) throws(Failure) -> DatabricksQuery {
    let condition = try condition(for: user)
    return DatabricksQuery(
      text: """
        SELECT count(*) AS c0 FROM (SELECT 1 AS one FROM \(source.from) \
        WHERE \(name(columns.updatedAt)) IS NULL AND \(condition.sql) LIMIT \(limit)) AS u
        """,
      parameters: condition.parameters
    )
  }

  private func text(_ condition: String, order: String) -> String {
    let inner = columns.entries.enumerated().map { index, entry in
      "\(expression(entry)) AS c\(index)"
    }
    var outer = columns.entries.indices.map { "c\($0)" }
    if let payload = columns.entries.firstIndex(where: { $0.column == .payload }) {
      let isOver = "octet_length(c\(payload)) > \(RowBatchBuilder.maximumPayload)"
      outer[payload] =
        "CASE WHEN \(isOver) THEN left(c\(payload), \(RowBatchBuilder.excerptLength)) ELSE c\(payload) END"
      outer.append("CASE WHEN \(isOver) THEN octet_length(c\(payload)) END")
    }
    return """
      SELECT \(outer.joined(separator: ", ")) FROM (SELECT \(inner.joined(separator: ", ")) \
      FROM \(source.from) WHERE \(condition)) AS r ORDER BY \(order)
      """
  }

  private typealias Condition = (sql: String, parameters: [DatabricksQuery.Parameter])

  private func condition(from: Timestamp?, before: Timestamp?) -> Condition {
    let updatedAt = name(columns.updatedAt)
    let isNaive = type(columns.updatedAt).isNaive
    var sql = "\(updatedAt) IS NOT NULL"
    var parameters: [DatabricksQuery.Parameter] = []
    func bound(_ comparison: String, _ time: Timestamp, _ name: String) {
      // Rounded up is right for both bounds: a column of microseconds has nothing in between.
      if isNaive {
        sql += " AND \(updatedAt) \(comparison) :\(name)"
        parameters.append(
          .init(name: name, value: time.microsecondTextRoundedUp, type: "TIMESTAMP_NTZ")
        )
      } else {
        sql += " AND \(updatedAt) \(comparison) timestamp_micros(:\(name))"
        let micros = time.nanoseconds / 1000 + (time.nanoseconds % 1000 > 0 ? 1 : 0)
        parameters.append(.init(name: name, value: "\(micros)", type: "BIGINT"))
      }
    }
    // What is out of Timestamp's range was clamped to its earliest: no bound then.
    if let from, from != .earliest { bound(">=", from, "lo") }
    if let before { bound("<", before, "hi") }
    return (sql, parameters)
  }

  /// Columns of text stay bare, for files to be skipped.
  private func condition(for user: SourceUser) throws(Failure) -> Condition {
    let (sql, values) = try columns.condition(
      for: user,
      source: source.name,
      text: { entry in
        type(entry).isPlainText ? name(entry) : "CAST(\(name(entry)) AS STRING)"
      },
      parameter: { ":u\($0)" }
    )
    let parameters = values.enumerated().map { index, value in
      DatabricksQuery.Parameter(name: "u\(index + 1)", value: value, type: "STRING")
    }
    return (sql, parameters)
  }

  /// A column as text, or as microseconds.
  private func expression(_ entry: SourceColumns.Entry) -> String {
    let name = name(entry)
    let type = type(entry)
    switch entry.column {
    case .updatedAt: return Self.micros(name, type)
    case .payload: return Self.json(name, type)
    default:
      guard type.isText else { return "CAST(\(name) AS STRING)" }
      // No identifier that long is valid: the rest need not travel.
      let limit = RowBatchBuilder.maximumIdentifier
      return
        "CASE WHEN octet_length(\(name)) > \(limit) THEN left(\(name), \(limit)) ELSE \(name) END"
    }
  }

  /// Microseconds since 1970. A naive instant is UTC (R14): it is written out and read with a Z, as a
  /// cast alone would read it in the session's zone.
  static func micros(_ name: String, _ type: DatabricksType) -> String {
    type.isNaive
      ? "unix_micros(CAST(concat(CAST(\(name) AS STRING), 'Z') AS TIMESTAMP))"
      : "unix_micros(\(name))"
  }

  /// An object as JSON. Spark leaves null fields out unless told otherwise, and here a null removes an
  /// attribute (B.5).
  static func json(_ name: String, _ type: DatabricksType) -> String {
    if type.isText { return name }
    if type.isVariant { return "to_json(\(name))" }
    return "to_json(\(name), map('ignoreNullFields', 'false'))"
  }

  private func name(_ entry: SourceColumns.Entry?) -> String {
    "s.\(DatabricksSource.quoted(entry?.name ?? ""))"
  }

  private func type(_ entry: SourceColumns.Entry?) -> DatabricksType {
    let columns = source.columns
    guard let position = entry?.position, columns.indices.contains(position) else {
      return DatabricksType("?")
    }
    return DatabricksType(columns[position].type)
  }
}
