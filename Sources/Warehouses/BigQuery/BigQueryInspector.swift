import HTTPFetch
import SyncModel
import Warehouse

/// Looks at a source for a connection test, and at what its reading would cost.
struct BigQueryInspector {
  let api: BigQueryAPI
  let jobs: BigQueryJobs
  let data: DataType

  /// LIMIT does not make a query cheaper: over this many bytes there is no preview.
  private static let previewBytes: Int64 = 10_000_000_000

  func inspect(_ selection: RowSelection, previewLimit: Int) async throws -> Inspection {
    var inspection = Inspection()
    var problems: [Failure] = []
    do {
      let source = try await BigQuerySource(selection, api: api)
      inspection.columns = source.fields.map { .init(name: $0.name, type: $0.title) }
      problems = source.problems(data)
      if problems.isEmpty { try await look(source, previewLimit, &inspection) }
    } catch let failure as Failure where failure.recovery == .needsOperator {
      problems.append(failure)
    }
    if !problems.isEmpty {
      // Not the first problem only: whoever mends it wants to know what else there is.
      for problem in try await access(selection)
      where !problems.contains(where: { $0.message == problem.message }) {
        problems.append(problem)
      }
    }
    inspection.found(problems)
    return inspection
  }

  /// Grants, each looked at without the others; nothing is read or billed.
  private func access(_ selection: RowSelection) async throws -> [Failure] {
    var found: [Failure] = []
    func note(_ look: () async throws -> Void) async throws {
      do {
        try await look()
      } catch let failure as Failure where failure.recovery == .needsOperator {
        found.append(failure)
      }
    }
    try await note {
      let query = BigQueryQuery(
        "SELECT 1 AS one",
        source: "a query",
        location: api.settings.location
      )
      _ = try await BigQueryJob.check(query, api: api)
    }
    if case .table(let text) = selection {
      try await note {
        let path = try BigQueryPath(text, settings: api.settings)
        let source = "table \(path.name)"
        do {
          _ = try await api.answer(
            .init(
              method: .get,
              path: "\(path.urlPath)/data",
              query: [("maxResults", "0")],
              purpose: "looking at the rows of \(source)"
            )
          )
        } catch let error as BigQueryError where error.reason != "invalid" {
          // A view has no rows of its own to look at.
          throw api.explained(error, source)
        } catch is BigQueryError {
        }
      }
    }
    return found
  }

  private func look(
    _ source: BigQuerySource,
    _ previewLimit: Int,
    _ inspection: inout Inspection
  ) async throws {
    let changes = try BigQueryChanges(source, data: data)
    inspection.warnings += changes.warnings
    // Shows missing grants too, without reading a row.
    let check = try await BigQueryJob.check(changes.query(.all), api: api)
    inspection.warnings.append(cost(check.bytes, source))
    try await count(changes, &inspection)
    try await preview(changes, limit: min(max(previewLimit, 0), 1000), &inspection)
  }

  private func cost(_ bytes: Int64, _ source: BigQuerySource) -> String {
    var text = "a first run reads all of \(source.name): \(Self.size(bytes)) by BigQuery's dry run"
    if let most = api.settings.maximumBytesBilled {
      text +=
        bytes > most
        ? "; that is more than \"maximumBytesBilled\" = \(most) allows, so it will fail"
        : "; \"maximumBytesBilled\" allows \(Self.size(most)) a query"
    }
    return text
  }

  /// Rows without UPDATED_AT, and rows from the future: one column is read for both.
  private func count(_ changes: BigQueryChanges, _ inspection: inout Inspection) async throws {
    let filter = changes.source.requiredFilter == nil
    let time = changes.updatedAt
    let instant = changes.instant
    let condition = filter ? "TRUE" : changes.filter(.all).condition
    var query = BigQueryQuery(
      "SELECT CAST(COUNTIF(\(time) IS NULL) AS STRING), "
        + "CAST(COUNTIF(\(instant) > CURRENT_TIMESTAMP()) AS STRING), "
        + "CAST(UNIX_MICROS(MAX(\(instant))) AS STRING) FROM \(changes.relation(at: nil)) "
        + "WHERE \(condition)",
      source: changes.source.name,
      location: changes.source.location
    )
    if !filter { query.parameters = changes.filter(.all).1 }
    do {
      let row = try await query.texts(width: 3, api: api) { jobs.add($0) }.first ?? []
      let numbers = row.map { $0.flatMap { Int64($0) } }
      guard numbers.count == 3 else { return }
      let without = numbers[0] ?? 0
      inspection.found(rowsWithoutUpdatedAt: without)
      if !filter {
        inspection.warnings.append(
          "rows without UPDATED_AT were not counted: \(changes.source.name) must be queried with a "
            + "filter on it"
        )
      }
      if let later = numbers[1], later > 0, let newest = numbers[2] {
        inspection.warnings.append(
          "\(later) \(later == 1 ? "row is" : "rows are") stamped later than BigQuery's clock, the "
            + "newest \(Timestamp.text(microseconds: newest))+00; they are read again at every run "
            + "until their time has come"
        )
      }
    } catch let failure as Failure where failure.recovery == .needsOperator {
      inspection.warnings.append(
        "rows without UPDATED_AT were not counted: \(failure.message)"
      )
    }
  }

  private func preview(
    _ changes: BigQueryChanges,
    limit: Int,
    _ inspection: inout Inspection
  ) async throws {
    let source = changes.source
    guard limit > 0, !source.fields.isEmpty else { return }
    let cells = source.fields.enumerated().map { index, field in
      let name = "s.\(BigQuerySQL.quoted(field.name))"
      let isText = field.type == "STRING" && field.mode != "REPEATED"
      // Cut there: a value may be large. Bytes that are no text have no other form.
      let isPlain =
        field.mode != "REPEATED"
        && [
          "INTEGER", "FLOAT", "NUMERIC", "BIGNUMERIC", "BOOLEAN", "TIMESTAMP", "DATETIME", "DATE",
          "TIME",
        ]
        .contains(field.type)
      let text =
        isText
        ? name
        : isPlain
          ? "CAST(\(name) AS STRING)" : "IF(\(name) IS NULL, NULL, TO_JSON_STRING(\(name)))"
      return "LEFT(\(text), 256) AS c\(index)"
    }
    let (condition, parameters) =
      source.requiredFilter == nil ? ("TRUE", []) : changes.filter(.all)
    var query = BigQueryQuery(
      "SELECT \(cells.joined(separator: ", ")) FROM \(changes.relation(at: nil)) "
        + "WHERE \(condition) ORDER BY \(changes.updatedAt) DESC LIMIT \(limit)",
      source: source.name,
      location: source.location
    )
    query.parameters = parameters
    do {
      let bytes = try await BigQueryJob.check(query, api: api).bytes
      let most = min(Self.previewBytes, api.settings.maximumBytesBilled ?? .max)
      guard bytes <= most else {
        inspection.warnings.append(
          "no preview: it would read \(Self.size(bytes)), more than \(Self.size(most))"
        )
        return
      }
      inspection.preview = try await query.texts(width: source.fields.count, api: api) {
        jobs.add($0)
      }
    } catch let failure as Failure where failure.recovery == .needsOperator {
      inspection.warnings.append("no preview: \(failure.message)")
    }
  }

  /// `12.3 GB`, in powers of ten as Google bills.
  static func size(_ bytes: Int64) -> String {
    var value = Double(bytes)
    var unit = 0
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB"]
    while value >= 1000, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    guard unit > 0 else { return "\(bytes) bytes" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
