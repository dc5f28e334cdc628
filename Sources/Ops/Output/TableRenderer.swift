/// Lays records out in columns, two spaces apart.
///
/// The first records are held back to learn the columns' widths; later ones are printed as they
/// come, so that a long list needs no more memory than a short one.
struct TableRenderer {
  private let columns: [Column]
  private let learnFrom: Int
  private var held: [[String]]? = []
  private var widths: [Int] = []

  init(columns: [Column], learnFrom: Int = 500) {
    self.columns = columns
    self.learnFrom = learnFrom
  }

  /// The lines that can be printed now.
  mutating func add(_ record: Record) -> String {
    let cells = columns.map { column in
      let cell = Self.cell(record.fields[column.field] ?? .null)
      return column.alignment == .time ? Self.toTheSecond(cell) : cell
    }
    guard held != nil else { return line(cells) }
    held?.append(cells)
    return held?.count == learnFrom ? release() : ""
  }

  /// What is still held back. Nothing at all for an empty table.
  mutating func finish() -> String { held == nil ? "" : release() }

  private mutating func release() -> String {
    guard let rows = held else { return "" }
    held = nil
    guard !rows.isEmpty else { return "" }
    widths = columns.indices.map { column in
      rows.reduce(columns[column].heading.count) { max($0, $1[column].count) }
    }
    return line(columns.map(\.heading)) + rows.map(line).joined()
  }

  private func line(_ cells: [String]) -> String {
    var text = ""
    for (index, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
      text += index == 0 ? "" : "  "
      text += columns[index].alignment == .right ? padding + cell : cell + padding
    }
    while text.last == " " { text.removeLast() }
    return text + "\n"
  }

  private static func toTheSecond(_ time: String) -> String {
    guard let point = time.firstIndex(of: "."), time.hasSuffix("Z") else { return time }
    return time[..<point] + "Z"
  }

  /// One record as `field  value` lines.
  static func details(_ object: OutputObject) -> String {
    let width = object.fields.reduce(0) { max($0, $1.name.count) }
    return object.fields.map { field in
      let name = field.name + String(repeating: " ", count: width - field.name.count)
      let value = cell(field.value)
      let lines = value.split(separator: "\n", omittingEmptySubsequences: false)
      let margin = "\n" + String(repeating: " ", count: width + 2)
      return name + "  " + lines.joined(separator: margin) + "\n"
    }.joined()
  }

  static func cell(_ value: OutputValue) -> String {
    switch value {
    case .null: "-"
    case .bool(let value): value ? "yes" : "no"
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .text(let text): TerminalText.safe(text)
    case .json(let bytes): TerminalText.safe(String(decoding: bytes, as: UTF8.self))
    case .list(let values): values.isEmpty ? "-" : values.map(cell).joined(separator: ", ")
    case .object(let object):
      object.fields.isEmpty
        ? "-" : object.fields.map { "\($0.name)=\(cell($0.value))" }.joined(separator: " ")
    }
  }
}

/// Text from elsewhere, made harmless for a terminal.
enum TerminalText {
  /// Control characters (of a value in a warehouse, say) are shown, never sent: they could move the
  /// cursor, set the title or answer in the user's name.
  static func safe(_ text: String, keepingNewlines: Bool = false) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A where keepingNewlines: result.unicodeScalars.append(scalar)
      case 0x0A: result += "\\n"
      case 0x09: result += "\\t"
      case 0x0D: result += "\\r"
      // C0, DEL, C1, and the marks that reorder what follows them.
      case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069:
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
