import SyncModel
import Warehouse

/// A selection as Databricks knows it: what to select from, its columns, and the workspace's clock.
struct DatabricksSource: Sendable {
  /// For messages: `table "main"."ingestion"."users"`, or `the query`.
  let name: String
  /// What stands after FROM, with the alias `s`.
  let from: String
  let columns: [DatabricksManifest.Column]
  /// When the workspace looked; before any later statement's snapshot.
  let time: Timestamp

  /// One statement that reads nothing, for the columns and the clock together. Names fold by
  /// themselves: Unity Catalog knows no case.
  /// - Throws: `Failure`.
  init(_ selection: RowSelection, on runner: DatabricksRunner, limit: Duration?) async throws {
    switch selection {
    case .query(let text):
      name = "the query"
      from = try SelectText(text).asTable + " AS s"
    case .table(let text):
      let table = try TableName(parsing: text, maximumParts: 3)
      let sql = table.parts.map { Self.quoted($0.text) }.joined(separator: ".")
      name = "table \(table.sql)"
      from = "\(sql) AS s"
    }
    let probe = DatabricksQuery(
      text: """
        SELECT unix_micros(current_timestamp()) AS c0, s.* FROM (SELECT 1 AS one) AS o \
        LEFT JOIN (SELECT * FROM \(from) LIMIT 0) AS s ON true
        """
    )
    let result: (columns: [DatabricksManifest.Column], rows: [[String?]])
    do {
      result = try await runner.rows(of: probe, source: name, limit: limit)
    } catch let failure as Failure where failure.code == "table_not_found" {
      throw await Self.notFound(selection, failure, on: runner)
    }
    guard let text = result.rows.first?.first.flatMap({ $0 }), let micros = Int64(text),
      !result.columns.isEmpty
    else { throw DatabricksFailure.unexpected("its clock reads nothing") }
    time = Timestamp(clampingSeconds: micros / 1_000_000, nanoseconds: micros % 1_000_000 * 1000)
    columns = Array(result.columns.dropFirst())
  }

  /// Says whether it is the schema that is missing: a statement's error does not.
  private static func notFound(
    _ selection: RowSelection,
    _ failure: Failure,
    on runner: DatabricksRunner
  ) async -> Failure {
    guard case .table(let text) = selection,
      let table = try? TableName(parsing: text, maximumParts: 3)
    else { return failure }
    let settings = runner.api.settings
    let parts = table.parts.map(\.text)
    let schema = parts.dropLast().last ?? settings.schema
    let catalog = parts.dropLast(2).last ?? settings.catalog
    let place = "schema \(TableName.quoted(schema)) of catalog \(TableName.quoted(catalog))"
    guard await !runner.api.isMissing(catalog: catalog, schema: schema) else {
      return Failure(
        "schema_not_found",
        "there is no \(place), or it may not be seen: the table was looked up as \(table.sql)",
        recovery: .needsOperator,
        cause: failure.cause
      )
    }
    return Failure(
      "table_not_found",
      "there is no table or view of that name, or it may not be seen: looked up as \(table.sql) in \(place)",
      recovery: .needsOperator,
      cause: failure.cause
    )
  }

  /// An identifier in backticks; one inside is doubled.
  static func quoted(_ identifier: String) -> String {
    var result = "`"
    for scalar in identifier.unicodeScalars {
      if scalar == "`" { result += "`" }
      result.unicodeScalars.append(scalar)
    }
    return result + "`"
  }
}

extension DatabricksRunner {
  /// A small result, whole.
  func rows(
    of query: DatabricksQuery,
    source: String,
    limit: Duration? = nil
  ) async throws -> (columns: [DatabricksManifest.Column], rows: [[String?]]) {
    let answer = try await succeed(query, source: source, limit: limit)
    do {
      guard let manifest = answer.manifest else {
        throw DatabricksFailure.unexpected("a statement's success has no manifest")
      }
      let chunks = DatabricksChunks(answer, manifest, api: api, source: source)
      defer { chunks.close() }
      let width = manifest.columns.count
      let rows = DatabricksRows(chunks, source: source)
      var result: [[String?]] = []
      repeat {
        _ = try rows.drain { row in
          result.append(
            (0..<width).map { index in row[index].map { String(decoding: $0, as: UTF8.self) } }
          )
          return true
        }
      } while try await rows.fetch()
      await finish()
      return (manifest.columns, result)
    } catch {
      await settle()
      throw error
    }
  }
}
