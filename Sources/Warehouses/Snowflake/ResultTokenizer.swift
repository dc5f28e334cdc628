import Glibc
import SyncModel
import Warehouse

/// Reads one answer of the SQL API as it streams in: the rows of `data` cell by cell, without a tree;
/// the other members as text, for a tree. A bare array is taken as the rows alone (warehouses.md,
/// A.5).
///
/// Memory: one row, and the other members, at most 16 MiB.
///
/// Safety: used by one task at a time, the one that reads the result.
final class ResultTokenizer: @unchecked Sendable {
  /// One row's cells. Valid only while they are lent.
  struct Cells {
    fileprivate let bytes: UnsafeRawBufferPointer
    fileprivate let spans: [Span]

    var count: Int { spans.count }

    /// The characters, unescaped, as far as they were kept; nil for NULL.
    @inline(__always)
    subscript(index: Int) -> UnsafeRawBufferPointer? {
      let span = spans[index]
      return span.isNull
        ? nil : UnsafeRawBufferPointer(rebasing: bytes[span.start..<span.start + span.kept])
    }

    /// How many bytes the whole cell has.
    @inline(__always)
    func size(_ index: Int) -> Int { spans[index].size }
  }

  fileprivate struct Span {
    var start = 0
    var kept = 0
    var size = 0
    var isNull = false
  }

  private enum State {
    case start
    /// In the outer object: a key, a comma or its end comes.
    case member
    case key
    case colon
    case value
    /// Inside a member's value that is kept as text.
    case kept
    /// `data` begins.
    case rows
    /// Between rows: a row, a comma or the end of the rows.
    case row
    /// In a row: a cell, a comma or the row's end.
    case cell
    case string
    case escape
    case unicode
    /// null, a number, true or false in a row.
    case literal
    /// Only white space may follow.
    case end
  }

  /// Bytes of each cell that are kept; a longer one is cut and its size counted.
  private let limits: [Int]
  private var state = State.start
  private var isBare = false
  private var scratch: [UInt8] = []
  private var spans: [Span] = []
  private var span = Span()
  private var unit: UInt32 = 0
  private var unitDigits = 0
  private var highSurrogate: UInt32 = 0
  private var keyText: [UInt8] = []
  private var document: [UInt8] = [UInt8(ascii: "{")]
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  /// Rows that were read.
  private(set) var rows: Int64 = 0
  /// Stop once where the rows begin: what the server says of the result has come then.
  var pausesAtRows = false

  private static let longestDocument = 16 << 20

  /// - Parameter limits: for each column of `data`; empty for any number of columns, 1 KiB of each.
  init(limits: [Int]) { self.limits = limits }

  /// Whether the answer was complete.
  var isComplete: Bool { state == .end }

  /// The members besides `data` that have come; nil while one is incomplete.
  var members: JSONValue? {
    state == .kept ? nil : JSONValue(document + [UInt8(ascii: "}")])
  }

  /// Reads on from `position`, and lends each row.
  /// - Parameter take: answers whether to go on.
  /// - Returns: where it stopped: after a row that was the last wanted, or the end.
  /// - Throws: `Failure` `malformed_answer`.
  func read(
    _ bytes: UnsafeRawBufferPointer,
    from position: Int,
    _ take: (Cells) throws -> Bool
  ) throws -> Int {
    var index = position
    while index < bytes.count {
      let byte = bytes[index]
      switch state {
      case .string:
        index = string(bytes, from: index)
        continue
      case .cell:
        index += 1
        if try !cell(byte, take) { return index }
        continue
      case .escape: escape(byte)
      case .unicode: try unicode(byte)
      case .literal:
        if Self.endsLiteral(byte) {
          endLiteral()
          continue
        }
        store(byte)
      case .row: try row(byte)
      case .kept:
        if try keep(byte) { continue }
      default: try outer(byte)
      }
      index += 1
      if pausesAtRows, state == .row {
        pausesAtRows = false
        return index
      }
    }
    return index
  }

  // MARK: Rows

