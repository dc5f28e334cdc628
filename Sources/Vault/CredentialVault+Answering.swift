import Crypto
import Logging
import RPC
import SQLDatabase
import SyncModel
import VaultAPI

extension CredentialVault {
  /// Runs `body` in a transaction: what it changes is audited by itself, and under the manifest.
  func changing<Result: Sendable>(
    _ context: ServerContext,
    _ body: @escaping @Sendable (VaultTransaction) throws -> Result
  ) async throws -> Result {
    try await transacting(context) { keys, peer in
      try await self.database.transaction { [world = self.world] connection in
        let change = try VaultTransaction(keys, peer: peer, now: world.now(), in: connection)
        let result = try body(change)
        try change.finish()
        return (result, change.manifest.generation)
      }
    }
  }

  /// Runs `body` on a snapshot.
  func reading<Result: Sendable>(
    _ context: ServerContext,
    _ body: @escaping @Sendable (VaultTransaction) throws -> Result
  ) async throws -> Result {
    try await transacting(context) { keys, peer in
      try await self.database.read { [world = self.world] connection in
        let view = try VaultTransaction(keys, peer: peer, now: world.now(), in: connection)
        return (try body(view), view.manifest.generation)
      }
    }
  }

  private func transacting<Result: Sendable>(
    _ context: ServerContext,
    _ body: (VaultKeys, PeerIdentity?) async throws -> (Result, generation: Int64)
  ) async throws -> Result {
    try await answering(context) {
      guard let keys = self.keys else { throw RPCError.sealed }
      let (result, generation): (Result, Int64)
      do {
        (result, generation) = try await body(keys, context.peer)
      } catch Manifest.Refusal.otherRoot {
        // Another replica has changed the root key; the master key opens the new one too.
        (result, generation) = try await body(try await self.reopen(keys), context.peer)
      }
      self.state(generation, of: keys, to: context)
      return result
    }
  }

  /// What callers compare: neither may ever change, nor fall.
  func state(_ generation: Int64, of keys: VaultKeys, to context: ServerContext) {
    var metadata = Metadata()
    metadata.append("sluice-vault-id", keys.vaultID)
    metadata.append("sluice-vault-generation", "\(generation)")
    try? context.addTrailingMetadata(metadata)
  }

  /// Runs `body`, and turns what it throws into what the caller may know; the log gets the rest.
  func answering<Result: Sendable>(
    _ context: ServerContext,
    _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch {
      let answer = RPCError(vault: error)
      switch answer.code {
      case .dataLoss, .internalError, .resourceExhausted:
        logger.error(
          "a call failed",
          metadata: [
            "rpc.path": "\(context.path)", "rpc.code": "\(answer.code.name)",
            "error": "\(answer.cause.map { String(describing: $0) } ?? answer.message)",
          ]
        )
      default: break
      }
      throw answer
    }
  }

  /// Says in the log what was done with a credential.
  func note(
    _ what: Logger.Message,
    _ credential: Credential,
    _ context: ServerContext,
    _ more: Logger.Metadata = [:]
  ) {
    var metadata: Logger.Metadata = [
      "workspace": "\(credential.workspace)", "credential": "\(credential.name)",
      "version": "\(credential.version)", "peer.role": "\(context.peer?.role ?? "")",
      "peer.instance": "\(context.peer?.instance ?? "")",
    ]
    metadata.merge(more) { _, new in new }
    logger.info(what, metadata: metadata)
  }
}
