import SyncModel
import Warehouse

extension SnowflakeChanges {
  /// One look may not hold up the person who asked; a run has no such limit.
  private static let patience = 30

  /// The rows of one user, newest first, those without UPDATED_AT after the others; behind the columns
  /// of `columns.entries`, in each row, how many there are without.
  /// - Throws: `Failure` `identifier_column_missing`.
  func statement(of user: SourceUser, limit: Int) throws(Failure) -> SnowflakeStatement {
    let condition = try columns.condition(
      for: user,
      source: source.name,
      text: { text($0) },
      parameter: { _ in "?" }
    )
    return SnowflakeStatement(
      text: """
        SELECT \(list), COUNT_IF(\(updatedAt) IS NULL) OVER () FROM \(source.from) \
        WHERE \(condition.sql) ORDER BY \(updatedAt) DESC NULLS LAST LIMIT \(limit)
        """,
      bindings: condition.values.map { .init(type: "TEXT", value: $0) },
      isAsynchronous: true,
      source: source.name,
      timeout: Self.patience
    )
  }

  /// A column as the text that a run reads. Text stays bare, for micro-partitions to be left out.
  private func text(_ entry: SourceColumns.Entry) -> String {
    let name = "s.\(TableName.quoted(entry.name))"
    let column = source.columns[entry.position]
    switch column.type {
    // A column's own collation may take A for a.
    case "text": return column.isCollated ? "COLLATE(\(name), 'utf8')" : name
    case "variant", "object", "array": return "TO_JSON(\(name))"
    default: return "TO_VARCHAR(\(name))"
    }
  }
}

extension SnowflakeWarehouseConnection {
  func rows(
    of user: SourceUser,
    in selection: RowSelection,
    data: DataType,
    limit: Int
  ) async throws -> UserRows {
    let source = try await SnowflakeSource(selection, on: session)
    let changes = try SnowflakeChanges(source, data: data)
    let result = try await SnowflakeResult.open(
      changes.statement(of: user, limit: limit + 1),
      limits: changes.limits + [20],
      on: session
    )
    let shape = SnowflakeRowShape(changes)
    var found = UserRows(
      rows: [],
      hasMore: false,
      rowsWithoutUpdatedAt: 0,
      warehouseTime: result.startedAt
    )
    var builder = RowBatchBuilder(maximumRows: 1)
    while try await result.read({ cells in
      let count = cells[shape.columns.count].flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
      found.rowsWithoutUpdatedAt = min(count ?? 0, Int64(limit))
      guard let row = try shape.row(cells) else { return true }
      found.hasMore = found.rows.count == limit
      guard !found.hasMore else { return true }
      builder.append(row)
      found.rows.append(builder.take())
      return true
    }) {}
    return found
  }

  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount {
    let source = try await SnowflakeSource(selection, on: session)
    let statement = try SnowflakeChanges(source, data: data)
      .countStatement(from: from, before: before)
    let answer = try await session.small(statement)
    guard let rows = answer.rows.first?.first.flatMap({ $0 }).flatMap({ Int64($0) }) else {
      throw SnowflakeAnswer.malformed("it has no count of the rows of \(source.name)")
    }
    return ChangeCount(rows: rows, warehouseTime: answer.startedAt)
  }
}
