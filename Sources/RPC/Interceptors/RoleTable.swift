/// Who may call what: a method that is not in the table may be called by nobody.
public struct RoleTable: Sendable {
  private var rules: [String: CallerRule] = [:]

  public init() {}

  /// Lets these roles call the method, besides those that already may.
  public mutating func allow<Request, Response>(
    _ roles: String...,
    toCall method: RPCMethod<Request, Response>
  ) {
    add(.roles(roles), method.path)
  }

  /// Lets everybody call the method whose certificate names a role, whichever: health checks.
  public mutating func allowEveryRole<Request, Response>(
    toCall method: RPCMethod<Request, Response>
  ) {
    add(.everyRole, method.path)
  }

  /// Allows what the other table allows, too.
  mutating func merge(_ other: RoleTable) {
    for (path, rule) in other.rules { add(rule, path) }
  }

  private mutating func add(_ rule: CallerRule, _ path: String) {
    rules[path] = rules[path, default: .roles([])].adding(rule)
  }

  /// The rule of one method: nobody's, if the table does not have it.
  func rule(forPath path: String) -> CallerRule { rules[path] ?? .roles([]) }
}

/// Who may call one method.
enum CallerRule: Sendable {
  case roles([String])
  case everyRole

  func adding(_ other: CallerRule) -> CallerRule {
    guard case .roles(let mine) = self, case .roles(let others) = other else { return .everyRole }
    return .roles(mine + others)
  }

  func allows(_ peer: PeerIdentity) -> Bool {
    guard case .roles(let roles) = self else { return true }
    // By index: a loop over the elements would copy each.
    for index in roles.indices where Self.isSame(roles[index], peer.role) { return true }
    return false
  }

  /// Roles compare by their bytes. `==` lets canonically equivalent texts be equal, but none of
  /// them has as many bytes as an ASCII text that it is equivalent to, and it costs least.
  private static func isSame(_ role: String, _ other: String) -> Bool {
    role == other && role.utf8.count == other.utf8.count
  }
}
