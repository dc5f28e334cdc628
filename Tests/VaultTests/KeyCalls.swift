import RPC
import TestSupport
import Testing
import VaultAPI

// The calls of keys, with a word for what is the same everywhere.
extension VaultCaller {
  @discardableResult
  func rotate(
    _ name: String = "snow",
    bits: UInt32 = 0,
    restart: Bool = false,
    secret: String = "",
    passphrase: String = ""
  ) async throws -> Credential {
    try await asOperator.rotateKey(
      RotateKeyRequest(
        workspace: "default",
        name: name,
        keyBits: bits,
        restart: restart,
        secret: Array(secret.utf8),
        passphrase: Array(passphrase.utf8)
      )
    )
  }

  @discardableResult
  func prove(_ version: UInt32, _ name: String = "snow") async throws -> Credential {
    try await asOrchestrator.proveKey(
      ProveKeyRequest(workspace: "default", name: name, version: version, purpose: "test")
    )
  }

  @discardableResult
  func promote(
    _ name: String = "snow",
    fingerprint: String = "",
    grace: Int64 = 0
  ) async throws -> Credential {
    try await asOperator.promoteKey(
      PromoteKeyRequest(
        workspace: "default",
        name: name,
        fingerprint: fingerprint,
        graceSeconds: grace
      )
    )
  }

  @discardableResult
  func destroy(_ version: UInt32, _ name: String = "snow") async throws -> Credential {
    try await asOperator.destroyKey(
      DestroyKeyRequest(workspace: "default", name: name, version: version)
    )
  }

  func signSnowflake(
    _ name: String = "snow",
    version: UInt32 = 0,
    account: String = "myorg-acct",
    workspace: String = "default",
    lifetime: Int64 = 0
  ) async throws -> SignedToken {
    try await asOrchestrator.signSnowflakeToken(
      SignSnowflakeTokenRequest(
        workspace: workspace,
        name: name,
        account: account,
        version: version,
        lifetimeSeconds: lifetime,
        purpose: "read",
        runId: "run-7"
      )
    )
  }

  /// Takes over a private key in PEM.
  @discardableResult
  func importKeyPair(
    _ pem: String,
    passphrase: String = "",
    _ name: String = "snow"
  ) async throws -> PutCredentialResponse {
    try await asOperator.putCredential(
      PutCredentialRequest(
        workspace: "default",
        name: name,
        type: .keyPair,
        username: "LOADER",
        secret: Array(pem.utf8),
        passphrase: Array(passphrase.utf8)
      )
    )
  }

  func remove(_ name: String, workspace: String = "default") async throws {
    _ = try await asOperator.deleteCredential(
      DeleteCredentialRequest(workspace: workspace, name: name)
    )
  }

  /// What the audit log says was done, in its order.
  func audited() async throws -> [AuditEntry] {
    try await operations.listAudit(ListAuditRequest()) { try await $0.all() }
  }

  /// What is wrong with the vault, as it finds itself.
  func problems() async throws -> [String] {
    try await operations.verifyVault(VerifyVaultRequest()).problems
  }
}

extension Credential {
  /// `3 active, 2 retiring, 1 destroyed`.
  var states: String { keys.map { "\($0.version) \($0.state)" }.joined(separator: ", ") }

  func key(_ version: UInt32) -> CredentialKey? { keys.first { $0.version == version } }
}
