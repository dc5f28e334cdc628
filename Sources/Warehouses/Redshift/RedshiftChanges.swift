import SQLDatabase
import SyncModel
import Warehouse

/// The one SELECT of a run over a source that has been checked.
struct RedshiftChanges {
  let source: RedshiftSource
  let columns: SourceColumns
  /// The cast for a bound on UPDATED_AT.
  private let boundType: String

  init(_ selection: RowSelection, data: DataType, on session: RedshiftSession) async throws {
    self = try RedshiftChanges(try await RedshiftSource(selection, on: session), data: data)
  }

  /// - Throws: `Failure`: `column_missing`, `column_ambiguous`, `payload_in_deletes`, `column_type`.
  init(_ source: RedshiftSource, data: DataType) throws(Failure) {
    self.source = source
    columns = try SourceColumns(source.columns.map(\.name), data: data, source: source.name)
    let column = source.columns[columns.updatedAt.position]
    if let problem = Self.problem(ofUpdatedAt: column, in: source) { throw problem }
    // Naive instants are UTC (R14), and so is the bound. A date compares as its midnight.
    boundType = column.type == RedshiftTypes.timestamptz ? "timestamptz" : "timestamp"
  }

  /// Everything for which `init` refuses the source.
  static func problems(_ source: RedshiftSource, data: DataType) -> [Failure] {
    let updatedAt = source.columns.first { SourceColumn.among([$0.name]).contains(.updatedAt) }
    return SourceColumns.problems(source.columns.map(\.name), data: data, source: source.name)
      .map(\.failure)
      + [updatedAt.flatMap { problem(ofUpdatedAt: $0, in: source) }].compactMap { $0 }
  }

  private static func problem(
    ofUpdatedAt column: PostgreSQLColumn,
    in source: RedshiftSource
  ) -> Failure? {
    let types = [RedshiftTypes.timestamptz, RedshiftTypes.timestamp, RedshiftTypes.date]
    guard !types.contains(column.type) else { return nil }
    return Failure(
      "column_type",
      """
      column "\(column.name)" of \(source.name) is of type \(RedshiftTypes.name(of: column)); \
      it must be timestamptz, timestamp, or date: add a column of that type under the name, or read a \
      view that casts it
      """,
      recovery: .needsOperator
    )
  }

  var updatedAt: String { "s.\(TableName.quoted(columns.updatedAt.name))" }

  /// The statement and its parameters, with the columns in the order of `columns.entries`.
  ///
  /// UPDATED_AT stays bare, for zone maps to prune by (warehouses.md, E.5). So does PAYLOAD: SUPER
  /// comes as JSON text by itself, and JSON_SERIALIZE fails a whole run on a value past VARCHAR's
  /// length. No value has more than 16 MB, which one row may take here; what is over a payload's limit
  /// is cut as it is copied.
  func sql(from: Timestamp?) -> (text: String, parameters: [String?]) {
    let (condition, parameters) = condition(from: from, before: nil)
    return (
      "SELECT \(names) FROM \(source.from) WHERE \(condition) ORDER BY \(updatedAt)", parameters
    )
  }

  /// What `sql` selects.
  var names: String {
    columns.entries.map { "s.\(TableName.quoted($0.name))" }.joined(separator: ", ")
  }

  func condition(from: Timestamp?, before: Timestamp?) -> (text: String, parameters: [String?]) {
    var text = "\(updatedAt) IS NOT NULL"
    var parameters: [String?] = []
    func bound(_ comparison: String, _ time: Timestamp) {
      // Rounded up is right for both: a column of microseconds has nothing in between.
      parameters.append(bindable(time))
      text += " AND \(updatedAt) \(comparison) $\(parameters.count)::\(boundType)"
    }
    // What is out of Timestamp's range was clamped to its earliest: no bound then.
    if let from, from != .earliest { bound(">=", from) }
    if let before { bound("<", before) }
    return (text, parameters)
  }

  /// The condition for rows that are stamped later than an instant.
  func isLater(than time: Timestamp) -> (text: String, parameters: [String?]) {
    ("\(updatedAt) > $1::\(boundType)", [bindable(time)])
  }

  private func bindable(_ time: Timestamp) -> String {
    time.microsecondTextRoundedUp + (boundType == "timestamptz" ? "+00" : "")
  }
}
