import SyncModel
import Warehouse

/// Looks at a source for a connection test.
struct SnowflakeInspector: Sendable {
  let session: SnowflakeSession
  let data: DataType

  private static let cut = 256

  func inspect(_ selection: RowSelection, previewLimit: Int) async throws -> Inspection {
    var inspection = Inspection()
    do {
      let source = try await SnowflakeSource(selection, on: session)
      inspection.columns = source.columns.map { .init(name: $0.name, type: $0.spelling) }
      var changes: SnowflakeChanges?
      do {
        changes = try SnowflakeChanges(source, data: data)
      } catch {
        inspection.found(SnowflakeChecks(session: session, data: data).problems(source))
      }
      if let changes { try await countRowsWithoutUpdatedAt(changes, &inspection) }
      try await preview(source, changes, limit: min(max(previewLimit, 0), 1000), &inspection)
    } catch let failure as Failure {
      let isOfConnection =
        failure.recovery == .reconnect || failure.recovery == .retry
        || failure.code == "connection_closed"
      guard !isOfConnection else { throw failure }
      if inspection.problem == nil {
        let others = try await SnowflakeChecks(session: session, data: data)
          .others(than: failure, selection)
        inspection.found([failure] + others)
      }
    }
    return inspection
  }

  private func countRowsWithoutUpdatedAt(
    _ changes: SnowflakeChanges,
    _ inspection: inout Inspection
  ) async throws {
    let name = TableName.quoted(changes.columns.updatedAt.name)
    let statement = SnowflakeStatement(
      text: "SELECT COUNT(*) FROM \(changes.source.from) WHERE s.\(name) IS NULL",
      source: changes.source.name
    )
    let count = try await session.small(statement).rows.first?.first.flatMap { $0 }
    let number = count.flatMap { Int64($0) } ?? 0
    inspection.found(rowsWithoutUpdatedAt: number)
  }

  private func preview(
    _ source: SnowflakeSource,
    _ changes: SnowflakeChanges?,
    limit: Int,
    _ inspection: inout Inspection
  ) async throws {
    guard limit > 0, !source.columns.isEmpty else { return }
    let updatedAt = changes?.columns.updatedAt
    let order = updatedAt.map { " ORDER BY s.\(TableName.quoted($0.name)) DESC NULLS LAST" } ?? ""
    let statement = SnowflakeStatement(
      text: "SELECT s.* FROM \(source.from)\(order) LIMIT \(limit)",
      // Rows may be large and come in several partitions: for those the handle must be known first.
      isAsynchronous: true,
      source: source.name
    )
    let result = try await SnowflakeResult.open(statement, on: session)
    var newest: Timestamp?
    var rows: [[String?]] = []
    while try await result.read({ cells in
      if rows.isEmpty, let position = updatedAt?.position, position < cells.count {
        newest = cells[position].flatMap {
          changes?.instantType == "date"
            ? SnowflakeInstant.date($0) : SnowflakeInstant.timestamp($0)
        }
      }
      rows.append(
        (0..<min(cells.count, source.columns.count)).map { index in
          cells[index].map { Self.shown($0, type: source.columns[index].type) }
        }
      )
      return true
    }) {}
    inspection.preview = rows
    if let newest, newest > result.startedAt, inspection.problem == nil {
      inspection.warnings.append(
        "rows are stamped later than the server's clock, the newest \(newest.microsecondTextRoundedUp); "
          + "they are read again at every run until their time has come"
      )
    }
  }

  /// Instants as a person reads them; everything else as Snowflake writes it.
  private static func shown(_ cell: UnsafeRawBufferPointer, type: String) -> String {
    let instant: Timestamp? =
      switch type {
      case "timestamp_ntz", "timestamp_ltz", "timestamp_tz": SnowflakeInstant.timestamp(cell)
      case "date": SnowflakeInstant.date(cell)
      default: nil
      }
    if let instant { return instant.microsecondTextRoundedUp }
    return String(String(decoding: cell, as: UTF8.self).prefix(cut))
  }
}
