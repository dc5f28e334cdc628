import DequeModule

/// First in, first out; the first message needs no allocation, as most calls have one.
struct MessageFIFO: Sendable {
  private var first: [UInt8]?
  private var rest: Deque<[UInt8]> = []

  var isEmpty: Bool { first == nil }
  var head: [UInt8]? { first }

  mutating func append(_ message: [UInt8]) {
    if first == nil { first = message } else { rest.append(message) }
  }

  mutating func popFirst() -> [UInt8]? {
    guard let message = first else { return nil }
    first = rest.popFirst()
    return message
  }

  mutating func removeAll() {
    first = nil
    rest.removeAll()
  }
}
