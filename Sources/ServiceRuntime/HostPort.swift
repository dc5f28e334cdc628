/// A host and a TCP port, written `host:port`; an IPv6 address stands in brackets.
public struct HostPort: Sendable, Hashable {
  /// A name or an address, without brackets.
  public var host: String
  /// 0 to 65535; 0 asks the system for a free port where one listens.
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// nil unless the text is `host:port`, `[v6]:port` or `:port` (every address of this machine).
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = Int(digits), (0...65535).contains(port)
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil
    }
    guard !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == 0x2F }) else { return nil }
    self.init(host: host.isEmpty ? "0.0.0.0" : host, port: port)
  }

  /// The address at which this machine reaches a listener of its own.
  public var asSeenFromHere: HostPort {
    switch host {
    case "0.0.0.0": HostPort(host: "127.0.0.1", port: port)
    case "::": HostPort(host: "::1", port: port)
    default: self
    }
  }
}

extension HostPort: CustomStringConvertible {
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
