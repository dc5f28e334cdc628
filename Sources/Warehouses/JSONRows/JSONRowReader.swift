import SyncModel

/// Reads `[[cell, …], …]` as it comes in pieces: rows of a warehouse's result, each cell a string, a
/// number, `true`, `false` or null. No tree is made; one row is held at a time, unescaped.
///
/// Bytes inside strings are handed on as they are: whether they are UTF-8 is the row's own matter.
struct JSONRowReader: ~Copyable {
  enum Problem: Error, Equatable {
    /// Not an array of arrays of cells; the offset counts from the first byte.
    case malformed(offset: Int)
    /// A row with another number of cells than there are columns.
    case wrongWidth(row: Int)
    /// One row holds more bytes than `largestRow`.
    case rowTooLong(row: Int)
  }

  private enum State {
    case begin, firstRow, row, rowEnd, firstCell, cell, cellEnd, end
    case text, escape, word
    /// Hexadecimal digits that are still to come.
    case unicode(Int)
  }

  private struct Span: BitwiseCopyable {
    var start: Int
    var end: Int
    /// Of null; a text is never shorter than nothing.
    static let null = Span(start: 0, end: -1)
  }

  /// What one row may hold, in bytes.
  let largestRow: Int
  private let columns: Int
  private var state = State.begin
  private var row = ByteSink(capacity: 4096)
  private var cells: [Span] = []
  private var cellStart = 0
  private var unit: UInt32 = 0
  /// A UTF-16 high surrogate that waits for its other half.
  private var high: UInt32?
  /// Bytes that were read before the piece at hand.
  private var before = 0
  /// Rows that are complete.
  private(set) var rows = 0

  init(columns: Int, largestRow: Int = 64 << 20) {
    self.columns = columns
    self.largestRow = largestRow
    cells.reserveCapacity(columns)
  }

  /// Whether the array was closed.
  var isComplete: Bool {
    if case .end = state { return true }
    return false
  }

  /// Reads on from `position`, up to the end of a row or of the piece.
  ///
  /// - Returns: true when a row is complete, and `cell` lends its cells until the next call; false when
  ///   the piece is used up: `position` is then 0, for the next one.
  mutating func next(
    in piece: UnsafeRawBufferPointer,
    at position: inout Int
  ) throws(Problem) -> Bool {
    while position < piece.count {
      let byte = piece[position]
      switch state {
      case .text:
        textRun(piece, &position)
        guard row.count <= largestRow else { throw .rowTooLong(row: rows) }
      case .escape:
        position += 1
        try escape(byte, at: position)
      case .unicode(let left):
        position += 1
        try hexadecimal(byte, left: left, at: position)
      case .word:
        if isWord(byte) {
          row.append(byte)
          position += 1
          guard row.count - cellStart <= 64 else { throw .malformed(offset: before + position) }
        } else {
          try endWord(at: position)
        }
      case _ where byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09:
        position += 1
      default:
        position += 1
        if try structure(byte, at: position) { return true }
      }
    }
    before += piece.count
    position = 0
    return false
  }

  /// A cell of the row that was completed last; nil for null.
  func cell(_ index: Int) -> UnsafeRawBufferPointer? {
    guard index < cells.count, cells[index].end >= cells[index].start else { return nil }
    return UnsafeRawBufferPointer(rebasing: row.bytes[cells[index].start..<cells[index].end])
  }

  // MARK: Structure

  /// - Returns: whether a row is complete.
  private mutating func structure(_ byte: UInt8, at position: Int) throws(Problem) -> Bool {
    switch (state, byte) {
    case (.begin, UInt8(ascii: "[")): state = .firstRow
    case (.firstRow, UInt8(ascii: "[")), (.row, UInt8(ascii: "[")):
      row.removeAll()
      cells.removeAll(keepingCapacity: true)
      state = .firstCell
    case (.firstRow, UInt8(ascii: "]")), (.rowEnd, UInt8(ascii: "]")): state = .end
    case (.rowEnd, UInt8(ascii: ",")): state = .row
    case (.firstCell, UInt8(ascii: "]")), (.cellEnd, UInt8(ascii: "]")):
      guard cells.count == columns else { throw .wrongWidth(row: rows) }
      rows += 1
      state = .rowEnd
      return true
    case (.cellEnd, UInt8(ascii: ",")): state = .cell
    case (.firstCell, UInt8(ascii: "\"")), (.cell, UInt8(ascii: "\"")):
      guard cells.count < columns else { throw .wrongWidth(row: rows) }
      cellStart = row.count
      high = nil
      state = .text
    case (.firstCell, _) where isWord(byte), (.cell, _) where isWord(byte):
      guard cells.count < columns else { throw .wrongWidth(row: rows) }
      cellStart = row.count
      row.append(byte)
      state = .word
    default: throw .malformed(offset: before + position - 1)
    }
    return false
  }

