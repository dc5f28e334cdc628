import SQLDatabase
import SyncModel
import Warehouse

/// A selection as PostgreSQL knows it: what to select from, and its columns.
struct PostgreSQLSource {
  /// For messages: `table "public"."users"`, or `the query`.
  let name: String
  /// What stands after FROM, with the alias `s`.
  let from: String
  let columns: [PostgreSQLColumn]

  /// Finds the table as it is written, then in lower case, as PostgreSQL folds names; or checks the
  /// query. Nothing is run.
  ///
  /// - Throws: `Failure`, or `CancellationError`.
  init(_ selection: RowSelection, on connection: PostgreSQLConnection) async throws {
    switch selection {
    case .query(let text):
      name = "the query"
      from = try SelectText(text).asTable + " AS s"
      do {
        columns = try await connection.describe("SELECT s.* FROM \(from)")
      } catch {
        throw PostgreSQLFailure.running(error, source: name)
      }
    case .table(let text):
      let written = try TableName(parsing: text, maximumParts: 3)
      let folded = written.foldedToLowerCase
      let names = folded == written ? [written] : [written, folded]
      for candidate in names {
        if let columns = try await Self.columns(of: candidate, on: connection) {
          name = "table \(candidate.sql)"
          from = "\(candidate.sql) AS s"
          self.columns = columns
          return
        }
      }
      throw try await Self.notFound(names, on: connection)
    }
  }

  /// nil where there is no such table.
  private static func columns(
    of table: TableName,
    on connection: PostgreSQLConnection
  ) async throws -> [PostgreSQLColumn]? {
    // The server would cut a longer name and read another table.
    guard table.parts.allSatisfy({ $0.text.utf8.count <= 63 }) else { return nil }
    do {
      return try await connection.describe("SELECT s.* FROM \(table.sql) AS s")
    } catch let error as PostgreSQLError where error.sqlState == "42P01" {
      return nil
    } catch let error as PostgreSQLError where error.sqlState == "3F000" {
      return nil
    } catch {
      throw PostgreSQLFailure.running(error, source: "table \(table.sql)")
    }
  }

  private static func notFound(
    _ names: [TableName],
    on connection: PostgreSQLConnection
  ) async throws -> Failure {
    let tried = names.map(\.sql).joined(separator: " and as ")
    do {
      guard let schema = names.first?.parts.dropLast().last else {
        let path = try await connection.query(
          "SELECT array_to_string(current_schemas(true), ', ')"
        )
        return Failure(
          "table_not_found",
          """
          there is no table or view of that name: looked up as \(tried) in the schemas \
          \(path.rows.first?.first.flatMap { $0 } ?? "of the search path"); \
          write schema.table for another schema
          """,
          recovery: .needsOperator
        )
      }
      let known = try await connection.query(
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname IN ($1, $2)",
        [schema.text, names.last?.parts.dropLast().last?.text]
      )
      guard !known.rows.isEmpty else {
        return Failure(
          "schema_not_found",
          "there is no schema \(TableName.quoted(schema.text)): the table was looked up as \(tried)",
          recovery: .needsOperator
        )
      }
      return Failure(
        "table_not_found",
        "there is no table or view of that name: looked up as \(tried)",
        recovery: .needsOperator
      )
    } catch {
      throw PostgreSQLFailure.running(error, source: "table \(tried)")
    }
  }

  /// The types' own names, in the order of `columns`.
  func typeNames(on connection: PostgreSQLConnection) async throws -> [String] {
    guard !columns.isEmpty else { return [] }
    let calls = columns.map { "pg_catalog.format_type(\($0.type), \($0.modifier))" }
    do {
      let result = try await connection.query("SELECT \(calls.joined(separator: ", "))")
      return result.rows.first?.map { $0 ?? "?" } ?? []
    } catch {
      throw PostgreSQLFailure.running(error, source: name)
    }
  }
}
