/// How one call failed: what a server answers, or what a client makes of a lost connection.
///
/// It is one reference: every queue and every stream has room for one, and nearly none ever holds it.
public struct RPCError: Error, Sendable {
  private struct Values {
    var code: RPCCode
    var message: String
    var metadata: Metadata
    var cause: (any Error)?
    var wasNotProcessed = false
    var retryPushback: RetryPushback?
  }

  /// Safety: it is changed only while one error has it.
  private final class Storage: @unchecked Sendable {
    var values: Values
    init(_ values: Values) { self.values = values }
  }

  private var storage: Storage

  private mutating func change(_ body: (inout Values) -> Void) {
    if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.values) }
    body(&storage.values)
  }

  /// Never `.ok`.
  public var code: RPCCode {
    get { storage.values.code }
    set { change { $0.code = newValue } }
  }
  /// Travels to the peer in `grpc-message`; it must not hold secrets or payloads.
  public var message: String {
    get { storage.values.message }
    set { change { $0.message = newValue } }
  }
  /// Trailing metadata. A service's stable error code is under `RPCError.reasonKey`.
  public var metadata: Metadata {
    get { storage.values.metadata }
    set { change { $0.metadata = newValue } }
  }
  /// What was behind it, in this process only.
  public var cause: (any Error)? {
    get { storage.values.cause }
    set { change { $0.cause = newValue } }
  }
  /// The server provably never looked at the call: it may be made again, whatever the method.
  var wasNotProcessed: Bool {
    get { storage.values.wasNotProcessed }
    set { change { $0.wasNotProcessed = newValue } }
  }
  /// When the server wants the call again, if it said so.
  var retryPushback: RetryPushback? {
    get { storage.values.retryPushback }
    set { change { $0.retryPushback = newValue } }
  }

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
    var values = Values(code: code, message: message, metadata: metadata, cause: cause)
    if let reason { values.metadata.set(Self.reasonKey, reason) }
    storage = Storage(values)
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
