/// How one call failed: what a server answers, or what a client makes of a lost connection.
public struct RPCError: Error, Sendable {
  /// Never `.ok`.
  public var code: RPCCode
  /// Travels to the peer in `grpc-message`; it must not hold secrets or payloads.
  public var message: String
  /// Trailing metadata. A service's stable error code is under `RPCError.reasonKey`.
  public var metadata: Metadata
  /// What was behind it, in this process only.
  public var cause: (any Error)?
  /// The server provably never looked at the call: it may be made again, whatever the method.
  var wasNotProcessed = false
  /// When the server wants the call again, if it said so.
  var retryPushback: RetryPushback?

  /// Trailer that carries a stable, machine-readable code such as `stale_epoch`.
  public static let reasonKey = "sluice-reason"

  /// Trailer of `statusDetails`.
  static let statusDetailsKey = "grpc-status-details-bin"

  public init(
    _ code: RPCCode,
    _ message: String,
    reason: String? = nil,
    metadata: Metadata = Metadata(),
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.metadata = metadata
    self.cause = cause
    if let reason { self.metadata.set(Self.reasonKey, reason) }
  }

  /// The stable code that a service gave, if it gave one.
  public var reason: String? { metadata.first(Self.reasonKey) }

  /// The bytes of a `google.rpc.Status`, which tells machines more than the message tells people;
  /// nil when the peer sent none. It must not hold secrets or payloads.
  public var statusDetails: [UInt8]? {
    get {
      for case .bytes(let bytes) in metadata[Self.statusDetailsKey] { return bytes }
      return nil
    }
    set {
      metadata.remove(Self.statusDetailsKey)
      if let newValue { metadata.append(Self.statusDetailsKey, .bytes(newValue)) }
    }
  }
}

extension RPCError: CustomStringConvertible {
  public var description: String { "\(code.name): \(message)" }
}

/// An error that chooses its own wire code. What does not conform is answered as UNKNOWN, with a
/// fixed text: an unexpected error's text may hold anything.
public protocol RPCErrorConvertible: Error {
  var rpcError: RPCError { get }
}
