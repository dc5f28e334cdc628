import DequeModule

/// First in, first out; the first message needs no allocation, as most calls have one.
struct MessageFIFO: Sendable {
  private var first: PrefixedMessage?
  private var rest: Deque<PrefixedMessage> = []

  var isEmpty: Bool { first == nil }
  var head: PrefixedMessage? { first }

  mutating func append(_ message: PrefixedMessage) {
    if first == nil { first = message } else { rest.append(message) }
  }

  mutating func popFirst() -> PrefixedMessage? {
    guard let message = first else { return nil }
    first = rest.popFirst()
    return message
  }

  mutating func removeAll() {
    first = nil
    rest.removeAll()
  }
}
