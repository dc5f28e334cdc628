public import SyncModel

/// A query of an operator's, checked to be one SELECT before it is put into another one.
///
/// The check is for clear messages: what may be done is decided by the warehouse's grants and a
/// read-only session.
public struct SelectText: Sendable, Equatable {
  /// Without comments at its end and the semicolon.
  public let text: String

  /// - Throws: `Failure` `invalid_query`.
  public init(_ text: String) throws(Failure) {
    func invalid(_ reason: String) -> Failure {
      Failure("invalid_query", "the query cannot be used: \(reason)", recovery: .needsOperator)
    }
    var scanner = SelectScanner(Array(text.utf8))
    scanner.scan()
    if let problem = scanner.problem { throw invalid(problem) }
    guard let first = scanner.firstWord else { throw invalid("it is empty") }
    guard first == "SELECT" || first == "WITH" else {
      throw invalid("it begins with \(first); it must be one SELECT, or WITH … SELECT")
    }
    self.text = String(decoding: Array(text.utf8)[..<scanner.end], as: UTF8.self)
  }

  /// The query as a table to select from.
  public var asTable: String { "(\(text)\n)" }
}

extension SourceColumns {
  /// The condition under which a row names a user, and its parameters' values in their order. Values
  /// are compared as text, byte by byte; email addresses without regard to case (R47).
  ///
  /// - Parameters:
  ///   - source: what to call the source in a message.
  ///   - text: the SQL of a column's value as text.
  ///   - parameter: the SQL of a parameter, by its number from 1.
  /// - Throws: `Failure` `identifier_column_missing` where the source has no such column.
  public func condition(
    for user: SourceUser,
    source: String,
    text: (Entry) -> String,
    parameter: (Int) -> String
  ) throws(Failure) -> (sql: String, values: [String]) {
    var parts: [String] = []
    for (index, wanted) in user.columns.enumerated() {
      guard let entry = self[wanted.column] else {
        throw Failure(
          "identifier_column_missing",
          "\(source) has no column \(wanted.column.rawValue)",
          recovery: .needsOperator
        )
      }
      let (value, bound) = (text(entry), parameter(index + 1))
      parts.append(
        wanted.column == .email ? "lower(\(value)) = lower(\(bound))" : "\(value) = \(bound)"
      )
    }
    return (parts.joined(separator: " AND "), user.columns.map(\.value))
  }
}

/// Walks over SQL text, minding what hides a semicolon or a parenthesis: strings, quoted names,
/// dollar quotes and comments.
private struct SelectScanner {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0
  /// Past the last byte that is neither blank, comment nor the closing semicolon.
  private(set) var end = 0
  private(set) var firstWord: String?
  private(set) var problem: String?
  private var isEnded = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func scan() {
    if bytes.contains(0) { problem = "it holds a NUL" }
    while position < bytes.count, problem == nil {
      let byte = bytes[position]
      switch byte {
      case 0x20, 0x09...0x0d: position += 1
      case UInt8(ascii: "-") where next == UInt8(ascii: "-"): skipLine()
      case UInt8(ascii: "/") where next == UInt8(ascii: "*"): skipComment()
      case UInt8(ascii: ";"):
        isEnded = true
        position += 1
      default:
        guard !isEnded else {
          problem = "it holds more than one statement"
          return
        }
        token(byte)
        end = position
      }
    }
    if problem == nil, depth > 0 { problem = "a parenthesis is not closed" }
  }

  private mutating func token(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "'"):
      skipQuoted(byte, backslash: isAfterLoneE)
    case UInt8(ascii: "\""), UInt8(ascii: "`"): skipQuoted(byte, backslash: false)
    case UInt8(ascii: "$"): skipDollarQuoted()
    case UInt8(ascii: "("):
      depth += 1
      position += 1
    case UInt8(ascii: ")"):
      depth -= 1
      position += 1
      if depth < 0 { problem = "a parenthesis is closed that was not opened" }
    case _ where isWord(byte):
      let start = position
      while position < bytes.count, isWord(bytes[position]) { position += 1 }
      if firstWord == nil {
        firstWord = String(decoding: bytes[start..<position].prefix(32), as: UTF8.self).uppercased()
      }
    default:
      if firstWord == nil { firstWord = String(decoding: [byte], as: UTF8.self) }
      position += 1
    }
  }

  private mutating func skipQuoted(_ quote: UInt8, backslash: Bool) {
    if firstWord == nil { firstWord = "a quote" }
    position += 1
    while position < bytes.count {
      if backslash, bytes[position] == UInt8(ascii: "\\") {
        position += 2
      } else if bytes[position] == quote {
        position += 1
        // Doubled: the quote itself.
        guard position < bytes.count, bytes[position] == quote else { return }
        position += 1
      } else {
        position += 1
      }
    }
    problem = "a quote is not closed"
  }

  /// PostgreSQL's `E'…'`, where a backslash may hide a quote.
  private var isAfterLoneE: Bool {
    guard position > 0, bytes[position - 1] | 0x20 == UInt8(ascii: "e") else { return false }
    return position < 2 || !isWord(bytes[position - 2])
  }

  /// `$tag$ … $tag$`; a lone `$`, as in `$1`, is passed over.
  private mutating func skipDollarQuoted() {
    var tagEnd = position + 1
    while tagEnd < bytes.count, isWord(bytes[tagEnd]) { tagEnd += 1 }
    let startsWithDigit = position + 1 < bytes.count && (48...57).contains(bytes[position + 1])
    guard tagEnd < bytes.count, bytes[tagEnd] == UInt8(ascii: "$"), !startsWithDigit else {
      position += 1
      return
    }
    let tag = bytes[position...tagEnd]
    position = tagEnd + 1
    while position + tag.count <= bytes.count {
      if bytes[position..<position + tag.count].elementsEqual(tag) {
        position += tag.count
        return
      }
      position += 1
    }
    problem = "a dollar quote is not closed"
  }

  private mutating func skipLine() {
    while position < bytes.count, bytes[position] != 0x0a { position += 1 }
  }

  /// Comments nest, as in standard SQL and PostgreSQL.
  private mutating func skipComment() {
    var level = 0
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
        level += 1
        position += 2
      } else if bytes[position] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
        level -= 1
        position += 2
        if level == 0 { return }
      } else {
        position += 1
      }
    }
    problem = "a comment is not closed"
  }

  private var next: UInt8? { position + 1 < bytes.count ? bytes[position + 1] : nil }

  private func isWord(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == UInt8(ascii: "_")
      || byte >= 0x80
  }
}
