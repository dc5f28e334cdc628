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
    /// nil where the source needs none.
    var credential: WarehouseCredential?
    /// 0 where the source needs none.
    var version: UInt32
  }

  /// The secret of a source, for one connection.
  /// - Throws: `Failure`.
  func release(
    for source: StoredSource,
    purpose: String,
    runID: String = "",
    retry: RetryPolicy
  ) async throws -> Released {
    guard !source.credential.isEmpty else { return Released(credential: nil, version: 0) }
    let request = ReleaseSecretRequest(
      workspace: source.workspace,
      name: source.credential,
      purpose: purpose,
      runId: runID
    )
    do {
      let secret = try await retrying(retry, while: { ($0 as? RPCError)?.isTransient == true }) {
        try await watch.calling(CallOptions(timeout: timeout)) {
          try await vault.releaseSecret(request, options: $0)
        }
      }
      return Released(
        credential: WarehouseCredential(username: secret.username, secret: secret.secret),
        version: secret.version
      )
    } catch {
      try Task.checkCancellation()
      throw described(error, source: source)
    }
  }

  /// Makes sure that a source's credential can be used.
  /// - Throws: `RPCError` NOT_FOUND `credential_not_found`, or why the vault cannot be asked.
  func check(_ source: StoredSource) async throws {
    guard !source.credential.isEmpty else { return }
    let credential: Credential
    do {
      credential = try await get(source, timeout: timeout)
    } catch {
      try Task.checkCancellation()
      throw described(error, source: source)
    }
    guard credential.type == .password else {
      throw invalid(
        "credential_type",
        "credential \"\(source.credential)\" is a \(credential.type.name ?? "secret of an unknown type"), which a \(source.type) source cannot use; name one of type password"
      )
    }
  }

  /// The credential's version now; nil when it is gone; `known` when the vault cannot be asked:
  /// then what was last seen must do.
  func version(of source: StoredSource, known: UInt32) async -> UInt32? {
    guard !source.credential.isEmpty else { return 0 }
    do {
      return try await get(source, timeout: min(timeout, .seconds(2))).version
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
      throw source.map { described(error, source: $0) } ?? failure(error, of: "vault")
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

  private func get(_ source: StoredSource, timeout: Duration) async throws -> Credential {
    try await watch.calling(CallOptions(timeout: timeout)) {
      try await vault.getCredential(
        GetCredentialRequest(workspace: source.workspace, name: source.credential),
        options: $0
      )
    }
  }

  private func described(_ error: any Error, source: StoredSource) -> Failure {
    if let failure = error as? Failure { return failure }
    if (error as? RPCError)?.code == .notFound {
      return Failure(
        "credential_not_found",
        "source \"\(source.name)\" uses credential \"\(source.credential)\", which the vault does not have; create it, or name one of `sluice credential list`",
        recovery: .needsOperator
      )
    }
    return failure(error, of: "vault")
  }
}
