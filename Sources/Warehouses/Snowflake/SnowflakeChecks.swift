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

  /// All that is wrong with the columns. Each is taken for mended when the next is looked for.
  func problems(_ source: SnowflakeSource) -> [Failure] {
    var names = source.columns.map(\.name)
    var found: [Failure] = []
    while found.count < SourceColumn.allCases.count {
      do throws(Failure) {
        _ = try SourceColumns(names, data: data, source: source.name)
        break
      } catch {
        found.append(error)
        guard error.code == "column_missing", let next = missing(among: names) else { break }
        names.append(next.rawValue)
      }
    }
    if let instant = source.instantProblem { found.append(instant) }
    return found
  }

  /// What `SourceColumns` complains of first.
  private func missing(among names: [String]) -> SourceColumn? {
    let there = SourceColumn.among(names)
    if !there.contains(.updatedAt) { return .updatedAt }
    if there.contains(.aliasName) != there.contains(.aliasLabel) {
      return there.contains(.aliasName) ? .aliasLabel : .aliasName
    }
    if !there.contains(where: SourceColumn.identifiers.contains) { return .externalID }
    return data.hasPayload && !there.contains(.payload) ? .payload : nil
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
