import SQLDatabase
import SyncModel
import Warehouse

/// One connection to a PostgreSQL source.
struct PostgreSQLWarehouseConnection: WarehouseConnection {
  private let connection: PostgreSQLConnection
  private let database: String

  init(_ connection: PostgreSQLConnection, database: String) {
    self.connection = connection
    self.database = database
  }

  var server: String { get async { "PostgreSQL \(connection.serverVersion)" } }

  func inspect(
    _ selection: RowSelection,
    data: DataType,
    previewLimit: Int
  ) async throws -> Inspection {
    try await PostgreSQLInspector(connection: connection, data: data)
      .inspect(selection, previewLimit: previewLimit)
  }

  func readChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?
  ) async throws -> any ChangeReader {
    let source = try await PostgreSQLSource(selection, on: connection)
    let types = try await source.typeNames(on: connection)
    let changes = try PostgreSQLChanges(source, data: data, typeNames: types)
    let time = try await connection.serverTime(source: source.name)
    let (sql, parameters) = changes.sql(from: from)
    do {
      try await connection.startStream(sql, parameters)
    } catch {
      throw PostgreSQLFailure.running(error, source: source.name)
    }
    return PostgreSQLChangeReader(
      connection,
      source: source.name,
      columns: changes.columns,
      warehouseTime: time
    )
  }

  func rows(
    of user: SourceUser,
    in selection: RowSelection,
    data: DataType,
    limit: Int
  ) async throws -> UserRows {
    let source = try await PostgreSQLSource(selection, on: connection)
    let types = try await source.typeNames(on: connection)
    let changes = try PostgreSQLChanges(source, data: data, typeNames: types)
    let unstamped = try changes.sqlOfUnstamped(user, limit: limit)
    let stamped = try changes.sql(of: user, limit: limit + 1)
    let time = try await connection.serverTime(source: source.name)
    try await connection.limitStatements(seconds: PostgreSQLConnection.patience)
    let rows: UserRows
    do {
      let count = try await connection.query(unstamped.text, unstamped.parameters)
      try await connection.startStream(stamped.text, stamped.parameters)
      rows = try await UserRows(
        reading: PostgreSQLChangeReader(
          connection,
          source: source.name,
          columns: changes.columns,
          warehouseTime: time
        ),
        limit: limit,
        rowsWithoutUpdatedAt: count.rows.first?.first.flatMap { $0 }.flatMap { Int64($0) } ?? 0
      )
    } catch {
      throw PostgreSQLFailure.running(error, source: source.name)
    }
    try await connection.limitStatements(seconds: 0)
    return rows
  }

  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount {
    let source = try await PostgreSQLSource(selection, on: connection)
    let types = try await source.typeNames(on: connection)
    let changes = try PostgreSQLChanges(source, data: data, typeNames: types)
    let (sql, parameters) = changes.countSQL(from: from, before: before)
    do {
      let row = try await connection.query(sql, parameters).rows.first ?? []
      guard row.count == 2, let rows = row[0].flatMap({ Int64($0) }),
        let time = row[1].flatMap({ Timestamp(text: $0) })
      else {
        throw Failure("query_failed", "the server's count cannot be read", recovery: .failRun)
      }
      return ChangeCount(rows: rows, warehouseTime: time)
    } catch {
      throw PostgreSQLFailure.running(error, source: source.name)
    }
  }

  func close() async { await connection.close() }
}

extension PostgreSQLConnection {
  /// One look may not hold up the person who asked; a run has no such limit.
  static let patience = 30

  /// - Parameter seconds: 0 for none.
  func limitStatements(seconds: Int) async throws {
    do {
      try await script("SET statement_timeout TO \(seconds * 1000)")
    } catch {
      throw PostgreSQLFailure.running(error, source: "the source")
    }
  }

  /// The server's clock, now.
  func serverTime(source: String) async throws -> Timestamp {
    do {
      let result = try await query("SELECT clock_timestamp()")
      let text = result.rows.first?.first.flatMap { $0 } ?? ""
      guard let time = Timestamp(text: text) else {
        throw Failure("query_failed", "the server's clock reads \"\(text)\"", recovery: .failRun)
      }
      return time
    } catch {
      throw PostgreSQLFailure.running(error, source: source)
    }
  }
}
