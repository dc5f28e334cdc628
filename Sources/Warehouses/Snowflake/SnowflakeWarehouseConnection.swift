import HTTPFetch
import SyncModel
import Synchronization
import Warehouse

/// One login at an account. The SQL API has no sessions: what ends with it is what is under way.
final class SnowflakeWarehouseConnection: WarehouseConnection {
  let session: SnowflakeSession
  private let version = Mutex<String?>(nil)
  private let reader = Mutex<SnowflakeChangeReader?>(nil)

  init(_ session: SnowflakeSession) { self.session = session }

  /// Asked for where it is shown: a run has no use for it.
  var server: String {
    get async {
      if version.withLock({ $0 }) == nil { try? await greet() }
      return version.withLock { $0 }.map { "Snowflake \($0)" } ?? "Snowflake"
    }
  }

  /// Asks for the server's version, which needs a good token, the role, and no warehouse.
  /// - Throws: `Failure`, `CancellationError`.
  func greet() async throws {
    let statement = SnowflakeStatement(
      text: "SELECT CURRENT_VERSION()",
      source: "the server's version"
    )
    let answer = try await session.small(statement).rows.first?.first.flatMap { $0 }
    version.withLock { $0 = answer }
  }

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
