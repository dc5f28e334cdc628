import SQLDatabase
import SyncModel
import Warehouse

/// Looks at a source for a connection test.
struct RedshiftInspector {
  let session: RedshiftSession
  let data: DataType

  func inspect(_ selection: RowSelection, previewLimit: Int) async throws -> Inspection {
    var inspection = Inspection()
    try await session.limitStatements(.test)
    do {
      let source = try await RedshiftSource(selection, on: session)
      try await look(at: source, previewLimit: min(max(previewLimit, 0), 1000), &inspection)
    } catch {
      inspection.problem = try await problem(error, source: "the source")
    }
    try await session.limitStatements(.none)
    return inspection
  }

  private func look(
    at source: RedshiftSource,
    previewLimit: Int,
    _ inspection: inout Inspection
  ) async throws {
    inspection.columns = source.columns.map {
      .init(name: $0.name, type: RedshiftTypes.name(of: $0))
    }
    let changes = try? RedshiftChanges(source, data: data)
    let began = ContinuousClock.now
    do {
      guard let changes else { throw try await refusal(of: source, &inspection) }
      // Shows missing grants without reading a row.
      _ = try await session.query("\(changes.sql(from: nil).text) LIMIT 0")
    } catch {
      inspection.problem = try await problem(
        error,
        source: source.name,
        table: source.table,
        since: began
      )
    }
    if let changes, inspection.problem == nil {
      try await countRowsWithoutUpdatedAt(changes, &inspection)
    }
    try await preview(source, changes, limit: previewLimit, &inspection)
  }

  /// The first problem of the columns; the others, and how to mend them, become warnings.
  private func refusal(
    of source: RedshiftSource,
    _ inspection: inout Inspection
  ) async throws -> Failure {
    var problems = RedshiftChanges.problems(source, data: data)
    if let denial = source.denial {
      problems.append(try await problem(denial, source: source.name, table: source.table))
    }
    inspection.also(problems.dropFirst())
    if let statements = source.columnsToAdd(for: data) {
      inspection.warnings.append("an administrator adds what is missing: \(statements)")
    }
    return problems.first
      ?? Failure("query_failed", "\(source.name) cannot be used", recovery: .failRun)
  }

  private func countRowsWithoutUpdatedAt(
    _ changes: RedshiftChanges,
    _ inspection: inout Inspection
  ) async throws {
    let began = ContinuousClock.now
    do {
      let result = try await session.query(
        "SELECT count(*) FROM \(changes.source.from) WHERE \(changes.updatedAt) IS NULL"
      )
      let count = result.rows.first?.first.flatMap { $0 }.flatMap { Int64($0) } ?? 0
      inspection.found(rowsWithoutUpdatedAt: count)
    } catch {
      let problem = try await problem(error, source: changes.source.name, since: began)
      inspection.warnings.append("rows without UPDATED_AT were not counted: \(problem.message)")
    }
  }

  private func preview(
    _ source: RedshiftSource,
    _ changes: RedshiftChanges?,
    limit: Int,
    _ inspection: inout Inspection
  ) async throws {
    let order = changes.map { " ORDER BY \($0.updatedAt) DESC NULLS LAST" } ?? ""
    let began = ContinuousClock.now
    do {
      if limit > 0, !source.columns.isEmpty {
        inspection.preview = try await rows(
          "SELECT s.* FROM \(source.from)\(order) LIMIT \(limit)",
          columns: source.columns.count
        )
      }
      guard let changes, inspection.problem == nil else { return }
      let now = try await session.serverTime(source: source.name)
      let later = changes.isLater(than: now)
      let newest = try await session.query(
        "SELECT \(changes.updatedAt) FROM \(source.from) WHERE \(later.text)\(order) LIMIT 1",
        later.parameters
      )
      if let text = newest.rows.first?.first.flatMap({ $0 }) {
        inspection.warnings.append(
          "rows are stamped later than the server's clock, the newest \(text); "
            + "they are read again at every run until their time has come"
        )
      }
    } catch {
      let found = try await problem(error, source: source.name, since: began)
      inspection.warnings.append("no preview: \(found.message)")
    }
  }

  /// Row by row, cut here: a SUPER has no cast to text that the server could cut.
  private func rows(_ sql: String, columns: Int) async throws -> [[String?]] {
    try await session.connection.startStream(sql, [])
    return try await session.connection.read { stream in
      var rows: [[String?]] = []
      while try stream.next() {
        rows.append((0..<columns).map { stream.bytes($0).map(Self.excerpt) })
      }
      return rows
    }.value
  }

  private static func excerpt(_ bytes: UnsafeRawBufferPointer) -> String {
    // 256 characters have at most four bytes each, so the cut is behind them.
    String(String(decoding: bytes.prefix(1024), as: UTF8.self).prefix(256))
  }

  /// What the operator has to know; a lost connection and a cancellation are thrown instead.
  private func problem(
    _ error: any Error,
    source: String,
    table: TableName? = nil,
    since began: ContinuousClock.Instant? = nil
  ) async throws -> Failure {
    let found = await session.failure(
      error,
      source: source,
      table: table,
      limit: began == nil ? .none : .test,
      since: began
    )
    guard let failure = found as? Failure else { throw error }
    guard failure.recovery != .reconnect else { throw failure }
    return failure
  }
}
