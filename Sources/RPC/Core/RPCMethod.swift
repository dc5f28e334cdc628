public import Wire

/// Who may send how many messages.
public enum RPCShape: Sendable, Equatable {
  case unary
  case serverStreaming
  case clientStreaming
  case bidirectional
}

/// One method of a service, with the types of its messages.
public struct RPCMethod<Request: WireMessage, Response: WireMessage>: Sendable {
  /// Fully qualified, e.g. `sluice.vault.v1.Vault`.
  public let service: String
  public let name: String
  public let shape: RPCShape
  /// A second call with the same request does no harm; only such methods are ever retried.
  public let isIdempotent: Bool

  public init(service: String, name: String, shape: RPCShape = .unary, isIdempotent: Bool = false) {
    self.service = service
    self.name = name
    self.shape = shape
    self.isIdempotent = isIdempotent
  }

  /// The `:path` of the call.
  public var path: String { "/\(service)/\(name)" }
}
