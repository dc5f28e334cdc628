import SQLDatabase
import SyncModel
import Warehouse

/// A selection as SQLite knows it: what to select from, and its columns. Made on the file's thread.
struct SQLiteSource {
  /// For messages: `table "users"`, or `the query`.
  let name: String
  /// What stands after FROM, with the alias `s`.
  let from: String
  let columns: [Inspection.Column]
  private let hasRowID: Bool

  /// Finds the table, or checks the query. Nothing is read.
  ///
  /// - Throws: `Failure`.
  init(_ selection: RowSelection, on connection: SQLiteConnection) throws {
    switch selection {
    case .query(let text):
      name = "the query"
      from = try SelectText(text).asTable + " AS s"
      hasRowID = false
    case .table(let text):
      let table = try Self.find(try TableName(parsing: text, maximumParts: 2), connection)
      name = "table \(TableName.quoted(table.name))"
      from = "main.\(TableName.quoted(table.name)) AS s"
      // Views and tables WITHOUT ROWID have none: preparing tells.
      hasRowID =
        !table.isView && (try? connection.statement("SELECT s._rowid_ FROM \(from)")) != nil
    }
    do {
      let statement = try connection.statement("SELECT s.* FROM \(from)")
      columns = (0..<statement.columnCount).map {
        Inspection.Column(
          name: statement.columnName($0),
          type: statement.declaredType($0) ?? ""
        )
      }
    } catch {
      throw SQLiteFailure.failure(error, source: name)
    }
  }

  /// A row's UPDATED_AT in nanoseconds, as SQL.
  func instant(of columns: SourceColumns) -> String {
    let column = TableName.quoted(columns.updatedAt.name)
    return "\(SQLiteInstants.functionName)(s.\(column), \(hasRowID ? "s._rowid_" : "NULL"))"
  }

  /// Under which a row is of a user.
  func condition(
    for user: SourceUser,
    _ columns: SourceColumns
  ) throws(Failure) -> (sql: String, values: [String]) {
    // A column may hold values of any kind, and a run reads each as text.
    try columns.condition(
      for: user,
      source: name,
      text: { "CAST(s.\(TableName.quoted($0.name)) AS TEXT)" },
      parameter: { "?\($0)" }
    )
  }

  private static func find(
    _ table: TableName,
    _ connection: SQLiteConnection
  ) throws -> (name: String, isView: Bool) {
    let schema = table.parts.dropLast().last
    if let schema, TableName([schema]).foldedToLowerCase.parts.first?.text != "main" {
      throw Failure(
        "schema_not_found",
        """
        there is no schema \(TableName.quoted(schema.text)) in a SQLite source, only main; \
        a table's name with a dot in it goes into double quotes
        """,
        recovery: .needsOperator
      )
    }
    let wanted = table.parts.last?.text ?? ""
    // SQLite's names have no case (ASCII), quoted or not: there is at most one.
    let found = try connection.rows(
      """
      SELECT name, type FROM sqlite_schema \
      WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE
      """,
      [.text(wanted)]
    ) { (name: $0.string(0), isView: $0.string(1) == "view") }
    guard let found = found.first else {
      throw Failure(
        "table_not_found",
        "there is no table or view \(TableName.quoted(wanted)) in the database file",
        recovery: .needsOperator
      )
    }
    return found
  }
}
