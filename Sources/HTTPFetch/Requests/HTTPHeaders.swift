/// Header fields in the order they were added or came; names compare without case (RFC 9110, 5.1).
public struct HTTPHeaders: Sendable {
  public struct Field: Sendable {
    public let name: String
    public let value: String
  }

  public private(set) var fields: [Field] = []

  public init() {}

  /// Appends a field for a request.
  ///
  /// The name is a token; the value has visible ASCII, spaces and tabs only: no line break, no NUL.
  /// Fields that say where a message ends or goes (`Content-Length`, `Host`, `Connection` and their
  /// like) are the client's own.
  /// - Throws: `FetchError` `invalidRequest`, without the value.
  public mutating func add(_ name: String, _ value: String) throws(FetchError) {
    guard (1...256).contains(name.utf8.count), name.utf8.allSatisfy({ Self.isToken($0) }) else {
      throw FetchError(.invalidRequest, "a header's name has a character that no name may have")
    }
    guard !Self.ownedByClient.contains(name.lowercased()) else {
      throw FetchError(.invalidRequest, "the header \(name) is set by the client itself")
    }
    guard value.utf8.count <= 16_384 else {
      throw FetchError(
        .invalidRequest,
        "the value of the header \(name) is longer than 16384 bytes"
      )
    }
    guard value.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 }) else {
      throw FetchError(
        .invalidRequest,
        "the value of the header \(name) has a line break, a control character or one outside ASCII"
      )
    }
    fields.append(Field(name: name, value: Self.trimmed(value.utf8)))
  }

  /// Appends a field that came from a peer, as it is.
  mutating func addReceived(name: String, value: String) {
    fields.append(Field(name: name, value: value))
  }

  mutating func removeAll() { fields.removeAll(keepingCapacity: true) }

  /// The first value of that name.
  public subscript(_ name: String) -> String? {
    fields.first { Self.sameName($0.name, name) }?.value
  }

  /// Every value of that name, in order.
  public func all(_ name: String) -> [String] {
    fields.filter { Self.sameName($0.name, name) }.map(\.value)
  }

  /// What RFC 9110, section 5.6.3 calls optional white space is no part of a value.
  static func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    var rest = bytes[...]
    while let first = rest.first, isSpace(first) { rest = rest.dropFirst() }
    while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
    return String(decoding: rest, as: UTF8.self)
  }

  private static func sameName(_ a: String, _ b: String) -> Bool {
    func folded(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
    return a.utf8.count == b.utf8.count
      && zip(a.utf8, b.utf8).allSatisfy { folded($0) == folded($1) }
  }

  static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
      UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static let ownedByClient: Set<String> = [
    "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive",
    "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
  ]
}

extension HTTPHeaders: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The names only: a value may be a token or a cookie.
  public var description: String { fields.map(\.name).joined(separator: ", ") }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["names": description]) }
}

extension HTTPHeaders.Field: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  public var description: String { "\(name): [redacted]" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}
