/// Makes a tree of what a `JSONTokenizer` finds: a small answer, or the members around the rows of a
/// large one.
struct JSONTree: JSONEvents {
  struct TooLarge: Error {}

  /// What all texts of a tree may hold, in bytes.
  private static let largest = 16 << 20

  private enum Level {
    case object([(key: String, value: JSONValue)], key: String)
    case array([JSONValue])
  }

  private var open: [Level] = []
  private var size = 0
  private(set) var value: JSONValue?

  /// The members that have come of an object that is open still, or the value that was read.
  var soFar: JSONValue? {
    if case .object(let members, _) = open.first { return .object(members) }
    return value
  }

  mutating func beginObject() throws {
    try count(2)
    open.append(.object([], key: ""))
  }

  mutating func beginArray() throws {
    try count(2)
    open.append(.array([]))
  }

  mutating func end() {
    switch open.popLast() {
    case .object(let members, _): add(.object(members))
    case .array(let elements): add(.array(elements))
    case nil: break
    }
  }

  mutating func key(_ name: UnsafeRawBufferPointer) throws {
    try count(name.count)
    guard case .object(let members, _) = open.popLast() else { return }
    open.append(.object(members, key: String(decoding: name, as: UTF8.self)))
  }

  mutating func string(_ characters: UnsafeRawBufferPointer, size: Int) throws {
    try count(size)
    add(.string(String(decoding: characters, as: UTF8.self)))
  }

  mutating func word(_ text: UnsafeRawBufferPointer) throws {
    try count(text.count)
    switch String(decoding: text, as: UTF8.self) {
    case "null": add(.null)
    case "true": add(.bool(true))
    case "false": add(.bool(false))
    case let number: add(.number(number))
    }
  }

  private mutating func add(_ new: JSONValue) {
    switch open.popLast() {
    case .object(var members, let key):
      members.append((key, new))
      open.append(.object(members, key: key))
    case .array(var elements):
      elements.append(new)
      open.append(.array(elements))
    case nil: value = new
    }
  }

  private mutating func count(_ bytes: Int) throws {
    size += bytes + 1
    guard size <= Self.largest else { throw TooLarge() }
  }
}
