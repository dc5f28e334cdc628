/// What a handler knows of its call besides the messages.
///
/// Cancellation (the client's, a lost connection, the deadline) arrives as the cancellation of the
/// handler's task.
public struct ServerContext: Sendable {
  /// `/package.Service/Method`.
  public var path: String
  public var metadata: Metadata
  /// When the client stops waiting; nil without a `grpc-timeout`.
  public var deadline: ContinuousClock.Instant?
  /// nil on plaintext connections (tests only).
  public var peer: PeerIdentity?
  /// nil in a context that no transport made.
  var response: (any HandlerResponseKeeper)?

  public init(
    path: String,
    metadata: Metadata = Metadata(),
    deadline: ContinuousClock.Instant? = nil,
    peer: PeerIdentity? = nil
  ) {
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
  }

  init(
    path: String,
    metadata: Metadata,
    deadline: ContinuousClock.Instant?,
    peer: PeerIdentity?,
    response: any HandlerResponseKeeper
  ) {
    self.init(path: path, metadata: metadata, deadline: deadline, peer: peer)
    self.response = response
  }

  /// Lets only these roles pass.
  /// - Throws: UNAUTHENTICATED without an identity, PERMISSION_DENIED with another role.
  public func require(roles: String...) throws(RPCError) {
    guard let peer else {
      throw RPCError(.unauthenticated, "\(path) needs a client certificate that names a role")
    }
    guard roles.contains(peer.role) else {
      throw RPCError(
        .permissionDenied,
        "role \(peer.role) may not call \(path); it is for \(roles.joined(separator: ", "))"
      )
    }
  }
}
