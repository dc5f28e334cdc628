import SyncModel
import Warehouse

/// Everything that a source's columns lack, and the statements that mend it: a test of a source is to
/// name it all at once.
struct DatabricksRemedies {
  /// What a run would refuse, in the order in which it would.
  private(set) var problems: [Failure] = []
  private var missing: [(name: String, type: String)] = []
  private var wrong: [(name: String, type: String)] = []
  private let data: DataType

  init(_ columns: [DatabricksManifest.Column], data: DataType, source: String) {
    self.data = data
    let found = find(columns.map(\.name), source)
    for entry in found?.entries ?? [] where columns.indices.contains(entry.position) {
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

  /// The columns of these names. One that is missing is noted and taken as there, to find what else is.
  private mutating func find(_ names: [String], _ source: String) -> SourceColumns? {
    var names = names
    while problems.count <= SourceColumn.allCases.count {
      do throws(Failure) {
        return try SourceColumns(names, data: data, source: source)
      } catch {
        problems.append(error)
        guard error.code == "column_missing", let column = firstMissing(names) else { return nil }
        missing.append(
          (column.rawValue.lowercased(), column == .updatedAt ? "TIMESTAMP" : "STRING")
        )
        names.append(column.rawValue)
      }
    }
    return nil
  }

  /// In the order in which `SourceColumns` looks.
  private func firstMissing(_ names: [String]) -> SourceColumn? {
    let present = Set(SourceColumn.among(names))
    if !present.contains(.updatedAt) { return .updatedAt }
    if present.contains(.aliasName) != present.contains(.aliasLabel) {
      return present.contains(.aliasName) ? .aliasLabel : .aliasName
    }
    if present.isDisjoint(with: SourceColumn.identifiers) { return .externalID }
    return data.hasPayload && !present.contains(.payload) ? .payload : nil
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
