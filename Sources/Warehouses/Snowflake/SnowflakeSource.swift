import SyncModel
import Warehouse

/// A selection as Snowflake knows it: what to select from, and its columns.
struct SnowflakeSource: Sendable {
  /// For messages: `table "DB"."PUBLIC"."USERS"`, or `the query`.
  let name: String
  /// What stands after FROM, with the alias `s`.
  let from: String
  let columns: [SnowflakeColumn]

  /// Finds the table as Snowflake folds its name, then as it is written; or checks the query. No row
  /// is read.
  ///
  /// - Parameter isDescribed: a table's columns are asked for by DESCRIBE, which needs no warehouse; of a
  ///   view it needs more than SELECT at times.
  /// - Throws: `Failure`, `CancellationError`.
  init(
    _ selection: RowSelection,
    on session: SnowflakeSession,
    isDescribed: Bool = false
  ) async throws {
    switch selection {
    case .query(let text):
      name = "the query"
      from = try SelectText(text).asTable + " AS s"
      columns = try await Self.columns(of: from, name: name, on: session)
    case .table(let text):
      let written = try Self.qualified(TableName(parsing: text, maximumParts: 3), session.settings)
      let folded = SnowflakeName.folded(written)
      let names = folded == written ? [written] : [folded, written]
      var missing: Failure?
      for candidate in names {
        do {
          let name = "table \(candidate.sql)"
          let from = "\(candidate.sql) AS s"
          columns =
            isDescribed
            ? try await Self.described(candidate.sql, name: name, on: session)
            : try await Self.columns(of: from, name: name, on: session)
          (self.name, self.from) = (name, from)
          return
        } catch let failure as Failure where Self.isMissing(failure) {
          missing = missing ?? failure
        }
      }
      throw missing ?? Failure("table_not_found", "\(text) is no table", recovery: .needsOperator)
    }
  }

  /// With the source's database and schema where the name has none. The settings' names are exact.
  private static func qualified(_ table: TableName, _ settings: SnowflakeSettings) -> TableName {
    let context = [settings.database, settings.schema].map { TableName.Part($0, isQuoted: true) }
    return TableName(context.prefix(3 - table.parts.count) + table.parts)
  }

  private static func isMissing(_ failure: Failure) -> Bool {
    ["table_not_found", "schema_not_found", "database_not_found"].contains(failure.code)
  }

  private static func described(
    _ table: String,
    name: String,
    on session: SnowflakeSession
  ) async throws -> [SnowflakeColumn] {
    let statement = SnowflakeStatement(text: "DESCRIBE TABLE \(table)", source: name)
    // The first two columns are the name and the type's spelling.
    return try await session.small(statement).rows.compactMap { row in
      guard row.count >= 2, let name = row[0], let type = row[1] else { return nil }
      return SnowflakeColumn(name: name, spelling: type)
    }
  }

  /// Why UPDATED_AT, where there is one, cannot be read as an instant.
  var instantProblem: Failure? {
    let wanted = SourceColumn.updatedAt.rawValue
    guard
      let column = columns.first(where: {
        SnowflakeName.uppercased($0.name).utf8.elementsEqual(wanted.utf8)
      }),
      !SnowflakeChanges.instantTypes.contains(column.type)
    else { return nil }
    return Failure(
      "column_type",
      """
      column "\(column.name)" of \(name) is of type \(column.spelling); it must be \
      TIMESTAMP_NTZ, TIMESTAMP_LTZ, TIMESTAMP_TZ or DATE
      """,
      recovery: .needsOperator
    )
  }

  /// The columns of the query itself: works for views, and needs SELECT only (warehouses.md, A.11).
  private static func columns(
    of from: String,
    name: String,
    on session: SnowflakeSession
  ) async throws -> [SnowflakeColumn] {
    let statement = SnowflakeStatement(text: "SELECT s.* FROM \(from) LIMIT 0", source: name)
    return try await session.small(statement).columns
  }
}

extension SnowflakeSession {
  /// Runs a statement with few rows and reads them all; one whose answer breaks off is run again.
  func small(_ statement: SnowflakeStatement) async throws -> (
    columns: [SnowflakeColumn], rows: [[String?]], startedAt: Timestamp
  ) {
    var attempts = 0
    while true {
      do {
        let result = try await SnowflakeResult.open(statement, on: self)
        var rows: [[String?]] = []
        while try await result.read({ cells in
          rows.append(
            (0..<cells.count).map { index in
              cells[index].map { String(decoding: $0, as: UTF8.self) }
            }
          )
          return true
        }) {}
        return (result.columns, rows, result.startedAt)
      } catch let failure as Failure where failure.recovery == .reconnect && attempts < 2 {
        attempts += 1
      }
    }
  }
}
