import HTTPFetch
import SyncModel
import Warehouse

/// Project, dataset and table: how BigQuery names what rows are read from.
struct BigQueryPath: Sendable, Equatable {
  var project: String
  var dataset: String
  var table: String

  /// Reads `table`, `dataset.table`, `project.dataset.table`, also in backticks or double quotes; a
  /// project may have a domain before it (`example.com:shop`), so dots in front belong to it.
  /// - Throws: `Failure` `invalid_table_name`.
  init(_ text: String, settings: BigQuerySettings) throws(Failure) {
    func invalid(_ reason: String) -> Failure {
      Failure(
        "invalid_table_name",
        "\"\(text.prefix(200))\" is no table name: \(reason)",
        recovery: .needsOperator
      )
    }
    let plain = String(text.unicodeScalars.filter { $0 != "`" })
    var parts = try TableName(parsing: plain, maximumParts: 16).parts.map(\.text)
    guard let table = parts.popLast() else { throw invalid("it is empty") }
    self.table = table
    if let dataset = parts.popLast() {
      self.dataset = dataset
      project = parts.isEmpty ? settings.project : parts.joined(separator: ".")
    } else if let space = settings.dataset {
      (project, dataset) = space
    } else {
      throw invalid("write dataset.table, or give the source the setting \"dataset\"")
    }
    guard Self.isName(self.table, more: "-") else {
      throw invalid("a table's name has letters, marks, digits, connectors, dashes and spaces only")
    }
    guard Self.isName(dataset, more: "") else {
      throw invalid("a dataset's name has letters, digits and underscores only")
    }
    guard BigQuerySettings.isPlain(project) else {
      throw invalid("\"\(project)\" is no project's id")
    }
  }

  /// "Table naming": Unicode categories L, M, N, Pc, Pd and Zs.
  private static func isName(_ text: String, more: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 1024
      && text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
          .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber,
          .otherNumber, .connectorPunctuation:
          true
        case .dashPunctuation, .spaceSeparator: !more.isEmpty
        default: false
        }
      }
  }

  /// For messages, each part in double quotes as for the other warehouses.
  var name: String {
    TableName([.init(project), .init(dataset), .init(table)]).sql
  }

  /// In backticks as a whole: dashes and colons need it (warehouses.md, C.4).
  var sql: String { BigQuerySQL.quoted("\(project).\(dataset).\(table)") }

  var urlPath: String {
    let parts = [project, "datasets", dataset, "tables", table]
    return parts.map(URLText.encoded).joined(separator: "/")
  }
}

enum BigQuerySQL {
  /// An identifier in backticks, where a backslash escapes as in a string.
  static func quoted(_ identifier: String) -> String {
    var result = "`"
    for scalar in identifier.unicodeScalars {
      if scalar == "`" || scalar == "\\" { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return result + "`"
  }
}

/// A column as the API describes it.
struct BigQueryField: Sendable, Equatable {
  var name: String
  /// `STRING`, `INTEGER`, `TIMESTAMP`, `RECORD` …
  var type: String
  /// `NULLABLE`, `REQUIRED` or `REPEATED`.
  var mode: String
  /// Digits of a TIMESTAMP's second: 6, or 12 for one of picoseconds.
  var precision: Int64

  init(_ value: JSONValue) throws(Failure) {
    guard let name = value["name"]?.string, let type = value["type"]?.string else {
      throw BigQueryFailure.badAnswer("a column without a name or a type")
    }
    self.name = name
    // Both spellings of the same types are in use.
    let types = ["INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"]
    self.type = types[type] ?? type
    mode = value["mode"]?.string ?? "NULLABLE"
    precision = value["timestampPrecision"]?.integer ?? 6
  }

  /// As the table of a project's console shows it.
  var title: String { mode == "NULLABLE" ? type : "\(type) \(mode)" }
}

/// A selection as BigQuery knows it.
struct BigQuerySource: Sendable {
  enum Kind: Sendable, Equatable {
    /// A native table: one that can be read as it was at an instant.
    case table
    /// Its own word: `VIEW`, `MATERIALIZED_VIEW`, `EXTERNAL`, `SNAPSHOT`.
    case other(String)
    case query
  }

  /// For messages: `table "p"."d"."t"`, or `the query`.
  var name: String
  /// Of a table or view.
  var path: BigQueryPath?
  /// What stands after FROM, without its alias `s`.
  var from: String
  var kind: Kind
  var fields: [BigQueryField]
  /// nil where BigQuery decides.
  var location: String?
  /// The column of the partitions, where queries must have a filter on it; empty for one that is none
  /// of the table's own.
  var requiredFilter: String?

  /// Looks the table up, or has the query checked; nothing is read or billed.
  /// - Throws: `Failure`, `CancellationError`.
  init(_ selection: RowSelection, api: BigQueryAPI) async throws {
    switch selection {
    case .table(let text):
      let path = try BigQueryPath(text, settings: api.settings)
      self.path = path
      name = "table \(path.name)"
      from = path.sql
      let table: JSONValue
      do {
        table = try await api.answer(
          .init(method: .get, path: path.urlPath, purpose: "looking up \(name)")
        )
      } catch let error as BigQueryError {
        throw api.explained(error, name)
      }
      let type = table["type"]?.string ?? "TABLE"
      kind = type == "TABLE" ? .table : .other(type)
      fields = try (table["schema"]?["fields"]?.elements ?? []).map(BigQueryField.init)
      location = api.settings.location ?? table["location"]?.string
      if table["requirePartitionFilter"]?.bool == true
        || table["timePartitioning"]?["requirePartitionFilter"]?.bool == true
      {
        requiredFilter =
          table["timePartitioning"]?["field"]?.string
          ?? table["rangePartitioning"]?["field"]?.string ?? ""
      }
    case .query(let text):
      name = "the query"
      from = try SelectText(text).asTable
      kind = .query
      location = api.settings.location
      let query = BigQueryQuery("SELECT s.* FROM \(from) AS s", source: name, location: location)
      let checked = try await BigQueryJob.check(query, api: api)
      fields = try checked.fields.map(BigQueryField.init)
      location = location ?? checked.location
    }
  }
}
