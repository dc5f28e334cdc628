import SQLDatabase
import SyncModel
import Warehouse

/// The statements that find one user's rows, whatever the cursor.
struct RedshiftUserRows {
  private let changes: RedshiftChanges
  private let limit: Int
  private let condition: String
  private let values: [String]

  /// - Throws: `Failure` `identifier_column_missing`.
  init(_ user: SourceUser, _ changes: RedshiftChanges, limit: Int) throws(Failure) {
    self.changes = changes
    self.limit = limit
    func text(_ entry: SourceColumns.Entry) -> String {
      let name = "s.\(TableName.quoted(entry.name))"
      let type = changes.source.columns[entry.position].type
      return RedshiftTypes.isText(type) ? name : "\(name)::\(Self.text)"
    }
    let found = try changes.columns.condition(
      for: user,
      source: changes.source.name,
      text: text,
      parameter: { "$\($0)::\(Self.text)" }
    )
    // VARCHAR compares without trailing blanks, and a run takes 'ada' and 'ada ' for two users. The
    // comparison above stays bare, for a sort key to serve; this one is exact.
    let exact = try changes.columns.condition(
      for: user,
      source: changes.source.name,
      text: { "(\(text($0)) || '.')" },
      parameter: { "($\($0)::\(Self.text) || '.')" }
    )
    condition = "\(found.sql) AND \(exact.sql)"
    values = found.values
  }

  /// Without a length it would be VARCHAR(256), and what is longer would be cut and found.
  private static let text = "varchar(65535)"

  /// Two statements: the rows without UPDATED_AT are counted by one of their own, which also says what
  /// time it is.
  /// - Throws: `Failure`, or `CancellationError`.
  func answer(on session: RedshiftSession) async throws -> UserRows {
    let (from, updatedAt) = (changes.source.from, changes.updatedAt)
    let unstamped = try await session.count(
      """
      SELECT count(*), sysdate FROM (SELECT 1 AS one FROM \(from) \
      WHERE \(updatedAt) IS NULL AND \(condition) LIMIT \(limit)) AS u
      """,
      values,
      source: changes.source.name,
      limit: .question
    )
    // One more than is asked for tells that there are more.
    let reader = try await session.read(
      """
      SELECT \(changes.names) FROM \(from) WHERE \(updatedAt) IS NOT NULL AND \(condition) \
      ORDER BY \(updatedAt) DESC LIMIT \(limit + 1)
      """,
      values,
      of: changes,
      at: unstamped.time,
      limit: .question
    )
    return try await UserRows(reading: reader, limit: limit, rowsWithoutUpdatedAt: unstamped.count)
  }
}
