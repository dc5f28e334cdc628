import SyncModel
import TestSupport
import Warehouse
import Warehouses

/// A fixture with a table `users`, and the short ways of the tests of C.7.
struct BigQueryBench {
  let fixture: BigQueryFixture
  var users: RowSelection { fixture.selection("users") }

  init(location: String = "EU", rows: Int = 0, projects: [String] = []) async throws {
    fixture = try await BigQueryFixture(location: location, projects: projects)
    if rows > 0 { try await fixture.makeUsers(rows: rows) }
  }

  func connect(
    _ changes: [String: String] = [:],
    signer: (any WarehouseSigner)? = nil
  ) async throws -> any WarehouseConnection {
    try await WarehouseRegistry.all.driver("bigquery").connect(
      settings: fixture.settings.merging(changes) { $1 },
      credentials: signer.map(fixture.credentials) ?? fixture.credentials
    )
  }

  /// Every row of a selection, over a connection of its own.
  func rows(
    _ selection: RowSelection? = nil,
    _ changes: [String: String] = [:],
    from: Timestamp? = nil
  ) async throws -> [ReadRow] {
    let connection = try await connect(changes)
    do {
      let rows = try await connection.rows(selection ?? users, from: from)
      await connection.close()
      return rows
    } catch {
      await connection.close()
      throw error
    }
  }

  func ids(_ selection: RowSelection? = nil) async throws -> [String?] {
    try await rows(selection).map(\.externalID)
  }

  /// Why reading fails; nil where it does not.
  func failure(
    _ selection: RowSelection? = nil,
    _ changes: [String: String] = [:]
  ) async throws -> Failure? {
    do {
      _ = try await rows(selection, changes)
      return nil
    } catch let failure as Failure {
      return failure
    }
  }

  func inspection(
    _ selection: RowSelection? = nil,
    _ changes: [String: String] = [:],
    data: DataType = .attributes
  ) async throws -> Inspection {
    let connection = try await connect(changes)
    let inspection = try await connection.inspect(
      selection ?? users,
      data: data,
      previewLimit: 3
    )
    await connection.close()
    return inspection
  }

  /// `u0`, `u1`, … as `makeUsers` names them.
  static func ids(_ count: Int) -> [String?] { (0..<count).map { "u\($0)" } }

  /// Google's body of an error.
  static func body(_ reason: String, _ message: String = "scripted") -> JSONValue {
    ["error": ["code": 0, "message": .string(message), "errors": [["reason": .string(reason)]]]]
  }
}
