import RPC
import VaultAPI

/// Which role may call which method. What is not listed is denied.
enum VaultAccess {
  /// - Throws: UNAUTHENTICATED without an identity, PERMISSION_DENIED with another role.
  static func check(_ path: String, _ context: ServerContext) throws(RPCError) {
    switch path {
    case VaultMethods.putCredential.path, VaultMethods.listCredentials.path:
      try context.require(roles: "operator")
    case VaultMethods.getCredential.path:
      // The orchestrator checks that a source's credential is there.
      try context.require(roles: "operator", "orchestrator")
    case VaultMethods.releaseSecret.path:
      // Not the operator: who gave a secret in has no need to read it back.
      try context.require(roles: "orchestrator", "writer")
    default:
      throw RPCError(.permissionDenied, "no role may call \(path)")
    }
  }
}
