import RPC
import VaultAPI

/// Which role may call which method. What is not listed is denied.
enum VaultAccess {
  /// - Throws: UNAUTHENTICATED without an identity, PERMISSION_DENIED with another role.
  static func check(_ path: String, _ context: ServerContext) throws(RPCError) {
    switch path {
    case VaultMethods.putCredential.path, VaultMethods.listCredentials.path,
      VaultMethods.deleteCredential.path, VaultMethods.rotateKey.path,
      VaultMethods.promoteKey.path, VaultMethods.destroyKey.path:
      try context.require(roles: "operator")
    case VaultMethods.getCredential.path:
      // The orchestrator checks that a source's credential is there.
      try context.require(roles: "operator", "orchestrator")
    case VaultMethods.holdCredential.path, VaultMethods.dropCredential.path,
      VaultMethods.proveKey.path, VaultMethods.signSnowflakeToken.path,
      VaultMethods.signGoogleAssertion.path, VaultMethods.signSSHUserAuth.path:
      try context.require(roles: "orchestrator")
    case VaultMethods.releaseSecret.path:
      // Not the operator: who gave a secret in has no need to read it back.
      try context.require(roles: "orchestrator", "writer")
    case _ where path.hasPrefix("/\(VaultOperationsMethods.service)/"):
      try context.require(roles: "operator")
    default:
      throw RPCError(.permissionDenied, "no role may call \(path)")
    }
  }

  /// A secret goes to the service that signs in with it, and to no other.
  static func checkRelease(
    of kind: CredentialKind,
    _ context: ServerContext
  ) throws(RPCError) {
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
