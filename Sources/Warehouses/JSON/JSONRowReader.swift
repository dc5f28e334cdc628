import SyncModel

/// Reads the rows of a result as its answer comes in pieces; see `JSONRows`.
///
/// Bytes inside strings are handed on as they are: whether they are UTF-8 is the row's own matter.
struct JSONRowReader: ~Copyable {
  /// Why an answer cannot be read, in words; no cell's text is in them.
  struct Problem: Error, Equatable {
    var reason: String
  }

  private var tokenizer = JSONTokenizer()
  private var found: JSONRows

  /// - Parameters:
  ///   - limits: what is kept of each column's cells, in bytes; nil for any number of columns, 1 KiB of
  ///     each. With `Int.max`, a cell over 64 MiB is an error.
  ///   - member: the name of the rows in an object around them.
  init(limits: [Int]?, member: StaticString = "data") {
    found = JSONRows(limits: limits, member: member)
  }

  /// Rows that were read.
  var rows: Int64 { found.count }
  /// Whether the answer has come to its end.
  var isComplete: Bool { tokenizer.isComplete }
  /// The members beside the rows that have come.
  var members: JSONValue? { found.members }
  /// Stop once where the rows begin: what the server says of the result has come then.
  var pausesAtRows: Bool {
    get { found.pausesAtRows }
    set { found.pausesAtRows = newValue }
  }

  /// Reads on from `position`, and lends each row.
  ///
  /// - Parameter take: answers whether to go on.
  /// - Returns: true where it stopped before the end of the piece, at `position`; false when the piece
  ///   is used up, and `position` is 0 for the next one.
  /// - Throws: `Problem`, and what `take` throws.
  mutating func read(
    _ piece: UnsafeRawBufferPointer,
    from position: inout Int,
    _ take: (JSONCells.Lent) throws -> Bool
  ) throws -> Bool {
    while true {
      let before = found.count
      found.isPaused = false
      do {
        guard try tokenizer.feed(piece, from: &position, &found) else { return false }
      } catch let problem as JSONTokenizer.Problem {
        throw Problem(problem)
      } catch let problem as JSONRows.Problem {
        throw Problem(problem)
      }
      // Where the rows begin there is none yet.
      guard found.count > before, try found.cells.lend(take) else { return true }
    }
  }
}

extension JSONRowReader.Problem {
  init(_ problem: JSONTokenizer.Problem) {
    reason =
      switch problem {
      case .malformed(let offset): "it is not JSON at byte \(offset)"
      case .stringTooLong(let offset): "a text at byte \(offset) is longer than 64 MiB"
      case .tooDeep(let offset): "it is nested too deeply at byte \(offset)"
      }
  }

  init(_ problem: JSONRows.Problem) {
    reason =
      switch problem {
      case .notRows: "its rows are no array of arrays of texts"
      case .width(let row, let cells, let columns):
        "row \(row) has \(cells) \(cells == 1 ? "value" : "values"), and there are \(columns) columns"
      case .tooLarge: "what describes the rows is longer than 16 MiB"
      }
  }
}
