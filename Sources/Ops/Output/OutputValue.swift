/// A value that a command prints: JSON's kinds, with whole 64-bit numbers and fields in their order.
enum OutputValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case text(String)
  case list([OutputValue])
  case object(OutputObject)
  /// JSON that a service made, passed through byte by byte.
  case json([UInt8])

  static func text(orNull text: String) -> OutputValue { text.isEmpty ? .null : .text(text) }
}

/// Named values in a fixed order.
struct OutputObject: Sendable, Equatable {
  struct Field: Sendable, Equatable {
    var name: String
    var value: OutputValue
  }

  var fields: [Field] = []

  subscript(name: String) -> OutputValue? { fields.first { $0.name == name }?.value }

  mutating func append(_ name: String, _ value: OutputValue) {
    fields.append(Field(name: name, value: value))
  }
}

extension OutputObject: ExpressibleByDictionaryLiteral {
  init(dictionaryLiteral elements: (String, OutputValue)...) {
    fields = elements.map { Field(name: $0.0, value: $0.1) }
  }
}

extension OutputValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral
{
  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int64) { self = .integer(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(nilLiteral: ()) { self = .null }
  init(arrayLiteral elements: OutputValue...) { self = .list(elements) }
}

/// One thing that a command lists or shows.
struct Record: Sendable, Equatable {
  /// What `-o name` prints.
  var name: String
  var fields: OutputObject
}

/// A table's column: a heading over one of a record's fields.
struct Column: Sendable, Equatable {
  enum Alignment: Sendable {
    case left
    case right
    /// A time, to the second: whoever needs more asks for another format.
    case time
  }

  var heading: String
  var field: String
  var alignment: Alignment

  init(_ heading: String, _ field: String, _ alignment: Alignment = .left) {
    self.heading = heading
    self.field = field
    self.alignment = alignment
  }
}
