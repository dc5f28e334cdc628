import SQLDatabase
import SyncModel
import Warehouse

/// The one SELECT of a run over a source that has been checked.
struct PostgreSQLChanges {
  let source: PostgreSQLSource
  let columns: SourceColumns
  /// The cast for a bound on UPDATED_AT.
  private let boundType: String

  /// - Parameter typeName: of the column UPDATED_AT, for the message.
  /// - Throws: `Failure`: `column_missing`, `column_ambiguous`, `payload_in_deletes`, `column_type`.
  init(_ source: PostgreSQLSource, data: DataType, typeNames: [String]) throws(Failure) {
    self.source = source
    columns = try SourceColumns(source.columns.map(\.name), data: data, source: source.name)
    let entry = columns.updatedAt
    switch source.columns[entry.position].type {
    case Types.timestamptz: boundType = "timestamptz"
    // Naive instants are UTC (R14), and so is the bound. A date compares as its midnight.
    case Types.timestamp, Types.date: boundType = "timestamp"
    default:
      let name = typeNames.indices.contains(entry.position) ? typeNames[entry.position] : "another"
      throw Failure(
        "column_type",
        """
        column "\(entry.name)" of \(source.name) is of type \(name); \
        it must be timestamp with time zone, timestamp, or date
        """,
        recovery: .needsOperator
      )
    }
  }

  /// The statement and its parameters. Columns in the order of `columns.entries`; after them, where
  /// there is a PAYLOAD, the size of one that was over the limit and was cut.
  ///
  /// The column stays bare in the predicate and the order, for an index to serve (warehouses.md,
  /// E.5). Payloads over the limit are cut by the server: libpq holds a whole row in memory, and one
  /// value may have a gigabyte.
  func sql(from: Timestamp?) -> (text: String, parameters: [String?]) {
    let (condition, parameters) = condition(from: from, before: nil)
    return (text(condition, order: "ASC"), parameters)
  }

  /// The rows of one user, newest first, in the same columns.
  func sql(of user: SourceUser, limit: Int) throws(Failure) -> (text: String, parameters: [String?])
  {
    let condition = try self.condition(for: user)
    return (
      text("\(updatedAt) IS NOT NULL AND \(condition.sql)", order: "DESC", limit: limit),
      condition.values
    )
  }

  /// How many rows of a user have no UPDATED_AT, counted up to a limit.
  func sqlOfUnstamped(
    _ user: SourceUser,
    limit: Int
  ) throws(Failure) -> (text: String, parameters: [String?]) {
    let condition = try self.condition(for: user)
    return (
      """
      SELECT count(*) FROM (SELECT 1 FROM \(source.from) \
      WHERE \(updatedAt) IS NULL AND \(condition.sql) LIMIT \(limit)) AS u
      """,
      condition.values
    )
  }

  /// Columns of text stay bare, for an index to serve.
  private func condition(for user: SourceUser) throws(Failure) -> (sql: String, values: [String]) {
    try columns.condition(
      for: user,
      source: source.name,
      text: { entry in
        let name = "s.\(TableName.quoted(entry.name))"
        let type = source.columns[entry.position].type
        return type == Types.text || type == Types.varchar ? name : "\(name)::text"
      },
      parameter: { "$\($0)" }
    )
  }

  private func text(_ condition: String, order: String, limit: Int? = nil) -> String {
    let inner = columns.entries.enumerated().map { index, entry in
      "\(bounded(entry)) AS c\(index)"
    }
    let rest =
      "FROM \(source.from) WHERE \(condition) ORDER BY \(updatedAt) \(order)"
      + (limit.map { " LIMIT \($0)" } ?? "")
    guard let payload = columns.entries.firstIndex(where: { $0.column == .payload }) else {
      return "SELECT \(inner.joined(separator: ", ")) \(rest)"
    }
    let outer = columns.entries.indices.map { index in
      index == payload
        ? "CASE WHEN \(Self.isOver) THEN left(p, \(Self.excerpt)) ELSE p END" : "c\(index)"
    }
    let size = "CASE WHEN \(Self.isOver) THEN octet_length(p) END"
    // OFFSET 0 keeps the levels apart, so that a json payload is turned into text once, and after
    // the sort, which otherwise would carry values that lie outside the table's pages.
    return """
      SELECT \((outer + [size]).joined(separator: ", ")) \
      FROM (SELECT *, c\(payload)::text AS p \
      FROM (SELECT \(inner.joined(separator: ", ")) \(rest) OFFSET 0) AS a OFFSET 0) AS b \
      ORDER BY c0 \(order)
      """
  }

  /// How many rows `sql` would give, with the server's clock.
  func countSQL(from: Timestamp?, before: Timestamp?) -> (text: String, parameters: [String?]) {
    let (condition, parameters) = condition(from: from, before: before)
    return (
      "SELECT count(*), clock_timestamp() FROM \(source.from) WHERE \(condition)", parameters
    )
  }

  private var updatedAt: String { "s.\(TableName.quoted(columns.updatedAt.name))" }

  private func condition(
    from: Timestamp?,
    before: Timestamp?
  ) -> (text: String, parameters: [String?]) {
    var text = "\(updatedAt) IS NOT NULL"
    var parameters: [String?] = []
    func bound(_ comparison: String, _ time: Timestamp) {
      // Rounded up is right for both: a column of microseconds has nothing in between.
      parameters.append(time.microsecondTextRoundedUp + (boundType == "timestamptz" ? "+00" : ""))
      text += " AND \(updatedAt) \(comparison) $\(parameters.count)::\(boundType)"
    }
    // What is out of Timestamp's range was clamped to its earliest: no bound then.
    if let from, from != .earliest { bound(">=", from) }
    if let before { bound("<", before) }
    return (text, parameters)
  }

  /// An identifier of unbounded text, cut where it is too long to be valid anyway.
  private func bounded(_ entry: SourceColumns.Entry) -> String {
    let name = "s.\(TableName.quoted(entry.name))"
    let type = source.columns[entry.position].type
    guard SourceColumn.identifiers.contains(entry.column),
      type == Types.text || type == Types.varchar
    else { return name }
    let limit = RowBatchBuilder.maximumIdentifier
    return
      "CASE WHEN octet_length(\(name)) > \(limit) THEN left(\(name), \(limit)) ELSE \(name) END"
  }

  private static let isOver = "octet_length(p) > \(RowBatchBuilder.maximumPayload)"
  private static let excerpt = RowBatchBuilder.excerptLength

  /// OIDs of pg_type.dat, which never change.
  private enum Types {
    static let text: UInt32 = 25
    static let varchar: UInt32 = 1043
    static let date: UInt32 = 1082
    static let timestamp: UInt32 = 1114
    static let timestamptz: UInt32 = 1184
  }
}
