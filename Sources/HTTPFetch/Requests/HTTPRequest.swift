/// The methods that warehouses, destinations and webhooks have.
public enum HTTPMethod: String, Sendable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"

  /// RFC 9110, section 9.2.2: the same effect however often it arrives.
  public var isIdempotent: Bool { self != .post && self != .patch }
}

/// One request. It prints without its headers' values, its query and its body.
public struct HTTPRequest: Sendable {
  public var method: HTTPMethod
  public var url: HTTPURL
  public var headers: HTTPHeaders
  /// nil for none, which `post`, `put` and `patch` send as one of no bytes. GET and HEAD have none.
  public var body: [UInt8]?
  /// Whether it may be sent again when nobody knows if it arrived. Set it for a POST that carries an
  /// id by which the peer knows it again.
  public var isIdempotent: Bool
  public var limits: BodyLimits
  /// nil for the client's.
  public var timeouts: FetchTimeouts?
  /// The path is a credential too (chat webhooks): it prints as `[redacted]`.
  public var hidesPath: Bool

  public init(
    _ method: HTTPMethod,
    _ url: HTTPURL,
    headers: HTTPHeaders = HTTPHeaders(),
    body: [UInt8]? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    isIdempotent = method.isIdempotent
    limits = BodyLimits()
    timeouts = nil
    hidesPath = false
  }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    "\(method.rawValue) \(hidesPath ? "\(url.origin)/[redacted]" : url.description)"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// What a response's body may grow to, in bytes after decoding.
public struct BodyLimits: Sendable {
  public var decoded: Int
  /// A compressed body may unpack to so many times its size, once it is larger than `expansionFrom`:
  /// 260 kB of gzip were measured to become 256 MiB (reliability.md 5.3).
  public var expansion: Int
  public var expansionFrom: Int

  public init(
    decoded: Int = 1 << 30,
    expansion: Int = 100,
    expansionFrom: Int = 16 << 20
  ) {
    self.decoded = decoded
    self.expansion = expansion
    self.expansionFrom = expansionFrom
  }
}
