/// How an `HTTPClient` connects. The defaults suit a warehouse's API on the public internet.
public struct HTTPClientConfiguration: Sendable {
  public var policy: AddressPolicy
  /// A PEM file of the authorities to trust instead of the system's; nil for the system's.
  public var authorityFile: String?
  /// HTTP/2 where the server offers it; HTTP/1.1 otherwise, and always when false.
  public var usesHTTP2: Bool
  /// Connections together, and to one scheme, host and port: further requests wait in line.
  public var maximumConnections: Int
  public var maximumConnectionsPerHost: Int
  /// Requests that may wait in line; one more fails with `overloaded`.
  public var maximumWaiting: Int
  /// What a response may hold for its reader, in bytes; then the peer is held up.
  public var bodyBuffer: Int
  /// A response's header with its interim answers and trailers, in bytes.
  public var headerLimit: Int
  public var timeouts: FetchTimeouts
  /// `http://proxy.example:3128`; nil for none. The environment's proxies are never used. A proxy
  /// resolves names itself, so the address policy holds for literal addresses only: it has to have
  /// a policy of its own.
  public var proxy: HTTPURL?
  public var userAgent: String

  public init(
    policy: AddressPolicy = AddressPolicy(),
    authorityFile: String? = nil,
    timeouts: FetchTimeouts = FetchTimeouts()
  ) {
    self.policy = policy
    self.authorityFile = authorityFile
    usesHTTP2 = true
    maximumConnections = 64
    maximumConnectionsPerHost = 8
    maximumWaiting = 16_384
    bodyBuffer = 262_144
    headerLimit = 65_536
    self.timeouts = timeouts
    proxy = nil
    userAgent = "sluice"
  }
}
