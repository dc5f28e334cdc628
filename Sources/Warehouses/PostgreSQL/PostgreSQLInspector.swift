import SQLDatabase
import SyncModel
import Warehouse

/// Looks at a source for a connection test.
struct PostgreSQLInspector {
  let connection: PostgreSQLConnection
  let data: DataType

  func inspect(_ selection: RowSelection, previewLimit: Int) async throws -> Inspection {
    var inspection = Inspection()
    try await connection.limitStatements(seconds: PostgreSQLConnection.patience)
    do {
      let source = try await PostgreSQLSource(selection, on: connection)
      try await look(at: source, previewLimit: min(max(previewLimit, 0), 1000), &inspection)
    } catch {
      inspection.problem = try problem(error, source: "the source")
    }
    try await connection.limitStatements(seconds: 0)
    return inspection
  }

  private func look(
    at source: PostgreSQLSource,
    previewLimit: Int,
    _ inspection: inout Inspection
  ) async throws {
    let types = try await source.typeNames(on: connection)
    inspection.columns = zip(source.columns, types).map { .init(name: $0.name, type: $1) }
    var changes: PostgreSQLChanges?
    do {
      let found = try PostgreSQLChanges(source, data: data, typeNames: types)
      changes = found
      // Shows missing grants without reading a row.
      _ = try await connection.query("\(found.sql(from: nil).text) LIMIT 0")
    } catch {
      inspection.problem = try problem(error, source: source.name)
    }
    if let changes, inspection.problem == nil {
      try await countRowsWithoutUpdatedAt(changes, &inspection)
    }
    try await preview(source, changes, limit: previewLimit, &inspection)
  }

  private func countRowsWithoutUpdatedAt(
    _ changes: PostgreSQLChanges,
    _ inspection: inout Inspection
  ) async throws {
    do {
      let result = try await connection.query(
        "SELECT count(*) FROM \(changes.source.from) WHERE s.\(updatedAt(changes)) IS NULL"
      )
      let count = result.rows.first?.first.flatMap { $0 }.flatMap { Int64($0) } ?? 0
      inspection.found(rowsWithoutUpdatedAt: count)
    } catch {
      let problem = try problem(error, source: changes.source.name)
      inspection.warnings.append("rows without UPDATED_AT were not counted: \(problem.message)")
    }
  }

  private func preview(
    _ source: PostgreSQLSource,
    _ changes: PostgreSQLChanges?,
    limit: Int,
    _ inspection: inout Inspection
  ) async throws {
    // Cut by the server: a value may be large.
    let values = source.columns.map { "left(s.\(TableName.quoted($0.name))::text, 256)" }
    let order = changes.map { " ORDER BY s.\(updatedAt($0)) DESC NULLS LAST" } ?? ""
    do {
      if limit > 0, !values.isEmpty {
        let result = try await connection.query(
          "SELECT \(values.joined(separator: ", ")) FROM \(source.from)\(order) LIMIT \(limit)"
        )
        inspection.preview = result.rows
      }
      guard let changes, inspection.problem == nil else { return }
      let newest = try await connection.query(
        """
        SELECT s.\(updatedAt(changes)) FROM \(source.from) \
        WHERE s.\(updatedAt(changes)) > statement_timestamp()\(order) LIMIT 1
        """
      )
      if let text = newest.rows.first?.first.flatMap({ $0 }) {
        inspection.warnings.append(
          "rows are stamped later than the server's clock, the newest \(text); "
            + "they are read again at every run until their time has come"
        )
      }
    } catch {
      let found = try problem(error, source: source.name)
      inspection.warnings.append("no preview: \(found.message)")
    }
  }

  private func updatedAt(_ changes: PostgreSQLChanges) -> String {
    TableName.quoted(changes.columns.updatedAt.name)
  }

  /// What the operator has to know; a lost connection and a cancellation are thrown instead.
  private func problem(_ error: any Error, source: String) throws -> Failure {
    guard let failure = PostgreSQLFailure.running(error, source: source) as? Failure else {
      throw error
    }
    guard failure.recovery != .reconnect else { throw failure }
    return failure
  }
}
