import Warehouse

extension SyncOrchestrator {
  /// Lends a connection to a source for a person's question; it is closed however `body` ends.
  /// - Parameter sync: whom the question is about, for the warehouse's history.
  /// - Parameter purpose: goes to the vault's audit log.
  func withConnection<T: Sendable>(
    to source: StoredSource,
    for sync: String,
    purpose: String,
    _ body: (any WarehouseConnection) async throws -> T
  ) async throws -> T {
    let driver = try warehouses.driver(source.type)
    let settings = try driver.schema.validated(source.settings, type: source.type)
    let released = try await credentials.release(
      for: source,
      driver: driver,
      purpose: purpose,
      retry: configuration.warehouseRetry
    )
    let connection = try await driver.connect(
      settings: settings,
      credentials: released.credentials,
      tag: QueryTag(sync: sync)
    )
    return try await withClosing(connection) { try await body(connection) }
  }

  func withClosing<T: Sendable>(
    _ connection: any WarehouseConnection,
    _ body: () async throws -> T
  ) async throws -> T {
    do {
      let result = try await body()
      await connection.close()
      return result
    } catch {
      await connection.close()
      throw error
    }
  }
}
