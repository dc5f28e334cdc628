import RPC
import SyncModel
import VaultAPI
import Warehouse

/// The orchestrator's dealings with the vault.
struct CredentialDesk: Sendable {
  let vault: VaultClient
  let watch: VaultWatch
  let timeout: Duration

  struct Released: Sendable {
    var credentials: WarehouseCredentials
    /// Of the source's own credential; 0 where it needs none.
    var version: UInt32
  }

  /// What a source signs in with, for one connection.
  /// - Throws: `Failure`.
  func release(
    for source: StoredSource,
    driver: any WarehouseDriver,
    purpose: String,
    runID: String = "",
    retry: RetryPolicy
  ) async throws -> Released {
    var released = Released(
      credentials: WarehouseCredentials(provesKeys: purpose == "test"),
      version: 0
    )
    for use in source.credentialUses(of: driver) {
      let (credential, version) = try await release(
        use,
        of: source,
        purpose: purpose,
        runID: runID,
        retry: retry
      )
      if let setting = use.setting {
        released.credentials.named[setting] = credential
      } else {
        released.credentials.main = credential
        released.version = version
      }
    }
    return released
  }

  private func release(
    _ use: CredentialUse,
    of source: StoredSource,
    purpose: String,
    runID: String,
    retry: RetryPolicy
  ) async throws -> (WarehouseCredential, version: UInt32) {
    do {
      // The vault says what it is; where only secrets will do, it is released at once.
      if use.types.contains(where: \.signs) {
        let stored = try await retrying(retry, while: Self.mayPass) {
          try await get(use.credential, of: source, timeout: timeout)
        }
        let type = try use.allowed(stored.type, source: source)
        if type.signs {
          let signer = VaultSigner(
            desk: self,
            workspace: source.workspace,
            credential: use.credential,
            publicKey: stored.publicKey,
            purpose: purpose,
            runID: runID
          )
          return (
            WarehouseCredential(type: type, username: stored.username, signer: signer),
            stored.version
          )
        }
      }
      let request = ReleaseSecretRequest(
        workspace: source.workspace,
        name: use.credential,
        purpose: purpose,
        runId: runID
      )
      let secret = try await retrying(retry, while: Self.mayPass) {
        try await asking { try await $0.releaseSecret(request, options: $1) }
      }
      let type = try use.allowed(secret.type, source: source)
      return (
        WarehouseCredential(type: type, username: secret.username, secret: secret.secret),
        secret.version
      )
    } catch {
      try Task.checkCancellation()
      throw described(error, use.credential, source: source)
    }
  }

  /// Makes sure that a source's credentials can be used.
  /// - Throws: `RPCError` NOT_FOUND `credential_not_found`, or why the vault cannot be asked.
  func check(_ source: StoredSource, driver: any WarehouseDriver) async throws {
    for use in source.credentialUses(of: driver) {
      let credential: Credential
      do {
        credential = try await get(use.credential, of: source, timeout: timeout)
      } catch {
        try Task.checkCancellation()
        throw described(error, use.credential, source: source)
      }
      do {
        _ = try use.allowed(credential.type, source: source)
      } catch {
        throw invalid(error.code, error.message)
      }
    }
  }

  /// What the vault shows of a source's credential; nil where it has none.
  /// - Throws: `Failure`.
  func publicPart(of source: StoredSource) async throws -> Credential? {
    guard !source.credential.isEmpty else { return nil }
    do {
      return try await get(source.credential, of: source, timeout: timeout)
    } catch {
      try Task.checkCancellation()
      throw described(error, source.credential, source: source)
    }
  }

  /// Makes one call of the vault.
  func asking<Answer>(_ call: (VaultClient, CallOptions) async throws -> Answer) async throws
    -> Answer
  {
    try await watch.calling(CallOptions(timeout: timeout)) { try await call(vault, $0) }
  }

  private static func mayPass(_ error: any Error) -> Bool {
    (error as? RPCError)?.isTransient == true
  }

  /// The credential's version now; nil when it is gone; `known` when the vault cannot be asked:
  /// then what was last seen must do.
  func version(of source: StoredSource, known: UInt32) async -> UInt32? {
    guard !source.credential.isEmpty else { return 0 }
    do {
      return try await get(source.credential, of: source, timeout: min(timeout, .seconds(2)))
        .version
    } catch {
      return (error as? RPCError)?.code == .notFound ? nil : known
    }
  }

  /// Tells the vault that a sync uses a credential.
  func hold(_ hold: CredentialHolds.Hold, source: StoredSource?) async throws {
    let request = HoldCredentialRequest(
      workspace: hold.workspace,
      name: hold.credential,
      holder: hold.sync
    )
    do {
      _ = try await watch.calling(CallOptions(timeout: timeout)) {
        try await vault.holdCredential(request, options: $0)
      }
    } catch {
      try Task.checkCancellation()
      throw source.map { described(error, hold.credential, source: $0) }
        ?? failure(error, of: "vault")
    }
  }

  /// Tells the vault that a sync uses a credential no more; a credential that is gone is let go of too.
  func drop(_ hold: CredentialHolds.Hold) async throws {
    let request = DropCredentialRequest(
      workspace: hold.workspace,
      name: hold.credential,
      holder: hold.sync
    )
    do {
      _ = try await watch.calling(CallOptions(timeout: timeout)) {
        try await vault.dropCredential(request, options: $0)
      }
    } catch let error as RPCError where error.code == .notFound {
      return
    }
  }

  private func get(_ name: String, of source: StoredSource, timeout: Duration) async throws
    -> Credential
  {
    try await watch.calling(CallOptions(timeout: timeout)) {
      try await vault.getCredential(
        GetCredentialRequest(workspace: source.workspace, name: name),
        options: $0
      )
    }
  }

  private func described(_ error: any Error, _ name: String, source: StoredSource) -> Failure {
    if let failure = error as? Failure { return failure }
    if (error as? RPCError)?.code == .notFound {
      return Failure(
        "credential_not_found",
        "source \"\(source.name)\" uses credential \"\(name)\", which the vault does not have; create it, or name one of `sluice credential list`",
        recovery: .needsOperator
      )
    }
    return failure(error, of: "vault")
  }
}
