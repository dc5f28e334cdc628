import SyncModel
import Warehouse

/// What of a source keeps a sync from running, as far as its columns and partitions go.
extension BigQuerySource {
  /// All of it at once, each with the statement that mends it where BigQuery has one: `column_missing`,
  /// `payload_in_deletes`, `column_type`, `partition_filter_required`.
  func problems(_ data: DataType) -> [Failure] {
    var found = columnProblems(data)
    if let problem = typeProblem(data) { found.append(problem) }
    if let filter = requiredFilter,
      SourceColumn.among([filter]) != [.updatedAt]
    {
      found.append(
        Failure(
          "partition_filter_required",
          "\(name) may only be queried with a filter on "
            + (filter.isEmpty ? "the time of its rows' arrival" : "column \"\(filter)\"")
            + ", which is not UPDATED_AT; partition it by UPDATED_AT, or turn require_partition_filter "
            + "off" + mending("SET OPTIONS (require_partition_filter = FALSE)"),
          recovery: .needsOperator
        )
      )
    }
    return found
  }

  /// `: ALTER TABLE … WHAT`; nothing where it is no table.
  func mending(_ what: String) -> String {
    kind == .table ? ": ALTER TABLE \(from) \(what)" : ""
  }

  /// Columns that are missing or must not be there.
  private func columnProblems(_ data: DataType) -> [Failure] {
    SourceColumns.problems(fields.map(\.name), data: data, source: name).map { problem in
      var failure = problem.failure
      if let column = problem.missing {
        let type = column == .updatedAt ? "TIMESTAMP" : column == .payload ? "JSON" : "STRING"
        failure.message += mending("ADD COLUMN \(column.rawValue.lowercased()) \(type)")
      } else if failure.code == "payload_in_deletes" {
        failure.message += mending("DROP COLUMN payload")
      }
      return failure
    }
  }

  /// The seed's table of types; every column that is of another one is named at once.
  private func typeProblem(_ data: DataType) -> Failure? {
    var problems: [String] = []
    for column in SourceColumn.allCases where column != .payload || data.hasPayload {
      for field in fields where SourceColumn.among([field.name]) == [column] {
        if let type = Self.typeMissing(field, column) {
          let precision = field.precision > 6 ? "(\(field.precision))" : ""
          problems.append("\"\(field.name)\" is \(field.type)\(precision) and must be \(type)")
        } else if field.mode == "REPEATED" {
          problems.append("\"\(field.name)\" is REPEATED and must be one value a row")
        }
      }
    }
    guard !problems.isEmpty else { return nil }
    return Failure(
      "column_type",
      "\(name): column \(problems.joined(separator: "; column ")); cast them in a view or a query, or make "
        + "the table anew with the statement of sluice setup bigquery",
      recovery: .needsOperator
    )
  }

  /// The type that a column must have and has not.
  private static func typeMissing(_ field: BigQueryField, _ column: SourceColumn) -> String? {
    switch column {
    case .updatedAt:
      ["TIMESTAMP", "DATETIME"].contains(field.type) && field.precision <= 6
        ? nil : "TIMESTAMP, of microseconds"
    case .payload:
      ["JSON", "STRING", "RECORD"].contains(field.type) ? nil : "JSON, STRING or a STRUCT"
    default: ["STRING", "INTEGER", "NUMERIC"].contains(field.type) ? nil : "STRING"
    }
  }
}

extension BigQueryChanges {
  /// What differs from the seed's table of modes, but can be read.
  var warnings: [String] {
    var result: [String] = []
    for entry in columns.entries {
      let field = source.fields[entry.position]
      switch (entry.column, field.mode) {
      case (.updatedAt, "NULLABLE") where source.kind == .table:
        result.append(
          "column \"\(entry.name)\" is NULLABLE and should be REQUIRED: a row without it is never "
            + "read"
        )
      case (.payload, "NULLABLE") where source.kind == .table:
        result.append(
          "column \"\(entry.name)\" is NULLABLE and should be REQUIRED: a row without it is rejected"
        )
      case (.updatedAt, _), (.payload, _): break
      case (_, "REQUIRED"):
        result.append(
          "column \"\(entry.name)\" is REQUIRED and should be NULLABLE: a row has one identifier, "
            + "the others are NULL"
            + source.mending("ALTER COLUMN \(BigQuerySQL.quoted(entry.name)) DROP NOT NULL")
        )
      default: break
      }
      if entry.column == .updatedAt, field.type == "DATETIME" {
        result.append("column \"\(entry.name)\" is a DATETIME, which is taken as UTC")
      }
      if entry.column == .payload, field.type == "RECORD" {
        result.append(
          "column \"\(entry.name)\" is a STRUCT, which is read with TO_JSON_STRING: its fields that "
            + "are NULL become null"
        )
      }
    }
    if source.kind == .other("MATERIALIZED_VIEW") {
      result.append("\(source.name) is a materialized view: rows may reach it late")
    }
    return result
  }
}
