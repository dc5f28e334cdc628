/// Refuses calls that a table does not allow, before their handlers run and their messages are read.
///
/// `RPCRouter` puts it before the methods of services that restrict them; of all interceptors it is
/// the last to see a call, so that a refusal is logged and counted as any other answer.
struct Authorisation: ServerInterceptor {
  private let path: String
  private let rule: CallerRule

  /// - Parameter path: the one method that this looks after, so that a call need look nothing up.
  init(_ table: RoleTable, path: String) {
    self.path = path
    rule = table.rule(forPath: path)
  }

  /// - Throws: UNAUTHENTICATED without an identity, PERMISSION_DENIED with another role.
  func callBegins(_ context: inout ServerContext) throws(RPCError) {
    guard let peer = context.peer else {
      throw RPCError(.unauthenticated, "\(path) needs a client certificate that names a role")
    }
    if !rule.allows(peer) { throw refusal(of: peer) }
  }

  private func refusal(of peer: PeerIdentity) -> RPCError {
    var whom = "nobody"
    if case .roles(let roles) = rule, !roles.isEmpty { whom = roles.joined(separator: ", ") }
    return RPCError(
      .permissionDenied,
      "role \(peer.role) may not call \(path); it is for \(whom)"
    )
  }
}
