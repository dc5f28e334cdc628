import Glibc
import SQLDatabase
import SyncModel
import Warehouse

/// One connection to a SQLite source.
struct SQLiteWarehouseConnection: WarehouseConnection {
  let file: ReadOnlySQLiteFile

  var server: String { get async { "SQLite \(ReadOnlySQLiteFile.libraryVersion)" } }

  func inspect(
    _ selection: RowSelection,
    data: DataType,
    previewLimit: Int
  ) async throws -> Inspection {
    do {
      return try await file.run { connection in
        try SQLiteInspector(connection: connection, data: data)
          .inspect(selection, previewLimit: min(max(previewLimit, 0), 1000))
      }
    } catch {
      throw SQLiteFailure.failure(error, source: "the source")
    }
  }

  func readChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?
  ) async throws -> any ChangeReader {
    let time = Self.now()
    do {
      let filler = try await file.run { connection in
        let source = try SQLiteSource(selection, on: connection)
        let columns = try SourceColumns(
          source.columns.map(\.name),
          data: data,
          source: source.name
        )
        return try SQLiteChangeReader.Filler(source, columns, from: from, connection)
      }
      return SQLiteChangeReader(file, filler, warehouseTime: time)
    } catch {
      throw SQLiteFailure.failure(error, source: "the source")
    }
  }

  func rows(
    of user: SourceUser,
    in selection: RowSelection,
    data: DataType,
    limit: Int
  ) async throws -> UserRows {
    let time = Self.now()
    do {
      let (filler, unstamped) = try await file.run { connection in
        let source = try SQLiteSource(selection, on: connection)
        let columns = try SourceColumns(
          source.columns.map(\.name),
          data: data,
          source: source.name
        )
        let condition = try source.condition(for: user, columns)
        let column = TableName.quoted(columns.updatedAt.name)
        let unstamped = try connection.first(
          """
          SELECT count(*) FROM (SELECT 1 FROM \(source.from) \
          WHERE s.\(column) IS NULL AND \(condition.sql) LIMIT \(limit))
          """,
          condition.values.map { .text($0) }
        ) { $0.int64(0) }
        let filler = try SQLiteChangeReader.Filler(
          source,
          columns,
          of: user,
          limit: limit + 1,
          connection
        )
        return (filler, unstamped ?? 0)
      }
      return try await UserRows(
        reading: SQLiteChangeReader(file, filler, warehouseTime: time),
        limit: limit,
        rowsWithoutUpdatedAt: unstamped
      )
    } catch {
      throw SQLiteFailure.failure(error, source: "the source")
    }
  }

  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount {
    let time = Self.now()
    do {
      let rows = try await file.run { connection in
        let source = try SQLiteSource(selection, on: connection)
        let columns = try SourceColumns(
          source.columns.map(\.name),
          data: data,
          source: source.name
        )
        let instant = source.instant(of: columns)
        return try connection.first(
          """
          SELECT count(*) FROM \(source.from) WHERE \(instant) IS NOT NULL \
          AND (?1 IS NULL OR \(instant) >= ?1) AND (?2 IS NULL OR \(instant) < ?2)
          """,
          [SQLValue(from?.nanoseconds), SQLValue(before?.nanoseconds)]
        ) { $0.int64(0) }
      }
      return ChangeCount(rows: rows ?? 0, warehouseTime: time)
    } catch {
      throw SQLiteFailure.failure(error, source: "the source")
    }
  }

  func close() async { await file.close() }

  /// The file's clock is that of the machine.
  static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(clampingSeconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
  }
}
