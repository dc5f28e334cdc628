import SyncModel
import Warehouse

/// Everything that a source's columns lack, and the statements that mend it: a test of a source is to
/// name it all at once.
struct DatabricksRemedies {
  /// What a run would refuse, in the order in which it would.
  private(set) var problems: [Failure]
  private let missing: [(name: String, type: String)]
  private var wrong: [(name: String, type: String)] = []

  init(_ columns: [DatabricksManifest.Column], data: DataType, source: String) {
    let names = columns.map(\.name)
    let found = SourceColumns.problems(names, data: data, source: source)
    problems = found.map(\.failure)
    let absent = found.compactMap(\.missing)
    missing = absent.map {
      ($0.rawValue.lowercased(), $0 == .updatedAt ? "TIMESTAMP" : "STRING")
    }
    // With what is missing taken as there; nil where something else is wrong with the names.
    let whole = try? SourceColumns(names + absent.map(\.rawValue), data: data, source: source)
    for entry in whole?.entries ?? [] where columns.indices.contains(entry.position) {
      let type = DatabricksType(columns[entry.position].type)
      guard let failure = Self.complaint(entry, type, source) else { continue }
      problems.append(failure)
      // A PAYLOAD that is no object is none as text either; bytes may be one.
      if entry.column == .payload, type.text.uppercased() != "BINARY" { continue }
      wrong.append((entry.name, entry.column == .updatedAt ? "TIMESTAMP" : "STRING"))
    }
  }

  /// What its owner may run, for a table.
  func statements(for table: DatabricksTable) -> [String] {
    (missing.isEmpty ? [] : [table.adding(missing)]) + (wrong.isEmpty ? [] : [table.casting(wrong)])
  }

  /// The seed's table of types: what a column must be, where it is something else.
  static func complaint(
    _ entry: SourceColumns.Entry,
    _ type: DatabricksType,
    _ source: String
  ) -> Failure? {
    let allowed: String
    switch entry.column {
    case .updatedAt:
      if type.isTimestamp { return nil }
      allowed = "TIMESTAMP or TIMESTAMP_NTZ"
    case .payload:
      if type.isText || type.isObject { return nil }
      allowed = "STRING, STRUCT, MAP or VARIANT"
    default:
      if type.isText || type.isWhole { return nil }
      allowed = "STRING, or a whole number"
    }
    return Failure(
      "column_type",
      "column \"\(entry.name)\" of \(source) is of type \(type.text); it must be \(allowed)",
      recovery: .needsOperator
    )
  }
}
