import HTTPFetch
import SyncModel
import Synchronization
import Warehouse

@testable import Warehouses

/// A workspace, a driver whose waits are scaled to a test's patience, and what it told and waited for.
struct DatabricksBench: Sendable {
  let fixture: DatabricksFixture
  let memory = Memory()

  final class Memory: Sendable {
    private let state = Mutex((notices: [WarehouseNotice](), sleeps: [Duration]()))

    var notices: [WarehouseNotice] { state.withLock { $0.notices } }
    /// What retries waited for, had they waited.
    var sleeps: [Duration] { state.withLock { $0.sleeps } }
    func heard(_ notice: WarehouseNotice) { state.withLock { $0.notices.append(notice) } }
    func slept(_ duration: Duration) { state.withLock { $0.sleeps.append(duration) } }
  }

  init() async throws { fixture = try await DatabricksFixture() }

  var timing: DatabricksTiming {
    var timing = DatabricksTiming()
    timing.shortestPoll = .milliseconds(5)
    timing.longestPoll = .milliseconds(50)
    timing.firstLook = .milliseconds(20)
    timing.nextLooks = .milliseconds(100)
    timing.grace = .seconds(2)
    timing.start = .seconds(20)
    timing.inspection = .seconds(10)
    let memory = self.memory
    timing.pace = FetchRetrier.Pace(
      random: { 0 },
      sleep: { duration in
        memory.slept(duration)
        try await Task.sleep(for: .milliseconds(1))
      }
    )
    return timing
  }

  func connect(
    _ credentials: WarehouseCredentials? = nil,
    _ change: (inout DatabricksTiming) -> Void = { _ in },
    settings: [String: String] = [:],
    tag: QueryTag = QueryTag()
  ) async throws -> any WarehouseConnection {
    var timing = self.timing
    change(&timing)
    return try await DatabricksWarehouse(.tests, timing: timing).connect(
      settings: fixture.settings.merging(settings) { $1 },
      credentials: credentials ?? fixture.credentials,
      tag: tag
    )
  }

  /// With the notices of what is done.
  func listening<T: Sendable>(_ body: () async throws -> T) async throws -> T {
    let memory = self.memory
    return try await WarehouseNotice.$listener.withValue({ memory.heard($0) }, operation: body)
  }

  /// A table `t` of so many rows, a second apart, with ids from 0 on and a small payload.
  func make(rows: Int, payload: String = "'{}'") async throws {
    try await fixture.run(
      """
      CREATE TABLE t AS SELECT timestamp_micros((1700000000 + id) * 1000000) AS updated_at,
        CAST(id AS STRING) AS external_id, \(payload) AS payload FROM range(\(rows)) AS s(id)
      """
    )
  }

  /// The ids of a table, in the order they came.
  func ids(_ connection: any WarehouseConnection) async throws -> [Int] {
    try await connection.rows(.table("t")).compactMap { $0.externalID.flatMap { Int($0) } }
  }

  /// The failure of connecting and reading.
  func failure(
    _ credentials: WarehouseCredentials? = nil,
    settings: [String: String] = [:],
    selection: RowSelection = .table("t"),
    then change: (any ChangeReader) async throws -> Void = { _ in }
  ) async -> Failure? {
    do {
      let connection = try await connect(credentials, settings: settings)
      do {
        let reader = try await connection.readChanges(selection, data: .attributes, from: nil)
        try await change(reader)
        _ = try await reader.rest()
      } catch {
        await connection.close()
        throw error
      }
      await connection.close()
      return nil
    } catch {
      return error as? Failure
    }
  }
}
