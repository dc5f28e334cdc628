import HTTPFetch
import SyncModel
import Synchronization
import Warehouse

/// One login at an account. The SQL API has no sessions: what ends with it is what is under way.
final class SnowflakeWarehouseConnection: WarehouseConnection {
  let session: SnowflakeSession
  private let version: String
  private let reader = Mutex<SnowflakeChangeReader?>(nil)

  init(_ session: SnowflakeSession, version: String) {
    self.session = session
    self.version = version
  }

  var server: String { get async { "Snowflake \(version)" } }

  func inspect(
    _ selection: RowSelection,
    data: DataType,
    previewLimit: Int
  ) async throws -> Inspection {
    try await SnowflakeInspector(session: session, data: data)
      .inspect(selection, previewLimit: previewLimit)
  }

  func readChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?
  ) async throws -> any ChangeReader {
    let source = try await SnowflakeSource(selection, on: session)
    let changes = try SnowflakeChanges(source, data: data)
    let result = try await SnowflakeResult.open(
      changes.statement(from: from),
      limits: changes.limits,
      on: session
    )
    let reader = SnowflakeChangeReader(result, changes)
    self.reader.withLock { $0 = reader }
    return reader
  }

  func close() async {
    reader.withLock { reader in
      reader?.close()
      reader = nil
    }
    await session.close()
  }
}
