import RPC
import VaultAPI

/// Which service a secret goes to: the one that signs in with it, and no other. Who may call which
/// method at all is in `VaultMethods.roles`.
enum ReleaseRule {
  /// - Throws: PERMISSION_DENIED `not_for_this_role`.
  static func check(_ kind: CredentialKind, _ context: ServerContext) throws(RPCError) {
    let role = kind == .apiKey ? "writer" : "orchestrator"
    guard context.peer?.role == role else {
      throw RPCError(
        .permissionDenied,
        "a secret of type \(kind.name ?? "") goes to the \(role) only",
        reason: "not_for_this_role"
      )
    }
  }
}
