/// Who may call what: a method that is not in the table may be called by nobody.
public struct RoleTable: Sendable {
  private var roles: [String: [String]] = [:]
  private var openServices: Set<String> = []

  public init() {}

  /// Lets these roles call the method, besides those that already may.
  public mutating func allow<Request, Response>(
    _ roles: String...,
    toCall method: RPCMethod<Request, Response>
  ) {
    self.roles[method.path, default: []] += roles
  }

  /// Lets everybody call a service's methods, also without a certificate: health checks.
  public mutating func open(service: String) { openServices.insert(service) }

  /// - Throws: UNAUTHENTICATED without an identity, PERMISSION_DENIED with another role.
  public func check(_ path: String, _ peer: PeerIdentity?) throws(RPCError) {
    if isOpen(path) { return }
    guard let peer else {
      throw RPCError(.unauthenticated, "\(path) needs a client certificate that names a role")
    }
    let allowed = roles[path] ?? []
    guard allowed.contains(peer.role) else {
      let whom = allowed.isEmpty ? "nobody" : allowed.joined(separator: ", ")
      throw RPCError(
        .permissionDenied,
        "role \(peer.role) may not call \(path); it is for \(whom)"
      )
    }
  }

  fileprivate func isOpen(_ path: String) -> Bool {
    path.split(separator: "/").first.map { openServices.contains(String($0)) } ?? false
  }
}

/// Refuses calls that the table does not allow, before their handlers run.
public struct Authorisation: ServerInterceptor {
  private let table: RoleTable

  public init(_ table: RoleTable) { self.table = table }

  public func prepared(forPath path: String) -> any ServerInterceptor {
    if table.isOpen(path) { return Unrestricted() }
    return self
  }

  public func callBegins(_ context: inout ServerContext) throws(RPCError) {
    try table.check(context.path, context.peer)
  }

  private struct Unrestricted: ServerInterceptor {}
}
