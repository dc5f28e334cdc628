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
    let answer = try await runner.succeed(changes.query(from: from), source: source.name)
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