  // MARK: Cells

  /// The characters of a string up to its end, an escape, or the piece's end, copied at once.
  private mutating func textRun(_ piece: UnsafeRawBufferPointer, _ position: inout Int) {
    let start = position
    while position < piece.count {
      let byte = piece[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      position &+= 1
    }
    if position > start {
      endSurrogate()
      row.append(UnsafeRawBufferPointer(rebasing: piece[start..<position]))
    }
    guard position < piece.count else { return }
    if piece[position] == UInt8(ascii: "\\") {
      state = .escape
    } else {
      endSurrogate()
      cells.append(Span(start: cellStart, end: row.count))
      state = .cellEnd
    }
    position += 1
  }

  private mutating func escape(_ byte: UInt8, at position: Int) throws(Problem) {
    if byte == UInt8(ascii: "u") {
      unit = 0
      state = .unicode(4)
      return
    }
    endSurrogate()
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): row.append(byte)
    case UInt8(ascii: "n"): row.append(0x0a)
    case UInt8(ascii: "t"): row.append(0x09)
    case UInt8(ascii: "r"): row.append(0x0d)
    case UInt8(ascii: "b"): row.append(0x08)
    case UInt8(ascii: "f"): row.append(0x0c)
    default: throw .malformed(offset: before + position - 1)
    }
    state = .text
  }

  private mutating func hexadecimal(
    _ byte: UInt8,
    left: Int,
    at position: Int
  ) throws(Problem) {
    let digit: UInt8
    switch byte {
    case 48...57: digit = byte - 48
    case 65...70: digit = byte - 55
    case 97...102: digit = byte - 87
    default: throw .malformed(offset: before + position - 1)
    }
    unit = unit << 4 | UInt32(digit)
    guard left == 1 else {
      state = .unicode(left - 1)
      return
    }
    state = .text
    if let high, (0xdc00..<0xe000).contains(unit) {
      self.high = nil
      append(0x10000 + (high & 0x3ff) << 10 + (unit & 0x3ff))
      return
    }
    endSurrogate()
    if (0xd800..<0xdc00).contains(unit) { high = unit } else { append(unit) }
  }

  /// A half without its other: three bytes that are no UTF-8, so that the row is rejected and not
  /// changed.
  private mutating func endSurrogate() {
    guard let high else { return }
    self.high = nil
    append(high)
  }

  private mutating func append(_ scalar: UInt32) {
    func tail(_ shift: UInt32) -> UInt8 {
      UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3f)
    }
    switch scalar {
    case ..<0x80: row.append(UInt8(truncatingIfNeeded: scalar))
    case ..<0x800:
      row.append(UInt8(truncatingIfNeeded: 0xc0 | scalar >> 6))
      row.append(tail(0))
    case ..<0x10000:
      row.append(UInt8(truncatingIfNeeded: 0xe0 | scalar >> 12))
      row.append(tail(6))
      row.append(tail(0))
    default:
      row.append(UInt8(truncatingIfNeeded: 0xf0 | scalar >> 18))
      row.append(tail(12))
      row.append(tail(6))
      row.append(tail(0))
    }
  }

  private func isWord(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
  }

  private mutating func endWord(at position: Int) throws(Problem) {
    let word = row.bytes(from: cellStart)
    if word.sameBytes(as: "null") {
      row.truncate(to: cellStart)
      cells.append(.null)
    } else {
      let isNumber = word.first.map { $0 == UInt8(ascii: "-") || (48...57).contains($0) } ?? false
      guard isNumber || word.sameBytes(as: "true") || word.sameBytes(as: "false") else {
        throw .malformed(offset: before + position)
      }
      cells.append(Span(start: cellStart, end: row.count))
    }
    state = .cellEnd
  }
}
