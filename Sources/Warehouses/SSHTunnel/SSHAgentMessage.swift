/// What a client asks an agent, and its answers (draft-miller-ssh-agent, section 3).
enum SSHAgentMessage {
  /// Longer than any request to sign a login.
  static let longest = 16_384

  enum Request: Equatable {
    case identities
    case sign(key: [UInt8], data: [UInt8])
    /// Anything else, extensions among it.
    case other
  }

  /// - Parameter body: a message without its length.
  static func request(_ body: [UInt8]) -> Request {
    var rest = body[...]
    switch rest.popFirst() {
    case 11: return .identities
    case 13:
      guard let key = string(&rest), let data = string(&rest) else { return .other }
      return .sign(key: key, data: data)
    default: return .other
    }
  }

  static let failure: [UInt8] = framed([5])

  static func identities(_ key: [UInt8]) -> [UInt8] {
    framed([12, 0, 0, 0, 1] + string(key) + string(Array("vault".utf8)))
  }

  static func signature(_ signature: [UInt8]) -> [UInt8] { framed([14] + string(signature)) }

  /// The length that begins a message; nil where nobody honest sends such a one.
  static func length(_ head: [UInt8]) -> Int? {
    var rest = head[...]
    guard let length = number(&rest), (1...longest).contains(length) else { return nil }
    return length
  }

  private static func framed(_ body: [UInt8]) -> [UInt8] { string(body) }

  private static func string(_ bytes: [UInt8]) -> [UInt8] {
    let count = UInt32(truncatingIfNeeded: bytes.count)
    return (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * UInt32($0))) } + bytes
  }

  private static func string(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard let count = number(&rest), count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  private static func number(_ rest: inout ArraySlice<UInt8>) -> Int? {
    guard rest.count >= 4 else { return nil }
    var value = 0
    for byte in rest.prefix(4) { value = value << 8 | Int(byte) }
    rest = rest.dropFirst(4)
    return value
  }
}
