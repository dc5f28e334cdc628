/// What a handler knows of its call besides the messages.
///
/// Cancellation (the client's, a lost connection, the deadline) arrives as the cancellation of the
/// handler's task.
///
/// It is one reference, as it goes through many hands; changing a copy leaves the original as it is.
public struct ServerContext: Sendable {
  /// Safety: it is changed only while one context has it.
  private final class Storage: @unchecked Sendable {
    var path: String
    var metadata: Metadata
    var deadline: ContinuousClock.Instant?
    var peer: PeerIdentity?
    var trace: TraceContext?
    let response: (any HandlerResponseKeeper)?

    init(
      _ path: String,
      _ metadata: Metadata,
      _ deadline: ContinuousClock.Instant?,
      _ peer: PeerIdentity?,
      _ trace: TraceContext?,
      _ response: (any HandlerResponseKeeper)?
    ) {
      self.path = path
      self.metadata = metadata
      self.deadline = deadline
      self.peer = peer
      self.trace = trace
      self.response = response
    }
  }

  private var storage: Storage

  private mutating func change(_ body: (Storage) -> Void) {
    if !isKnownUniquelyReferenced(&storage) {
      storage = Storage(path, metadata, deadline, peer, trace, response)
    }
    body(storage)
  }

  /// `/package.Service/Method`.
  public var path: String {
    get { storage.path }
    set { change { $0.path = newValue } }
  }

  public var metadata: Metadata {
    get { storage.metadata }
    set { change { $0.metadata = newValue } }
  }

  /// When the client stops waiting; nil without a `grpc-timeout`.
  public var deadline: ContinuousClock.Instant? {
    get { storage.deadline }
    set { change { $0.deadline = newValue } }
  }

  /// nil on plaintext connections (tests only).
  public var peer: PeerIdentity? {
    get { storage.peer }
    set { change { $0.peer = newValue } }
  }

  /// Where the call stands in its trace; nil when nobody traces it.
  public var trace: TraceContext? {
    get { storage.trace }
    set { change { $0.trace = newValue } }
  }

  /// nil in a context that no transport made.
  var response: (any HandlerResponseKeeper)? { storage.response }

  public init(
    path: String,
    metadata: Metadata = Metadata(),
    deadline: ContinuousClock.Instant? = nil,
    peer: PeerIdentity? = nil
  ) {
    storage = Storage(path, metadata, deadline, peer, nil, nil)
  }

  init(
    path: String,
    metadata: Metadata,
    deadline: ContinuousClock.Instant?,
    peer: PeerIdentity?,
    response: any HandlerResponseKeeper
  ) {
    storage = Storage(path, metadata, deadline, peer, nil, response)
  }
}
