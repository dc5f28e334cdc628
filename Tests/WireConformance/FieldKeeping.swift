import Wire

/// A message that keeps fields which it does not know, as the conformance cases demand; the
/// messages of `Protos/` drop them on purpose.
protocol FieldKeepingMessage: WireMessage {
  /// Unknown fields with their tags, as they came.
  var unknownFields: [UInt8] { get set }

  /// Reads the field if it is one of the message's own.
  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool
}

extension FieldKeepingMessage {
  mutating func merge(from reader: inout WireReader) throws(WireError) {
    try mergeKeepingUnknown(from: &reader)
  }

  mutating func mergeKeepingUnknown(from reader: inout WireReader) throws(WireError) {
    var start = reader.index
    while let (number, type) = try reader.nextTag() {
      if try !read(number, type, from: &reader) {
        try reader.skip(number, type)
        unknownFields += reader.bytes[start..<reader.index]
      }
      start = reader.index
    }
  }
}

/// Some of a message's fields, next to one another in the order of the numbers.
protocol MessagePart: Sendable {
  mutating func read(
    _ number: UInt32,
    _ type: WireType,
    from reader: inout WireReader
  ) throws(WireError) -> Bool

  func encode(into writer: inout WireWriter)
}

/// An optional sub-message of the type that holds it, which a struct cannot hold by itself.
indirect enum Recursive<Message: WireMessage>: Sendable {
  case none
  case some(Message)

  mutating func read(from reader: inout WireReader) throws(WireError) {
    var message = Message()
    if case .some(let before) = self { message = before }
    try reader.message(into: &message)
    self = .some(message)
  }

  func write(_ number: UInt32, to writer: inout WireWriter) {
    if case .some(let message) = self { writer.message(number, message) }
  }
}
