import Crypto
import Logging
public import RPC
import SQLDatabase
import SyncModel
public import VaultAPI

extension CredentialVault {
  public func releaseSecret(
    _ request: ReleaseSecretRequest,
    context: ServerContext
  ) async throws -> ReleasedSecret {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    try RequestChecks.line(request.purpose, of: "purpose", atMost: 256)
    try RequestChecks.line(request.runId, of: "run_id", atMost: 128)
    let at = world.now()
    let released = try await answering(context) {
      // A transaction: the secret leaves when the record of it is on the disk (design, decision 15).
      try await self.database.transaction { [store] connection in
        guard
          let found = try store.find(request.workspace, request.name, in: connection)
        else { throw RPCError.noCredential(request.workspace, request.name) }
        guard found.kind == .password else {
          throw RPCError(
            .failedPrecondition,
            "credential \"\(request.name)\" is a key pair, and its private key never leaves the "
              + "vault",
            reason: "key_pair_never_leaves"
          )
        }
        try AuditRecord(
          action: .released,
          at: at,
          peer: context.peer,
          workspace: request.workspace,
          name: request.name,
          version: found.version,
          purpose: request.purpose,
          runID: request.runId
        ).append(in: connection)
        return ReleasedSecret(
          type: found.kind,
          username: found.username,
          secret: try store.secret(of: found, in: connection).copyBytes(),
          version: found.version
        )
      }
    }
    logger.info(
      "released a secret",
      metadata: [
        "workspace": "\(request.workspace)", "credential": "\(request.name)",
        "version": "\(released.version)", "purpose": "\(request.purpose)",
        "run.id": "\(request.runId)", "peer.role": "\(context.peer?.role ?? "")",
        "peer.instance": "\(context.peer?.instance ?? "")",
      ]
    )
    return released
  }
}
