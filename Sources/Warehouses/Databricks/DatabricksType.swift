/// A column's type as its `type_text` says it: `STRING`, `DECIMAL(10,2)`, `STRUCT<a: INT>`,
/// `STRING COLLATE UTF8_LCASE`.
struct DatabricksType: Equatable {
  let text: String
  private let head: String

  init(_ text: String) {
    self.text = text
    head = String(
      decoding: text.utf8.prefix {
        $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: " ")
      },
      as: UTF8.self
    ).uppercased()
  }

  var isTimestamp: Bool {
    head == "TIMESTAMP" || head == "TIMESTAMP_NTZ" || head == "TIMESTAMP_LTZ"
  }
  /// Without a zone.
  var isNaive: Bool { head == "TIMESTAMP_NTZ" }
  var isText: Bool { head == "STRING" || head == "VARCHAR" || head == "CHAR" }
  /// Text that compares byte by byte: no blanks are added to it, and no collation holds.
  var isPlainText: Bool {
    text.uppercased() == "STRING" || head == "VARCHAR" && text.hasSuffix(")")
  }
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
