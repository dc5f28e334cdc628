/// A server as it is configured: a name (or an address) and a port.
public struct ServerTarget: Sendable, Hashable {
  /// With TLS the certificate of every address behind it must name it.
  public var host: String
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// As in `:authority`: an IPv6 address is bracketed (RFC 3986, 3.2.2).
  var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// One address behind a target.
struct Endpoint: Sendable, Hashable {
  var target: ServerTarget
  /// In numbers, e.g. `10.0.0.7` or `fd00::7`.
  var address: String
}
