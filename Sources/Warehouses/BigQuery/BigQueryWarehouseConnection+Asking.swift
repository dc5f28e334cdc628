import SyncModel
import Warehouse

/// What a person asks about a source, outside a run.
extension BigQueryWarehouseConnection {
  /// One look may not hold up the person who asked; a run has no such limit.
  static let patience = Duration.seconds(30)

  func rows(
    of user: SourceUser,
    in selection: RowSelection,
    data: DataType,
    limit: Int
  ) async throws -> UserRows {
    try checkOpen()
    let source = try await BigQuerySource(selection, api: api)
    let changes = try BigQueryChanges(source, data: data)
    var query = try changes.query(of: user, limit: limit + 1)
    query.limit = Self.patience
    let (range, time) = try await answer(
      query,
      .user(changes.columns.entries.map(\.column))
    )
    return UserRows(
      rows: Array(range.batches.prefix(limit)),
      hasMore: range.batches.count > limit,
      rowsWithoutUpdatedAt: min(range.rowsWithoutUpdatedAt, Int64(limit)),
      warehouseTime: time
    )
  }

  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount {
    try checkOpen()
    let source = try await BigQuerySource(selection, api: api)
    let changes = try BigQueryChanges(source, data: data)
    let query = changes.countQuery(BigQuerySlice(from: from, before: before))
    let (range, time) = try await answer(query, .texts(1))
    guard let text = range.texts.first?.first, let rows = text.flatMap({ Int64($0) }) else {
      throw BigQueryFailure.badAnswer("the count of \(source.name)")
    }
    return ChangeCount(rows: rows, warehouseTime: time)
  }

  /// The whole result, which is small, and BigQuery's clock.
  private func answer(
    _ query: BigQueryQuery,
    _ shape: BigQueryPage.Shape
  ) async throws -> (BigQueryRange, Timestamp) {
    do {
      let result = try await BigQueryResult(query, shape: shape, api: api) { [jobs] in jobs.add($0)
      }
      let rest = result.totalRows - result.first.rowCount
      var range = result.first
      if rest > 0 { range.add(try await result.rows(from: range.rowCount, count: rest)) }
      // It has ended: there is nothing to cancel.
      _ = jobs.removeAll()
      return (range, result.job.created)
    } catch let error as BigQueryError {
      throw api.explained(error, query.source)
    }
  }
}

extension BigQueryChanges {
  /// The rows of one user, newest first, those without UPDATED_AT last and counted in each row's last
  /// cell: one scan, one bill. Values as parameters, never as text.
  ///
  /// A table that wants a filter on its partitions is asked with one: rows without UPDATED_AT are not
  /// seen there.
  func query(of user: SourceUser, limit: Int) throws(Failure) -> BigQueryQuery {
    let (named, values) = try columns.condition(
      for: user,
      source: source.name,
      text: text,
      parameter: { "@user\($0)" }
    )
    var condition = named
    var parameters = values.enumerated().map { index, value in
      BigQueryQuery.Parameter(name: "user\(index + 1)", type: "STRING", value: value)
    }
    if source.requiredFilter != nil {
      let all = filter(.all)
      condition += " AND \(all.condition)"
      parameters += all.1
    }
    let (inner, outer) = cells
    return statement(
      "SELECT \(outer), COUNTIF(c0 IS NULL) OVER () AS unstamped FROM (SELECT \(inner) "
        + "FROM \(relation(at: nil)) WHERE \(condition)) ORDER BY c0 DESC NULLS LAST LIMIT \(limit)",
      parameters
    )
  }

  /// How many rows a slice has.
  func countQuery(_ slice: BigQuerySlice) -> BigQueryQuery {
    let (condition, parameters) = filter(slice)
    return statement(
      "SELECT CAST(COUNT(*) AS STRING) FROM \(relation(at: nil)) WHERE \(condition)",
      parameters
    )
  }
}
