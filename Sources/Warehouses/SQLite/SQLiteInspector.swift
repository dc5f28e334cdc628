import SQLDatabase
import SyncModel
import Warehouse

/// Looks at a source for a connection test, on the file's thread.
struct SQLiteInspector {
  let connection: SQLiteConnection
  let data: DataType

  func inspect(_ selection: RowSelection, previewLimit: Int) throws -> Inspection {
    var inspection = Inspection()
    do {
      let source = try SQLiteSource(selection, on: connection)
      inspection.columns = source.columns
      var columns: SourceColumns?
      do {
        let found = try SourceColumns(source.columns.map(\.name), data: data, source: source.name)
        try count(source, found, &inspection)
        columns = found
      } catch {
        inspection.problem = try problem(error, source.name)
      }
      try preview(source, columns, limit: previewLimit, &inspection)
    } catch {
      let found = try problem(error, "the source")
      inspection.problem = inspection.problem ?? found
    }
    return inspection
  }

  /// Looks at every row's UPDATED_AT: one that is no instant is a problem of every run.
  private func count(
    _ source: SQLiteSource,
    _ columns: SourceColumns,
    _ inspection: inout Inspection
  ) throws {
    let instant = source.instant(of: columns)
    let counts = try connection.first(
      "SELECT count(*) - count(\(instant)), max(\(instant)) FROM \(source.from)"
    ) { (missing: $0.int64(0), newest: $0.optionalInt64(1)) }
    let missing = counts?.missing ?? 0
    inspection.found(rowsWithoutUpdatedAt: missing)
    if let newest = counts?.newest, newest > SQLiteWarehouseConnection.now().nanoseconds {
      let text = Timestamp(nanoseconds: newest).microsecondTextRoundedUp
      inspection.warnings.append(
        "rows are stamped later than this machine's clock, the newest \(text); "
          + "they are read again at every run until their time has come"
      )
    }
  }

  private func preview(
    _ source: SQLiteSource,
    _ columns: SourceColumns?,
    limit: Int,
    _ inspection: inout Inspection
  ) throws {
    guard limit > 0, !source.columns.isEmpty else { return }
    let values = source.columns.map {
      "substr(CAST(s.\(TableName.quoted($0.name)) AS TEXT), 1, 256)"
    }
    let order = columns.map { " ORDER BY \(source.instant(of: $0)) DESC" } ?? ""
    inspection.preview = try connection.rows(
      "SELECT \(values.joined(separator: ", ")) FROM \(source.from)\(order) LIMIT \(limit)"
    ) { row in source.columns.indices.map { row.optionalString($0) } }
  }

  private func problem(_ error: any Error, _ source: String) throws -> Failure {
    if let error = error as? SQLError, error.isInterrupted { throw error }
    return SQLiteFailure.failure(error, source: source) as? Failure
      ?? Failure("query_failed", "\(source) cannot be read", recovery: .failRun)
  }
}
