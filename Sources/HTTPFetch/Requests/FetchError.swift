/// Why a request, a response's body or a mail failed.
///
/// Neither `message` nor `cause` holds a header's value, a query or a body: both may be logged.
public struct FetchError: Error, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Nothing was sent: the URL, a header or an address is malformed.
    case invalidRequest
    /// The operator's setting is malformed.
    case invalidSetting
    /// The address policy refuses where it would go.
    case notAllowed
    case hostNotFound
    case cannotConnect
    /// The peer's certificate is not the host's or nobody's that is trusted, or TLS failed otherwise.
    case tls
    case timeout
    /// The connection ended or was reset before the answer was complete.
    case connectionLost
    /// The body is shorter than the peer said.
    case truncated
    /// What came is not HTTP or not SMTP.
    case protocolViolation
    /// More bytes than the caller's limit, counted after decoding.
    case bodyTooLarge
    case headersTooLarge
    /// The body is not in the encoding that its header names.
    case badEncoding
    /// The peer understood and said no (mail only: an HTTP status is an answer, not an error).
    case refused
    /// Too many requests wait already.
    case overloaded
    /// The client was shut down.
    case closed
    /// libcurl or the system lacks something: memory, descriptors, a feature.
    case unavailable
  }

  public var kind: Kind
  /// What was wrong, where, and what to do; one sentence.
  public var message: String
  /// Whether the peer may have got the request: if so, only an idempotent one may be sent again.
  public var mayHaveArrived: Bool
  /// libcurl's own code and text, for operators' logs.
  public var cause: String?

  public init(_ kind: Kind, _ message: String, mayHaveArrived: Bool = false, cause: String? = nil) {
    self.kind = kind
    self.message = message
    self.mayHaveArrived = mayHaveArrived
    self.cause = cause
  }
}

extension FetchError: CustomStringConvertible {
  public var description: String {
    "\(kind.rawValue): \(message)" + (cause.map { " (\($0))" } ?? "")
  }
}
