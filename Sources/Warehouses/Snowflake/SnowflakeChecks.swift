import SyncModel
import Warehouse

/// What else keeps a sync from running, beside the first problem: whoever sets Snowflake up wants to hear
/// of all at once. What cannot be seen without what is missing is not guessed.
struct SnowflakeChecks: Sendable {
  let session: SnowflakeSession
  let data: DataType

  /// - Throws: `Failure` of a connection that is lost.
  func others(than problem: Failure, _ selection: RowSelection) async throws -> [Failure] {
    switch problem.code {
    case "no_warehouse", "warehouse_suspended", "quota_exceeded":
      // DESCRIBE needs no warehouse; a query can only be run.
      guard case .table = selection else { return [] }
      do {
        return problems(try await SnowflakeSource(selection, on: session, isDescribed: true))
      } catch let failure as Failure where failure.recovery == .needsOperator {
        return [failure]
      }
    case "table_not_found", "schema_not_found", "database_not_found":
      return try await warehouseProblem().map { [$0] } ?? []
    default: return []
    }
  }

  /// All that is wrong with the columns.
  func problems(_ source: SnowflakeSource) -> [Failure] {
    SourceColumns.problems(source.columns.map(\.name), data: data, source: source.name)
      .map(\.failure) + (source.instantProblem.map { [$0] } ?? [])
  }

  /// Whether the role sees the warehouse, without waking it.
  private func warehouseProblem() async throws -> Failure? {
    let name = session.settings.warehouse
    // What wildcards in the name match besides is left out below.
    let pattern = name.unicodeScalars.reduce(into: "") { text, scalar in
      text += scalar == "'" ? "''" : scalar == "\\" ? #"\\\\"# : String(scalar)
    }
    let statement = SnowflakeStatement(
      text: "SHOW WAREHOUSES LIKE '\(pattern)'",
      source: "warehouse \(SnowflakeName.written(name))"
    )
    do {
      let answer = try await session.small(statement)
      let column = answer.columns.firstIndex { $0.name.lowercased() == "name" } ?? 0
      let isThere = answer.rows.contains { row in
        row.indices.contains(column)
          && row[column].map { $0.utf8.elementsEqual(name.utf8) } ?? false
      }
      return isThere ? nil : session.failures.noWarehouse()
    } catch let failure as Failure where failure.recovery == .needsOperator {
      return failure
    }
  }
}
