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
  /// - Throws: `Failure`, `CancellationError`.
  init(_ selection: RowSelection, on session: SnowflakeSession) async throws {
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
          columns = try await Self.columns(of: from, name: name, on: session)
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
