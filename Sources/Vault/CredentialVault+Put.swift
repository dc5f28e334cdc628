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
    try RequestChecks.put(request)
    let put = CredentialPut(request: request, secret: try await newSecret(for: request, context))
    let outcome = try await changing(context) { change in try put.run(in: change) }
    let credential = outcome.stored.credential
    note("stored a credential", credential, context, ["change": "\(outcome.change)"])
    return PutCredentialResponse(credential: credential, change: outcome.change)
  }

  public func deleteCredential(
    _ request: DeleteCredentialRequest,
    context: ServerContext
  ) async throws -> DeleteCredentialResponse {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    let deleted = try await changing(context) { change in
      let found = try change.get(request.workspace, request.name)
      // R144: the answer names the syncs.
      guard found.holders.isEmpty else {
        throw RPCError(
          .failedPrecondition,
          "credential \"\(found.name)\" is used by \(Self.syncs(found.holders)) and cannot be "
            + "deleted; pause or delete \(found.holders.count == 1 ? "it" : "them") first",
          reason: "credential_in_use"
        )
      }
      try change.store.delete(found, in: change.connection)
      try change.audit(.deleted, found)
      return found.credential
    }
    note("deleted a credential", deleted, context)
    return DeleteCredentialResponse()
  }

  public func holdCredential(
    _ request: HoldCredentialRequest,
    context: ServerContext
  ) async throws -> Credential {
    return try await using(request.workspace, request.name, request.holder, context) {
      found,
      change in
      guard !found.holders.contains(request.holder) else { return }
      try change.store.hold(
        found,
        by: request.holder,
        since: change.now.nanoseconds,
        in: change.connection
      )
      try change.audit(.held, found, detail: "by sync \(request.holder)")
    }
  }

  public func dropCredential(
    _ request: DropCredentialRequest,
    context: ServerContext
  ) async throws -> Credential {
    return try await using(request.workspace, request.name, request.holder, context) {
      found,
      change in
      guard found.holders.contains(request.holder) else { return }
      try change.store.drop(found, by: request.holder, in: change.connection)
      try change.audit(.dropped, found, detail: "by sync \(request.holder)")
    }
  }

  private func using(
    _ workspace: String,
    _ name: String,
    _ holder: String,
    _ context: ServerContext,
    _ body: @escaping @Sendable (StoredCredential, VaultTransaction) throws -> Void
  ) async throws -> Credential {
    try RequestChecks.name(workspace, of: "workspace's name")
    try RequestChecks.name(name, of: "credential's name")
    try RequestChecks.name(holder, of: "holder's name")
    return try await changing(context) { change in
      try body(try change.get(workspace, name), change)
      return try change.get(workspace, name).credential
    }
  }

  private static func syncs(_ names: [String]) -> String {
    let shown = names.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ")
    let rest = names.count > 10 ? " and \(names.count - 10) more" : ""
    return (names.count == 1 ? "sync " : "syncs ") + shown + rest
  }

  /// What is to be stored if nothing is there yet. A pair is made before the transaction, which it
  /// would hold up for everybody.
  private func newSecret(
    for request: PutCredentialRequest,
    _ context: ServerContext
  ) async throws -> NewSecret {
    let secret = SecretBytes(request.secret)
    switch request.type {
    case .keyPair where !request.secret.isEmpty:
      let passphrase = request.passphrase.isEmpty ? nil : SecretBytes(request.passphrase)
      return .imported(try await makers.importing(secret, passphrase: passphrase))
    case .keyPair, .sshKeyPair:
      let isThere = try await reading(context) {
        try $0.find(request.workspace, request.name) != nil
      }
      if isThere { return .none }
      let bits = request.keyBits == 0 ? RSAKeyPair.permittedBits.lowerBound : Int(request.keyBits)
      if request.type == .keyPair { return .keyPair(try await makers.rsa(bits: bits)) }
      let algorithm = SSHKeyPair.Algorithm(rawValue: request.algorithm) ?? .ed25519
      return .sshKeyPair(try await makers.ssh(algorithm, bits: bits))
    case .serviceAccount:
      let (account, key) = try ServiceAccount.read(secret, allowing: settings.tokenHosts)
      return .serviceAccount(account, key)
    default: return .text(secret)
    }
  }
}
