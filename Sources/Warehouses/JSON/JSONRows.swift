import SyncModel

/// Finds the rows of a result in its answer: `[[cell, …], …]` as the whole of it or as one member of an
/// object. Cells are strings, numbers, `true`, `false` or null; one row is held at a time.
struct JSONRows: JSONEvents {
  enum Problem: Error, Equatable {
    /// Where rows should be there is something else.
    case notRows
    /// A row with another number of cells than there are columns.
    case width(row: Int64, cells: Int, columns: Int)
    /// The members beside the rows are larger than anybody's.
    case tooLarge
  }

  /// Of the row that was completed last.
  private(set) var cells = JSONCells()
  /// Rows that were completed.
  private(set) var count: Int64 = 0
  /// Set where the rows begin, if that was asked for, and after every row.
  var isPaused = false
  var pausesAtRows = false

  /// What is kept of each column's cells, in bytes; nil for any number of columns, 1 KiB of each.
  private let limits: [Int]?
  private let member: StaticString
  private var tree = JSONTree()
  private var depth = 0
  /// The depth inside the array of rows; 0 outside it.
  private var rowsDepth = 0
  private var isMember = false

  /// - Parameter member: the name of the rows in an object around them.
  init(limits: [Int]?, member: StaticString) {
    self.limits = limits
    self.member = member
  }

  /// The other members that have come; nil for rows without an object around them.
  var members: JSONValue? { tree.soFar }

  private var isInRow: Bool { rowsDepth > 0 && depth == rowsDepth + 1 }

  /// Asked for every cell.
  var wantedBytes: Int {
    guard isInRow else { return .max }
    guard let limits else { return 1024 }
    return cells.count < limits.count ? limits[cells.count] : 0
  }

  mutating func beginArray() throws {
    depth += 1
    if rowsDepth > 0 {
      guard isInRow else { throw Problem.notRows }
      cells.removeAll()
    } else if depth == 1 || depth == 2 && isMember {
      rowsDepth = depth
      if pausesAtRows { (pausesAtRows, isPaused) = (false, true) }
    } else {
      try kept { try $0.beginArray() }
    }
  }

  mutating func beginObject() throws {
    guard rowsDepth == 0, !isMember else { throw Problem.notRows }
    depth += 1
    try kept { try $0.beginObject() }
  }

  mutating func end() throws {
    if isInRow {
      if let limits, cells.count != limits.count {
        throw Problem.width(row: count, cells: cells.count, columns: limits.count)
      }
      count += 1
      isPaused = true
    } else if rowsDepth > 0 {
      (rowsDepth, isMember) = (0, false)
    } else {
      tree.end()
    }
    depth -= 1
  }

  mutating func key(_ name: UnsafeRawBufferPointer) throws {
    isMember = depth == 1 && name.sameBytes(as: member)
    if !isMember { try kept { try $0.key(name) } }
  }

  mutating func string(_ characters: UnsafeRawBufferPointer, size: Int) throws {
    if isInRow { return cells.append(characters, size: size) }
    guard rowsDepth == 0, !isMember, depth > 0 else { throw Problem.notRows }
    try kept { try $0.string(characters, size: size) }
  }

  mutating func word(_ text: UnsafeRawBufferPointer) throws {
    let isNull = text.sameBytes(as: "null")
    if isInRow { return isNull ? cells.appendNull() : cells.append(text, size: text.count) }
    // `"data": null` of an answer without rows.
    if isMember, isNull { return isMember = false }
    guard rowsDepth == 0, !isMember, depth > 0 else { throw Problem.notRows }
    try kept { try $0.word(text) }
  }

  private mutating func kept(_ body: (inout JSONTree) throws -> Void) throws {
    do { try body(&tree) } catch is JSONTree.TooLarge { throw Problem.tooLarge }
  }
}
