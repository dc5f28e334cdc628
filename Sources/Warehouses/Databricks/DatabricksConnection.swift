import SyncModel
import Synchronization
import Warehouse

/// One login at one SQL warehouse. There is no session: each statement stands alone.
final class DatabricksConnection: WarehouseConnection {
  private let api: DatabricksAPI
  private let runner: DatabricksRunner
  /// Of the result that is being read.
  private let chunks = Mutex<DatabricksChunks?>(nil)

  init(api: DatabricksAPI, warehouse: DatabricksWarehouseState?) {
    self.api = api
    runner = DatabricksRunner(api, warehouse)
  }

  deinit { api.shutDown() }

  var server: String { "Databricks SQL warehouse \(runner.warehouseName)" }

  func inspect(
    _ selection: RowSelection,
    data: DataType,
    previewLimit: Int
  ) async throws -> Inspection {
    try await DatabricksInspector(runner: runner, data: data)
      .inspect(selection, previewLimit: previewLimit)
  }

  func readChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?
  ) async throws -> any ChangeReader {
    let source = try await DatabricksSource(selection, on: runner, limit: nil)
    let changes = try DatabricksChanges(source, data: data)
    return try await read(changes.query(from: from), of: changes, limit: nil)
  }

  func rows(
    of user: SourceUser,
    in selection: RowSelection,
    data: DataType,
    limit: Int
  ) async throws -> UserRows {
    let patience = api.timing.patience
    let source = try await DatabricksSource(selection, on: runner, limit: patience)
    let changes = try DatabricksChanges(source, data: data)
    let unstamped = try changes.queryOfUnstamped(user, limit: limit)
    let stamped = try changes.query(of: user, limit: limit + 1)
    let count = try await runner.rows(of: unstamped, source: source.name, limit: patience)
    guard let number = count.rows.first?.first.flatMap({ $0 }), let rows = Int64(number) else {
      throw DatabricksFailure.unexpected("a count is no number")
    }
    do {
      return try await UserRows(
        reading: read(stamped, of: changes, limit: patience),
        limit: limit,
        rowsWithoutUpdatedAt: rows
      )
    } catch {
      chunks.withLock { $0 }?.close()
      await runner.settle()
      throw error
    }
  }

  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount {
    let source = try await DatabricksSource(selection, on: runner, limit: nil)
    let query = try DatabricksChanges(source, data: data).countQuery(from: from, before: before)
    let row = try await runner.rows(of: query, source: source.name).rows.first ?? []
    guard row.count == 2, let rows = row[0].flatMap({ Int64($0) }),
      let micros = row[1].flatMap({ Int64($0) })
    else { throw DatabricksFailure.unexpected("a count is no number") }
    return ChangeCount(rows: rows, warehouseTime: Timestamp(clampingMicroseconds: micros))
  }

  private func read(
    _ query: DatabricksQuery,
    of changes: DatabricksChanges,
    limit: Duration?
  ) async throws -> DatabricksChangeReader {
    let source = changes.source
    let answer = try await runner.succeed(query, source: source.name, limit: limit)
    guard let manifest = answer.manifest else {
      throw DatabricksFailure.unexpected("a statement's success has no manifest")
    }
    let result = DatabricksChunks(answer, manifest, api: api, source: source.name)
    chunks.withLock { $0 = result }
    return DatabricksChangeReader(
      result,
      runner: runner,
      source: source.name,
      columns: changes.columns,
      warehouseTime: source.time
    )
  }

  func close() async {
    chunks.withLock { $0 }?.close()
    await runner.close()
    api.shutDown()
  }
}

extension Timestamp {
  /// Of microseconds since 1970.
  init(clampingMicroseconds micros: Int64) {
    self.init(clampingSeconds: micros / 1_000_000, nanoseconds: micros % 1_000_000 * 1000)
  }
}
