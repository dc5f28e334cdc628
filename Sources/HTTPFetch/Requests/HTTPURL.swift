/// An absolute `http` or `https` URL, checked and in one spelling, so that no two readers differ.
///
/// Refused: a user name, a fragment, a space, a backslash, bytes outside printable ASCII, and hosts
/// that `Host` refuses. The path and query are sent byte for byte: a signed link stays signed.
public struct HTTPURL: Sendable, Hashable {
  public enum Scheme: String, Sendable {
    case http
    case https

    var defaultPort: Int { self == .http ? 80 : 443 }
  }

  public let scheme: Scheme
  public let host: Host
  public let port: Int
  /// Path and query; begins with a slash.
  public let target: String

  /// The longest URL that is taken, in bytes.
  public static let longest = 16_384

  /// - Throws: `FetchError` `invalidRequest`, which repeats no part that may be secret.
  public init(_ text: String) throws(FetchError) {
    guard text.utf8.count <= Self.longest else {
      throw FetchError(.invalidRequest, "the URL is longer than \(Self.longest) bytes")
    }
    guard let separator = text.utf8.firstRange(of: "://") else {
      throw FetchError(.invalidRequest, "the URL does not begin with https://")
    }
    let scheme = String(decoding: text.utf8[..<separator.lowerBound], as: UTF8.self).lowercased()
    guard let scheme = Scheme(rawValue: scheme) else {
      throw FetchError(.invalidRequest, "the URL does not begin with https://")
    }
    let rest = text.utf8[separator.upperBound...]
    let end = rest.firstIndex { $0 == 0x2f || $0 == 0x3f || $0 == 0x23 } ?? rest.endIndex
    try self.init(
      scheme: scheme,
      authority: String(decoding: rest[..<end], as: UTF8.self),
      target: String(decoding: rest[end...], as: UTF8.self)
    )
  }

  private init(scheme: Scheme, authority: String, target: String) throws(FetchError) {
    guard !authority.utf8.contains(UInt8(ascii: "@")) else {
      throw FetchError(.invalidRequest, "the URL has a user name before its host; use a credential")
    }
    self.scheme = scheme
    (host, port) = try Self.hostAndPort(authority, scheme: scheme)
    let target = target.utf8.first == 0x2f ? target : "/\(target)"
    guard target.utf8.allSatisfy({ Self.isAllowed($0) }) else {
      throw FetchError(
        .invalidRequest,
        "the URL to \(host) has a character that must be percent-encoded, or a fragment"
      )
    }
    self.target = target
  }

  /// Another target at the same place: a driver's next page. `target` begins with a slash.
  public func replacing(target: String) throws(FetchError) -> HTTPURL {
    guard target.utf8.first == 0x2f else {
      throw FetchError(.invalidRequest, "the path of a call to \(host) does not begin with a slash")
    }
    return try HTTPURL("\(origin)\(target)")
  }

  private static func hostAndPort(
    _ authority: String,
    scheme: Scheme
  ) throws(FetchError) -> (Host, Int) {
    var name = authority[...]
    var port: Substring?
    if authority.utf8.first == 0x5b {
      guard let close = authority.lastIndex(of: "]") else {
        throw FetchError(.invalidRequest, "the URL's host has no closing bracket")
      }
      name = authority[authority.index(after: authority.startIndex)..<close]
      let rest = authority[authority.index(after: close)...]
      guard rest.isEmpty || rest.utf8.first == 0x3a, name.utf8.contains(0x3a) else {
        throw FetchError(.invalidRequest, "the URL's host is no IPv6 address in brackets")
      }
      if !rest.isEmpty { port = rest.dropFirst() }
    } else if let colon = authority.firstIndex(of: ":") {
      name = authority[..<colon]
      port = authority[authority.index(after: colon)...]
    }
    let host = try Host(String(name))
    // An address with colons outside brackets was cut at its first colon and is refused below.
    guard let port else { return (host, scheme.defaultPort) }
    guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (48...57).contains($0) }),
      let number = Int(port), (1...65_535).contains(number)
    else {
      throw FetchError(
        .invalidRequest,
        "the port of the URL to \(host) is not a number from 1 to 65535"
      )
    }
    return (host, number)
  }

  /// RFC 3986's characters and `|`, which signed links have; `#` would begin a fragment.
  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "<"), UInt8(ascii: ">"),
      UInt8(ascii: "\\"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"),
      UInt8(ascii: "}"):
      false
    default: (0x21...0x7e).contains(byte)
    }
  }

  /// `https://host` or `https://host:8443`.
  public var origin: String {
    port == scheme.defaultPort
      ? "\(scheme.rawValue)://\(host)" : "\(scheme.rawValue)://\(host):\(port)"
  }

  /// All of it, secrets in the query included: for the wire, never for a log.
  public var fullText: String { origin + target }
}

extension HTTPURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Without the query's values: a signed link is a credential.
  public var description: String {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return fullText }
    return "\(origin)\(target[..<mark])?[redacted]"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["origin": origin]) }
}

extension Substring.UTF8View {
  /// `firstRange` of the standard library compares `String`s by canonical equivalence.
  fileprivate func firstRange(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].starts(with: text.utf8) {
        return start..<index(start, offsetBy: text.utf8.count)
      }
      start = index(after: start)
    }
    return nil
  }
}

extension String.UTF8View {
  fileprivate func firstRange(of text: String) -> Range<Index>? { self[...].firstRange(of: text) }
}
