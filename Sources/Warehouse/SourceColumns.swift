public import SyncModel

/// The columns that a sync reads (R21 to R27).
public enum SourceColumn: String, Sendable, CaseIterable {
  case updatedAt = "UPDATED_AT"
  case externalID = "EXTERNAL_ID"
  case aliasName = "ALIAS_NAME"
  case aliasLabel = "ALIAS_LABEL"
  case brazeID = "BRAZE_ID"
  case email = "EMAIL"
  case phone = "PHONE"
  case payload = "PAYLOAD"

  /// Those that tell which user a row is of.
  public static let identifiers: [SourceColumn] = [
    .externalID, .aliasName, .aliasLabel, .brazeID, .email, .phone,
  ]
}

extension SourceColumn {
  /// Those that have one of these names, whatever its case.
  public static func among(_ names: [String]) -> [SourceColumn] {
    let folded = Set(names.map { Array(TableName.lowercased($0).utf8) })
    return allCases.filter { folded.contains(Array(TableName.lowercased($0.rawValue).utf8)) }
  }
}

/// Which of a source's columns a sync reads, by their real names.
public struct SourceColumns: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var column: SourceColumn
    /// As the warehouse spells it.
    public var name: String
    /// Its position among the source's columns.
    public var position: Int
  }

  /// UPDATED_AT first, then those that are there, in the order of `SourceColumn`.
  public let entries: [Entry]
  /// The first of them.
  public let updatedAt: Entry

  /// Finds the columns by name, whatever their case (R24); others are ignored (R25, R27).
  ///
  /// - Parameter source: what to call the source in a message, e.g. `table "public"."users"`.
  /// - Throws: `Failure`: `column_missing` (R21 to R23), `payload_in_deletes` (R26),
  ///   `column_ambiguous`.
  public init(_ names: [String], data: DataType, source: String) throws(Failure) {
    let entries = Self.entries(names)
    if let problem = Self.problems(names, data: data, source: source).first {
      throw problem.failure
    }
    guard let updatedAt = entries.first else { throw Self.missing("column UPDATED_AT", source) }
    self.entries = entries
    self.updatedAt = updatedAt
  }

  /// Why columns are refused.
  public struct Problem: Sendable, Equatable {
    public var failure: Failure
    /// The column that mends it, once it is there; nil where something else must change.
    public var missing: SourceColumn?
  }

  /// Everything for which `init` refuses the columns, for a report; empty where it takes them.
  public static func problems(_ names: [String], data: DataType, source: String) -> [Problem] {
    ambiguities(names, source) + absences(entries(names), data, source)
  }

  /// The first column of each name.
  private static func entries(_ names: [String]) -> [Entry] {
    SourceColumn.allCases.compactMap { column in
      positions(of: column, names).first.map {
        Entry(column: column, name: names[$0], position: $0)
      }
    }
  }

  private static func positions(of column: SourceColumn, _ names: [String]) -> [Int] {
    let wanted = TableName.lowercased(column.rawValue)
    return names.indices.filter {
      names[$0].utf8.count == wanted.utf8.count && TableName.lowercased(names[$0]) == wanted
    }
  }

  private static func ambiguities(_ names: [String], _ source: String) -> [Problem] {
    SourceColumn.allCases.compactMap { column in
      let found = positions(of: column, names)
      guard found.count > 1 else { return nil }
      let spellings = found.map { "\"\(names[$0])\"" }.joined(separator: " and ")
      return Problem(
        failure: Failure(
          "column_ambiguous",
          "\(source) has more than one column \(column.rawValue): \(spellings); keep one of them",
          recovery: .needsOperator
        )
      )
    }
  }

  public func has(_ column: SourceColumn) -> Bool { self[column] != nil }

  public subscript(_ column: SourceColumn) -> Entry? { entries.first { $0.column == column } }

  private static func missing(_ what: String, _ source: String) -> Failure {
    Failure("column_missing", "\(source) has no \(what)", recovery: .needsOperator)
  }

  private static func absences(_ entries: [Entry], _ data: DataType, _ source: String) -> [Problem]
  {
    var problems: [Problem] = []
    func has(_ column: SourceColumn) -> Bool { entries.contains { $0.column == column } }
    func missing(_ column: SourceColumn, _ what: String) {
      problems.append(Problem(failure: Self.missing(what, source), missing: column))
    }
    if !has(.updatedAt) { missing(.updatedAt, "column UPDATED_AT") }
    if has(.aliasName), !has(.aliasLabel) {
      missing(.aliasLabel, "column ALIAS_LABEL beside ALIAS_NAME: an alias needs both")
    } else if has(.aliasLabel), !has(.aliasName) {
      missing(.aliasName, "column ALIAS_NAME beside ALIAS_LABEL: an alias needs both")
    }
    if !SourceColumn.identifiers.contains(where: has) {
      missing(
        .externalID,
        "identifier column; it needs at least one of "
          + "EXTERNAL_ID, ALIAS_NAME with ALIAS_LABEL, BRAZE_ID, EMAIL, PHONE"
      )
    }
    let payload = entries.first { $0.column == .payload }
    if data.hasPayload {
      if payload == nil {
        missing(.payload, "column PAYLOAD, which a sync of \(data.rawValue) needs")
      }
    } else if let payload {
      let failure = Failure(
        "payload_in_deletes",
        """
        \(source) has a column "\(payload.name)", which a sync of deletes must not have: \
        nobody is deleted; remove the column, or choose another data type
        """,
        recovery: .needsOperator
      )
      problems.append(Problem(failure: failure))
    }
    return problems
  }
}

extension SourceRow {
  /// Sets the field of a column other than UPDATED_AT.
  @inlinable
  public mutating func set(_ column: SourceColumn, _ value: UnsafeRawBufferPointer?) {
    switch column {
    case .updatedAt: break
    case .externalID: externalID = value
    case .aliasName: aliasName = value
    case .aliasLabel: aliasLabel = value
    case .brazeID: brazeID = value
    case .email: email = value
    case .phone: phone = value
    case .payload: payload = value
    }
  }
}
