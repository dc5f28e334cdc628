import SyncModel
import Warehouse

/// Looks at a source for a connection test.
struct DatabricksInspector {
  let runner: DatabricksRunner
  let data: DataType

  /// For each query, once it runs; a start has minutes of its own.
  private var limit: Duration { runner.api.timing.inspection }

  func inspect(_ selection: RowSelection, previewLimit: Int) async throws -> Inspection {
    var inspection = Inspection()
    do {
      let source = try await DatabricksSource(selection, on: runner, limit: limit)
      let rows = min(max(previewLimit, 0), 1000)
      let table = DatabricksTable(selection, runner.api.settings)
      try await look(at: source, table, previewLimit: rows, &inspection)
    } catch {
      let failure = try problem(error)
      inspection.problem = failure
      if let table = DatabricksTable(selection, runner.api.settings) {
        await look(at: table, after: failure, &inspection)
      }
    }
    return inspection
  }

  /// What can be said of a table whose statement failed: what else is missing, and what mends it.
  private func look(
    at table: DatabricksTable,
    after failure: Failure,
    _ inspection: inout Inspection
  ) async {
    switch (failure.code, failure.cause?.hasPrefix("HTTP") ?? false) {
    case ("permission_denied", false):
      let grants = table.grants(to: await principal ?? "principal")
      inspection.warnings.append("what mends it, run by the table's owner: \(grants)")
    case ("permission_denied", true), ("warehouse_start_failed", _), ("warehouse_start_timeout", _):
      // No statement runs: Unity Catalog's own API says what it can.
      await ask(about: table, &inspection)
    default: break
    }
  }

  private func ask(about table: DatabricksTable, _ inspection: inout Inspection) async {
    do {
      let columns = try await runner.api.columns(of: table)
      inspection.columns = columns.map { .init(name: $0.name, type: $0.type.uppercased()) }
      let remedies = DatabricksRemedies(columns, data: data, source: "table \(table.sql)")
      inspection.also(remedies.problems)
      note(remedies, table, &inspection)
    } catch {
      guard let failure = error as? Failure,
        failure.code == "permission_denied" || failure.code == "table_not_found"
      else { return }
      inspection.warnings.append("besides, of table \(table.sql): \(failure.message)")
      if failure.code == "permission_denied" {
        let grants = table.grants(to: "principal")
        inspection.warnings.append("what mends it, run by the table's owner: \(grants)")
      }
    }
  }

  private func note(
    _ remedies: DatabricksRemedies,
    _ table: DatabricksTable?,
    _ inspection: inout Inspection
  ) {
    guard let table else { return }
    inspection.warnings += remedies.statements(for: table).map { "what mends it: \($0)" }
  }

  /// Whom GRANT names: a service principal's application id, or a person's address.
  private var principal: String? {
    get async {
      let query = DatabricksQuery(text: "SELECT current_user() AS c0")
      let found = try? await runner.rows(of: query, source: "the login", limit: limit)
      return found?.rows.first?.first.flatMap { $0 }
    }
  }

  private func look(
    at source: DatabricksSource,
    _ table: DatabricksTable?,
    previewLimit: Int,
    _ inspection: inout Inspection
  ) async throws {
    inspection.columns = source.columns.map { .init(name: $0.name, type: $0.type) }
    let remedies = DatabricksRemedies(source.columns, data: data, source: source.name)
    inspection.found(remedies.problems)
    note(remedies, table, &inspection)
    var changes: DatabricksChanges?
    if remedies.problems.isEmpty {
      do {
        let found = try DatabricksChanges(source, data: data)
        changes = found
        // The run's own statement: what it lacks shows here, not at night.
        var query = found.query(from: source.time)
        query.text += " LIMIT 0"
        _ = try await runner.rows(of: query, source: source.name, limit: limit)
      } catch {
        inspection.problem = try problem(error)
      }
    }
    if let changes, inspection.problem == nil {
      try await countRowsWithoutUpdatedAt(changes, &inspection)
    }
    do {
      try await preview(source, changes, limit: previewLimit, &inspection)
    } catch {
      inspection.warnings.append("no preview: \(try problem(error).message)")
    }
  }

  private func countRowsWithoutUpdatedAt(
    _ changes: DatabricksChanges,
    _ inspection: inout Inspection
  ) async throws {
    do {
      let query = DatabricksQuery(
        text: "SELECT count(*) FROM \(changes.source.from) WHERE \(updatedAt(changes)) IS NULL"
      )
      let result = try await runner.rows(of: query, source: changes.source.name, limit: limit)
      let count = result.rows.first?.first.flatMap { $0 }.flatMap { Int64($0) } ?? 0
      inspection.found(rowsWithoutUpdatedAt: count)
    } catch {
      inspection.warnings.append(
        "rows without UPDATED_AT were not counted: \(try problem(error).message)"
      )
    }
  }

  private func preview(
    _ source: DatabricksSource,
    _ changes: DatabricksChanges?,
    limit rows: Int,
    _ inspection: inout Inspection
  ) async throws {
    guard rows > 0, !source.columns.isEmpty else { return }
    // Cut by the warehouse: a value may be large. Instants are read exactly, and shown in UTC.
    let values = source.columns.map { column in
      let name = "s.\(DatabricksSource.quoted(column.name))"
      let type = DatabricksType(column.type)
      if type.isTimestamp {
        return "CAST(\(DatabricksChanges.micros(name, type)) AS STRING)"
      }
      let text = type.isNested ? DatabricksChanges.json(name, type) : "CAST(\(name) AS STRING)"
      return "left(\(text), 256)"
    }
    let order = changes.map { " ORDER BY \(updatedAt($0)) DESC NULLS LAST" } ?? ""
    let query = DatabricksQuery(
      text: "SELECT \(values.joined(separator: ", ")) FROM \(source.from)\(order) LIMIT \(rows)"
    )
    let result = try await runner.rows(of: query, source: source.name, limit: limit)
    let isInstant = source.columns.map { DatabricksType($0.type).isTimestamp }
    inspection.preview = result.rows.map { row in
      zip(row, isInstant).map { value, isInstant in
        isInstant ? value.flatMap(Self.instant)?.microsecondTextRoundedUp ?? value : value
      }
    }
    guard inspection.problem == nil, let position = changes?.columns.updatedAt.position,
      let newest = result.rows.first, newest.indices.contains(position),
      let instant = newest[position].flatMap(Self.instant), instant > source.time
    else { return }
    inspection.warnings.append(
      "rows are stamped later than the warehouse's clock, the newest \(instant.microsecondTextRoundedUp); "
        + "they are read again at every run until their time has come"
    )
  }

  private static func instant(_ text: String) -> Timestamp? {
    Int64(text).map { Timestamp(clampingMicroseconds: $0) }
  }

  private func updatedAt(_ changes: DatabricksChanges) -> String {
    "s.\(DatabricksSource.quoted(changes.columns.updatedAt.name))"
  }

  /// What the operator has to know; a lost or closed connection and a cancellation are thrown instead.
  private func problem(_ error: any Error) throws -> Failure {
    guard let failure = error as? Failure, failure.recovery != .reconnect,
      failure.code != "connection_closed"
    else { throw error }
    return failure
  }
}
