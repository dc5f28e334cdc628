import SyncModel
import Warehouse

/// One page of a result, read as it comes: `rows[].f[].v` straight into batches, and what stands
/// around them.
///
/// Every cell of ours is a string or null: nothing else is selected.
struct BigQueryPage: JSONEvents {
  /// Why a page cannot be used. No cell's text is in it.
  enum Problem: Error, Equatable {
    /// A timestamp as a double has lost digits already (warehouses.md, C.3).
    case timestamp(row: Int, isFloat: Bool)
    case cell(row: Int, String)
    case width(row: Int, cells: Int)
  }

  /// What the cells of a row are.
  enum Shape: Sendable {
    /// In the order of the columns; with a PAYLOAD, its size if it was cut comes after them.
    case source([SourceColumn])
    /// As `source`, each row a batch of its own; those without UPDATED_AT, of which every row's last
    /// cell says how many there are, are left out.
    case user([SourceColumn])
    /// Kept as text.
    case texts(Int)

    var width: Int {
      switch self {
      case .source(let columns): columns.contains(.payload) ? columns.count + 1 : columns.count
      case .user(let columns): Self.source(columns).width + 1
      case .texts(let count): count
      }
    }
  }

  private(set) var isComplete = false
  private(set) var totalRows: Int64?
  private(set) var pageToken: String?
  private(set) var location: String?
  private(set) var rowCount: Int64 = 0
  private(set) var batches: [RowBatch] = []
  private(set) var texts: [[String?]] = []
  /// Of a user's rows, whichever are read.
  private(set) var rowsWithoutUpdatedAt: Int64 = 0
  /// Of the rows' cells.
  private(set) var byteCount = 0

  private let shape: Shape
  private var builder = RowBatchBuilder()
  private var depth = 0
  /// The key of the innermost object, by depth.
  private var topKey = Key.other
  private var rowKey = Key.other
  private var cellKey = Key.other
  private var cells = JSONCells()

  private enum Key {
    case rows, totalRows, pageToken, jobComplete, f, v, other
  }

  init(_ shape: Shape) {
    self.shape = shape
    if case .user = shape { builder = RowBatchBuilder(maximumRows: 1) }
  }

  // The levels: 1 the answer, 2 its rows, 3 a row, 4 its cells, 5 a cell.
  private var isInRows: Bool { topKey == .rows && depth >= 2 }

  mutating func beginObject() throws {
    depth += 1
    if isInRows { try began() }
  }

  mutating func beginArray() throws {
    depth += 1
    if isInRows { try began() }
  }

  private mutating func began() throws {
    switch depth {
    case 3: rowKey = .other
    case 4:
      if rowKey == .f { cells.removeAll() }
    case 5: cellKey = .other
    case 6 where rowKey == .f && cellKey == .v:
      throw Problem.cell(row: Int(rowCount), "it is nested")
    default: break
    }
  }

  mutating func end() throws {
    if isInRows, depth == 4, rowKey == .f { try finishRow() }
    depth -= 1
  }

  mutating func key(_ name: UnsafeRawBufferPointer) throws {
    switch depth {
    case 1:
      topKey =
        if name.sameBytes(as: "rows") { .rows } else if name.sameBytes(as: "totalRows") {
          .totalRows
        } else if name.sameBytes(as: "pageToken") {
          .pageToken
        } else if name.sameBytes(
          as: "jobComplete"
        ) { .jobComplete } else { .other }
    case 3 where topKey == .rows: rowKey = name.sameBytes(as: "f") ? .f : .other
    case 5 where topKey == .rows: cellKey = name.sameBytes(as: "v") ? .v : .other
    default: break
    }
  }

  mutating func string(_ characters: UnsafeRawBufferPointer, size: Int) throws {
    if isInRows {
      guard depth == 5, rowKey == .f, cellKey == .v else { return }
      cells.append(characters, size: size)
    } else if depth == 1 {
      switch topKey {
      case .totalRows: totalRows = Int64(String(decoding: characters, as: UTF8.self))
      case .pageToken: pageToken = String(decoding: characters, as: UTF8.self)
      default: break
      }
    }
  }

  mutating func word(_ text: UnsafeRawBufferPointer) throws {
    if isInRows {
      guard depth == 5, rowKey == .f, cellKey == .v else { return }
      guard text.sameBytes(as: "null") else {
        throw Problem.cell(row: Int(rowCount), "it is neither a string nor null")
      }
      cells.appendNull()
    } else if depth == 1 {
      switch topKey {
      case .jobComplete: isComplete = text.sameBytes(as: "true")
      case .totalRows: totalRows = Int64(String(decoding: text, as: UTF8.self))
      default: break
      }
    }
  }

  /// After the last byte.
  mutating func finish() {
    if !builder.isEmpty { batches.append(builder.take()) }
    if pageToken?.isEmpty == true { pageToken = nil }
  }

  private mutating func finishRow() throws {
    guard cells.count == shape.width else {
      throw Problem.width(row: Int(rowCount), cells: cells.count)
    }
    byteCount += cells.byteCount
    switch shape {
    case .source(let columns):
      try cells.lend { try Self.append($0, columns, row: Int(rowCount), to: &builder) }
      if builder.isFull { batches.append(builder.take()) }
    case .user(let columns):
      try cells.lend { cells in
        rowsWithoutUpdatedAt =
          cells[cells.count - 1].flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0
        guard cells[0] != nil else { return }
        try Self.append(cells, columns, row: Int(rowCount), to: &builder)
        batches.append(builder.take())
      }
    case .texts:
      texts.append(
        cells.lend { cells in
          (0..<cells.count).map { index in
            cells[index].map { String(decoding: $0, as: UTF8.self) }
          }
        }
      )
    }
    rowCount += 1
  }

  private static func append(
    _ cells: JSONCells.Lent,
    _ columns: [SourceColumn],
    row number: Int,
    to builder: inout RowBatchBuilder
  ) throws {
    var row = SourceRow()
    for (index, column) in columns.enumerated() {
      if column == .updatedAt {
        row.updatedAt = try instant(cells[index], row: number)
      } else {
        row.set(column, cells[index])
      }
    }
    if columns.contains(.payload), let size = cells[columns.count] {
      row.oversizedPayload = UInt64(String(decoding: size, as: UTF8.self))
    }
    builder.append(row)
  }

  /// Whole microseconds since 1970, exactly.
  private static func instant(
    _ text: UnsafeRawBufferPointer?,
    row: Int
  ) throws(Problem) -> Timestamp {
    guard let text, (1...20).contains(text.count) else {
      throw .timestamp(row: row, isFloat: text.map { $0.contains(0x2e) } ?? false)
    }
    let isNegative = text[0] == UInt8(ascii: "-")
    var value: Int64 = 0
    var digits = 0
    for byte in text.dropFirst(isNegative ? 1 : 0) {
      guard (48...57).contains(byte), digits < 18 else {
        let isFloat = byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
        throw .timestamp(row: row, isFloat: isFloat)
      }
      value = value * 10 + Int64(byte - 48)
      digits += 1
    }
    guard digits > 0 else { throw .timestamp(row: row, isFloat: false) }
    if isNegative { value = -value }
    let (nanoseconds, isOut) = value.multipliedReportingOverflow(by: 1000)
    guard !isOut else { return isNegative ? .earliest : .latest }
    return Timestamp(nanoseconds: nanoseconds)
  }
}
