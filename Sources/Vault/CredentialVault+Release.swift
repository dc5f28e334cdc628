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
    try RequestChecks.use(request.workspace, request.name, request.purpose, request.runId)
    let (released, credential) = try await changing(context) { change in
      let found = try change.get(request.workspace, request.name)
      guard !found.kind.neverLeaves else {
        throw RPCError(
          .failedPrecondition,
          "credential \"\(request.name)\" is a \(found.kind.name ?? ""), and its private key never "
            + "leaves the vault",
          reason: "key_never_leaves"
        )
      }
      try ReleaseRule.check(found.kind, context)
      let secret = try change.store.openCurrent(of: found, in: change.connection)
      // The secret leaves when the record of it is on the disk (design, decision 15).
      try change.audit(
        .released,
        found,
        purpose: request.purpose,
        runID: request.runId,
        secret: secret
      )
      let released = ReleasedSecret(
        type: found.kind,
        username: found.username,
        secret: secret.copyBytes(),
        version: found.version
      )
      return (released, found.credential)
    }
    note(
      "released a secret",
      credential,
      context,
      ["purpose": "\(request.purpose)", "run.id": "\(request.runId)"]
    )
    return released
  }
}