  /// The hot path: a run of plain characters up to a quote or a backslash, by memchr(3).
  private func string(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
    guard let base = rest.baseAddress else { return start }
    var count = rest.count
    if let quote = memchr(base, Int32(UInt8(ascii: "\"")), count) {
      count = UnsafeRawPointer(quote) - base
    }
    if let backslash = memchr(base, Int32(UInt8(ascii: "\\")), count) {
      count = UnsafeRawPointer(backslash) - base
    }
    store(UnsafeRawBufferPointer(rebasing: rest[..<count]))
    guard count < rest.count else { return start + count }
    if rest[count] == UInt8(ascii: "\"") {
      endHalf()
      finishCell()
      state = .cell
    } else {
      state = .escape
    }
    return start + count + 1
  }

  /// - Returns: false after a row that was the last wanted.
  private func cell(_ byte: UInt8, _ take: (Cells) throws -> Bool) throws -> Bool {
    switch byte {
    case UInt8(ascii: "\""):
      beginCell()
      state = .string
    case UInt8(ascii: ","), 0x20, 0x0a, 0x0d, 0x09: break
    case UInt8(ascii: "]"):
      state = .row
      guard limits.isEmpty || spans.count == limits.count else {
        throw Self.malformed("a row has \(spans.count) values instead of \(limits.count)")
      }
      rows += 1
      let goesOn = try scratch.withUnsafeBytes { try take(Cells(bytes: $0, spans: spans)) }
      spans.removeAll(keepingCapacity: true)
      scratch.removeAll(keepingCapacity: true)
      return goesOn
    case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ":"):
      throw Self.malformed("a value of a row is no text")
    default:
      beginCell()
      store(byte)
      state = .literal
    }
    return true
  }

  private func row(_ byte: UInt8) throws {
    switch byte {
    case UInt8(ascii: "["):
      spans.removeAll(keepingCapacity: true)
      scratch.removeAll(keepingCapacity: true)
      state = .cell
    case UInt8(ascii: ","), 0x20, 0x0a, 0x0d, 0x09: break
    case UInt8(ascii: "]"): state = isBare ? .end : .member
    default: throw Self.malformed("the rows are no array of arrays")
    }
  }

  private func beginCell() { span = Span(start: scratch.count) }

  private func finishCell() { spans.append(span) }

  @inline(__always)
  private var room: Int {
    let limit = limits.isEmpty ? 1024 : spans.count < limits.count ? limits[spans.count] : 0
    return limit - span.kept
  }

  @inline(__always)
  private func store(_ run: UnsafeRawBufferPointer) {
    guard !run.isEmpty else { return }
    endHalf()
    let kept = min(run.count, max(0, room))
    scratch.append(contentsOf: UnsafeRawBufferPointer(rebasing: run[..<kept]))
    span.kept += kept
    span.size += run.count
  }

  private func store(_ byte: UInt8) {
    endHalf()
    storePlain(byte)
  }

  private func storePlain(_ byte: UInt8) {
    if room > 0 {
      scratch.append(byte)
      span.kept += 1
    }
    span.size += 1
  }

  private func endLiteral() {
    let text = scratch[span.start...]
    span.isNull = text.elementsEqual("null".utf8)
    finishCell()
    state = .cell
  }

  private static func endsLiteral(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte <= 0x20
  }

  private func escape(_ byte: UInt8) {
    state = .string
    switch byte {
    case UInt8(ascii: "b"): store(0x08)
    case UInt8(ascii: "f"): store(0x0c)
    case UInt8(ascii: "n"): store(0x0a)
    case UInt8(ascii: "r"): store(0x0d)
    case UInt8(ascii: "t"): store(0x09)
    case UInt8(ascii: "u"):
      (unit, unitDigits) = (0, 0)
      state = .unicode
    default: store(byte)
    }
  }

  private func unicode(_ byte: UInt8) throws {
    guard let digit = Self.hexDigit(byte) else {
      throw Self.malformed("an escape has no four hexadecimal digits")
    }
    unit = unit << 4 | digit
    unitDigits += 1
    guard unitDigits == 4 else { return }
    state = .string
    if highSurrogate != 0, unit & 0xfc00 == 0xdc00 {
      let scalar = 0x10000 + (highSurrogate & 0x3ff) << 10 + (unit & 0x3ff)
      highSurrogate = 0
      encode(scalar)
      return
    }
    endHalf()
    if unit & 0xfc00 == 0xd800 { highSurrogate = unit } else { encode(unit) }
  }

  /// A surrogate without its other half stays the bytes that are no UTF-8: a row error later (R36).
  private func endHalf() {
    guard highSurrogate != 0 else { return }
    let half = highSurrogate
    highSurrogate = 0
    encode(half)
  }

  private func encode(_ scalar: UInt32) {
    func byte(_ value: UInt32) { storePlain(UInt8(truncatingIfNeeded: value)) }
    switch scalar {
    case ..<0x80: byte(scalar)
    case ..<0x800:
      byte(0xc0 | scalar >> 6)
      byte(0x80 | scalar & 0x3f)
    case ..<0x10000:
      byte(0xe0 | scalar >> 12)
      byte(0x80 | scalar >> 6 & 0x3f)
      byte(0x80 | scalar & 0x3f)
    default:
      byte(0xf0 | scalar >> 18)
      byte(0x80 | scalar >> 12 & 0x3f)
      byte(0x80 | scalar >> 6 & 0x3f)
      byte(0x80 | scalar & 0x3f)
    }
  }

  // MARK: The outer object

  private func outer(_ byte: UInt8) throws {
    if state != .key, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { return }
    switch (state, byte) {
    case (.start, UInt8(ascii: "{")): state = .member
    case (.start, UInt8(ascii: "[")):
      isBare = true
      state = .row
    case (.member, UInt8(ascii: ",")): break
    case (.member, UInt8(ascii: "}")): state = .end
    case (.member, UInt8(ascii: "\"")):
      keyText.removeAll(keepingCapacity: true)
      state = .key
    case (.key, UInt8(ascii: "\"")): state = .colon
    case (.key, _): keyText.append(byte)
    case (.colon, UInt8(ascii: ":")):
      state = keyText.elementsEqual("data".utf8) ? .rows : .value
    case (.value, _):
      if document.count > 1 { document.append(UInt8(ascii: ",")) }
      document += [UInt8(ascii: "\"")] + keyText + [UInt8(ascii: "\""), UInt8(ascii: ":")]
      (depth, isInString, isEscaped) = (0, false, false)
      state = .kept
      _ = try keep(byte)
    case (.rows, UInt8(ascii: "[")): state = .row
    // `"data": null` of a status.
    case (.rows, UInt8(ascii: "n")), (.rows, UInt8(ascii: "u")), (.rows, UInt8(ascii: "l")): break
    case (.rows, UInt8(ascii: ",")): state = .member
    case (.rows, UInt8(ascii: "}")): state = .end
    default: throw Self.malformed("it is not the JSON of a result")
    }
  }

  /// - Returns: true when the byte ended the value and belongs to what follows.
  private func keep(_ byte: UInt8) throws -> Bool {
    guard document.count < Self.longestDocument else {
      throw Self.malformed("what describes the result is longer than 16 MiB")
    }
    if isInString {
      document.append(byte)
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
        if depth == 0 { state = .member }
      }
      return false
    }
    switch byte {
    case UInt8(ascii: "\""): isInString = true
    case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      guard depth > 0 else {
        state = .member
        return true
      }
      depth -= 1
      if depth == 0 { state = .member }
    case UInt8(ascii: ",") where depth == 0:
      state = .member
      return true
    default: break
    }
    document.append(byte)
    return false
  }

  private static func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 48...57: UInt32(byte) - 48
    case 65...70: UInt32(byte) - 55
    case 97...102: UInt32(byte) - 87
    default: nil
    }
  }

  static let malformedCode = "malformed_answer"

  static func malformed(_ reason: String) -> Failure {
    Failure(
      malformedCode,
      "Snowflake's answer cannot be read: \(reason); look for a proxy that answers in its place",
      recovery: .reconnect
    )
  }
}
