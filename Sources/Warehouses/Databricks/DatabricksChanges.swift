import SyncModel
import Warehouse

/// The one SELECT of a run over a source whose columns have been checked.
struct DatabricksChanges {
  let source: DatabricksSource
  let columns: SourceColumns

  /// - Throws: `Failure`: `column_missing`, `column_ambiguous`, `payload_in_deletes`, `column_type`.
  init(_ source: DatabricksSource, data: DataType) throws(Failure) {
    self.source = source
    columns = try SourceColumns(source.columns.map(\.name), data: data, source: source.name)
    for entry in columns.entries {
      guard source.columns.indices.contains(entry.position) else { continue }
      let type = DatabricksType(source.columns[entry.position].type)
      guard let allowed = Self.complaint(entry.column, type) else { continue }
      throw Failure(
        "column_type",
        "column \"\(entry.name)\" of \(source.name) is of type \(type.text); it must be \(allowed)",
        recovery: .needsOperator
      )
    }
  }

  /// The seed's table of types: what a column must be, where it is something else.
  private static func complaint(_ column: SourceColumn, _ type: DatabricksType) -> String? {
    switch column {
    case .updatedAt:
      return type.isTimestamp ? nil : "TIMESTAMP or TIMESTAMP_NTZ"
    case .payload:
      return type.isText || type.isObject ? nil : "STRING, STRUCT, MAP or VARIANT"
    default:
      return type.isText || type.isWhole ? nil : "STRING, or a whole number"
    }
  }

  /// Columns in the order of `columns.entries`; after them, where there is a PAYLOAD, the size of one
  /// that was over the limit and was cut.
  ///
  /// UPDATED_AT comes as microseconds: JSON would show milliseconds in the session's zone (B.5). It
  /// stays bare in the predicate, for files to be skipped.
  func query(from: Timestamp?) -> DatabricksQuery {
    let updatedAt = name(columns.updatedAt)
    var condition = "\(updatedAt) IS NOT NULL"
    var parameters: [DatabricksQuery.Parameter] = []
    // What is out of Timestamp's range was clamped to its earliest: no bound then.
    if let from, from != .earliest {
      if type(columns.updatedAt).isNaive {
        condition += " AND \(updatedAt) >= :lo"
        parameters.append(
          .init(name: "lo", value: from.microsecondTextRoundedUp, type: "TIMESTAMP_NTZ")
        )
      } else {
        condition += " AND \(updatedAt) >= timestamp_micros(:lo)"
        let micros = from.nanoseconds / 1000 + (from.nanoseconds % 1000 > 0 ? 1 : 0)
        parameters.append(.init(name: "lo", value: "\(micros)", type: "BIGINT"))
      }
    }
    let inner = columns.entries.enumerated().map { index, entry in
      "\(expression(entry)) AS c\(index)"
    }
    var outer = columns.entries.indices.map { "c\($0)" }
    if let payload = columns.entries.firstIndex(where: { $0.column == .payload }) {
      let isOver = "octet_length(c\(payload)) > \(RowBatchBuilder.maximumPayload)"
      outer[payload] =
        "CASE WHEN \(isOver) THEN left(c\(payload), \(RowBatchBuilder.excerptLength)) ELSE c\(payload) END"
      outer.append("CASE WHEN \(isOver) THEN octet_length(c\(payload)) END")
    }
    return DatabricksQuery(
      text: """
        SELECT \(outer.joined(separator: ", ")) FROM (SELECT \(inner.joined(separator: ", ")) \
        FROM \(source.from) WHERE \(condition)) AS r ORDER BY c0
        """,
      parameters: parameters
    )
  }

  /// A column as text, or as microseconds.
  private func expression(_ entry: SourceColumns.Entry) -> String {
    let name = name(entry)
    let type = type(entry)
    switch entry.column {
    case .updatedAt: return Self.micros(name, type)
    case .payload: return Self.json(name, type)
    default:
      guard type.isText else { return "CAST(\(name) AS STRING)" }
      // No identifier that long is valid: the rest need not travel.
      let limit = RowBatchBuilder.maximumIdentifier
      return
        "CASE WHEN octet_length(\(name)) > \(limit) THEN left(\(name), \(limit)) ELSE \(name) END"
    }
  }

  /// Microseconds since 1970. A naive instant is UTC (R14): it is written out and read with a Z, as a
  /// cast alone would read it in the session's zone.
  static func micros(_ name: String, _ type: DatabricksType) -> String {
    type.isNaive
      ? "unix_micros(CAST(concat(CAST(\(name) AS STRING), 'Z') AS TIMESTAMP))"
      : "unix_micros(\(name))"
  }

  /// An object as JSON. Spark leaves null fields out unless told otherwise, and here a null removes an
  /// attribute (B.5).
  static func json(_ name: String, _ type: DatabricksType) -> String {
    if type.isText { return name }
    if type.isVariant { return "to_json(\(name))" }
    return "to_json(\(name), map('ignoreNullFields', 'false'))"
  }

  private func name(_ entry: SourceColumns.Entry?) -> String {
    "s.\(DatabricksSource.quoted(entry?.name ?? ""))"
  }

  private func type(_ entry: SourceColumns.Entry?) -> DatabricksType {
    let columns = source.columns
    guard let position = entry?.position, columns.indices.contains(position) else {
      return DatabricksType("?")
    }
    return DatabricksType(columns[position].type)
  }
}

/// A column's type as its `type_text` says it: `STRING`, `DECIMAL(10,2)`, `STRUCT<a: INT>`.
struct DatabricksType: Equatable {
  let text: String
  private let head: String

  init(_ text: String) {
    self.text = text
    head = String(
      decoding: text.utf8.prefix { $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: "<") },
      as: UTF8.self
    ).uppercased()
  }

  var isTimestamp: Bool {
    head == "TIMESTAMP" || head == "TIMESTAMP_NTZ" || head == "TIMESTAMP_LTZ"
  }
  /// Without a zone.
  var isNaive: Bool { head == "TIMESTAMP_NTZ" }
  var isText: Bool { head == "STRING" || head == "VARCHAR" || head == "CHAR" }
  var isVariant: Bool { head == "VARIANT" }
  var isObject: Bool { isVariant || head == "STRUCT" || head == "MAP" }
  /// Of more than one value; `to_json` shows it.
  var isNested: Bool { isObject || head == "ARRAY" }
  var isWhole: Bool {
    switch head {
    case "TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "BYTE", "SHORT", "LONG": true
    case "DECIMAL": text.hasSuffix(",0)") || text.hasSuffix(", 0)") || !text.contains(",")
    default: false
    }
  }
}
