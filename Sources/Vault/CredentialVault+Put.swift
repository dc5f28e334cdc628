import Crypto
import Logging
public import RPC
import SQLDatabase
import SyncModel
public import VaultAPI

extension CredentialVault {
  public func putCredential(
    _ request: PutCredentialRequest,
    context: ServerContext
  ) async throws -> PutCredentialResponse {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    try RequestChecks.username(request.username)
    try RequestChecks.secret(request)
    let outcome = try await answering(context) {
      let secret = try await self.newSecret(for: request)
      let at = self.world.now()
      return try await self.database.transaction { [store] connection in
        let put = CredentialPut(request: request, secret: secret, at: at, store: store)
        let outcome = try put.run(in: connection)
        try AuditRecord(
          action: outcome.action,
          at: at,
          peer: context.peer,
          workspace: request.workspace,
          name: request.name,
          version: outcome.stored.version
        ).append(in: connection)
        return outcome
      }
    }
    logger.info(
      "stored a credential",
      metadata: [
        "workspace": "\(request.workspace)", "credential": "\(request.name)",
        "change": "\(outcome.change)", "version": "\(outcome.stored.version)",
        "peer.role": "\(context.peer?.role ?? "")",
        "peer.instance": "\(context.peer?.instance ?? "")",
      ]
    )
    return PutCredentialResponse(credential: outcome.stored.credential, change: outcome.change)
  }

  /// What is to be stored if nothing is there yet. A key pair is made before the transaction, which
  /// it would hold up for everybody.
  private func newSecret(for request: PutCredentialRequest) async throws -> NewSecret {
    guard request.type == .keyPair else { return .password(SecretBytes(request.secret)) }
    let isThere = try await database.read { [store] connection in
      try store.find(request.workspace, request.name, in: connection) != nil
    }
    // A credential is never removed, so that the transaction will find it too.
    if isThere { return .none }
    let bits = request.keyBits == 0 ? RSAKeyPair.permittedBits.lowerBound : Int(request.keyBits)
    return .keyPair(try await keyPairs.make(bits: bits))
  }
}
