import SQLDatabase
import SyncModel
import Warehouse

/// A selection as Redshift knows it: what to select from, and its columns.
struct RedshiftSource {
  /// For messages: `table "public"."users"`, or `the query`.
  let name: String
  /// What stands after FROM, with the alias `s`.
  let from: String
  /// nil for a query.
  let table: TableName?
  let columns: [PostgreSQLColumn]
  /// Why not all of its columns may be read; those that a run reads may be.
  let denial: PostgreSQLError?

  /// Asks for no rows of it: that shows tables, external tables and late-binding views alike, of which
  /// the catalog shows the first only (warehouses.md, D.6).
  ///
  /// - Throws: `Failure`, or `CancellationError`.
  init(_ selection: RowSelection, on session: RedshiftSession) async throws {
    switch selection {
    case .query(let text):
      name = "the query"
      table = nil
      from = try SelectText(text).asTable + " AS s"
      do {
        (columns, denial) = try await Self.columns(from, on: session)
      } catch {
        throw await session.failure(error, source: name)
      }
    case .table(let text):
      let written = try TableName(parsing: text, maximumParts: 2)
      // Where names fold, they do so at the cluster, in quotes too.
      let names =
        session.cluster.isCaseSensitive && written.foldedToLowerCase != written
        ? [written, written.foldedToLowerCase] : [written]
      for candidate in names {
        if let found = try await Self.columns(of: candidate, on: session) {
          name = "table \(candidate.sql)"
          table = candidate
          from = "\(candidate.sql) AS s"
          (columns, denial) = found
          return
        }
      }
      throw try await Self.notFound(names, on: session)
    }
  }

  private typealias Found = (columns: [PostgreSQLColumn], denial: PostgreSQLError?)

  private static func columns(_ from: String, on session: RedshiftSession) async throws -> Found {
    let sql = "SELECT s.* FROM \(from)"
    do {
      return (try await session.query("\(sql) LIMIT 0").columns, nil)
    } catch let error as PostgreSQLError where RedshiftFailure.isDenied(error) {
      // A grant on some columns only: what a run reads is checked by itself, later.
      guard let columns = try? await session.connection.describe(sql), !columns.isEmpty else {
        throw error
      }
      return (columns, error)
    }
  }

  /// nil where there is no such table; a view whose base is gone is there.
  private static func columns(
    of table: TableName,
    on session: RedshiftSession
  ) async throws -> Found? {
    // The server would cut a longer name and read another table.
    guard table.parts.allSatisfy({ $0.text.utf8.count <= 127 }) else { return nil }
    do {
      return try await columns("\(table.sql) AS s", on: session)
    } catch let error as PostgreSQLError where RedshiftFailure.isMissing(error, table) {
      return nil
    } catch {
      throw await session.failure(error, source: "table \(table.sql)", table: table)
    }
  }

  /// The statements that add what a sync needs and the table has not; nil where it has it all.
  func columnsToAdd(for data: DataType) -> String? {
    guard let table else { return nil }
    let problems = SourceColumns.problems(columns.map(\.name), data: data, source: name)
    let statements = problems.compactMap(\.missing).map { column in
      let type =
        switch column {
        case .updatedAt: "timestamptz DEFAULT sysdate"
        case .payload: "varchar(max)"
        default: "varchar"
        }
      return "ALTER TABLE \(table.sql) ADD COLUMN \(column.rawValue) \(type)"
    }
    return statements.isEmpty ? nil : statements.joined(separator: "; ")
  }

  private static func notFound(
    _ names: [TableName],
    on session: RedshiftSession
  ) async throws -> Failure {
    let tried = names.map(\.sql).joined(separator: " and as ")
    do {
      guard let schema = names.first?.parts.dropLast().last else {
        let path = try await session.query("SHOW search_path")
        return Failure(
          "table_not_found",
          """
          there is no table or view of that name in database "\(session.database)": looked up as \
          \(tried) in the schemas \(path.rows.first?.first.flatMap { $0 } ?? "of the search path"); \
          write schema.table for another schema
          """,
          recovery: .needsOperator
        )
      }
      let known = try await session.query(
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname IN ($1, $2)",
        [schema.text, TableName([.init(schema.text)]).foldedToLowerCase.parts.first?.text]
      )
      guard !known.rows.isEmpty else {
        return Failure(
          "schema_not_found",
          """
          there is no schema \(TableName.quoted(schema.text)) in database "\(session.database)": the \
          table was looked up as \(tried); check its name, and "database"
          """,
          recovery: .needsOperator
        )
      }
      return Failure(
        "table_not_found",
        """
        there is no table or view of that name in database "\(session.database)": looked up as \
        \(tried); check its name, and "database"
        """,
        recovery: .needsOperator
      )
    } catch {
      throw await session.failure(error, source: "table \(tried)")
    }
  }
}
