import RPC
import SyncModel
import VaultAPI
import Warehouse

/// A private key in the vault, for one connection of a run or a test.
struct VaultSigner: WarehouseSigner {
  let desk: CredentialDesk
  let workspace: String
  let credential: String
  let publicKey: String
  let purpose: String
  let runID: String

  func snowflakeToken(account: String, version: UInt32) async throws -> SignedLogin {
    let request = SignSnowflakeTokenRequest(
      workspace: workspace,
      name: credential,
      account: account,
      version: version,
      purpose: purpose,
      runId: runID
    )
    return SignedLogin(
      try await asking { try await $0.signSnowflakeToken(request, options: $1) }
    )
  }

  func googleAssertion(scope: String, audience: String) async throws -> SignedLogin {
    let request = SignGoogleAssertionRequest(
      workspace: workspace,
      name: credential,
      scope: scope,
      audience: audience,
      purpose: purpose,
      runId: runID
    )
    return SignedLogin(
      try await asking { try await $0.signGoogleAssertion(request, options: $1) }
    )
  }

  func sshSignature(of data: [UInt8]) async throws -> [UInt8] {
    let request = SignSSHUserAuthRequest(
      workspace: workspace,
      name: credential,
      data: data,
      purpose: purpose,
      runId: runID
    )
    return try await asking { try await $0.signSSHUserAuth(request, options: $1) }.signature
  }

  func prove(version: UInt32) async throws {
    let request = ProveKeyRequest(
      workspace: workspace,
      name: credential,
      version: version,
      purpose: purpose
    )
    _ = try await asking { try await $0.proveKey(request, options: $1) }
  }

  /// A signature is asked for while a warehouse waits: the vault gets a moment to come back.
  private func asking<Answer>(_ call: (VaultClient, CallOptions) async throws -> Answer)
    async throws -> Answer
  {
    do {
      return try await desk.asking(call)
    } catch {
      try Task.checkCancellation()
      throw failure(error, of: "vault")
    }
  }
}

extension SignedLogin {
  fileprivate init(_ signed: SignedToken) {
    self.init(
      token: Array(signed.token.utf8),
      issuedAt: Timestamp(nanoseconds: signed.issuedAt),
      expiresAt: Timestamp(nanoseconds: signed.expiresAt),
      version: signed.version,
      otherVersions: signed.otherVersions,
      tokenURI: signed.tokenUri,
      projectID: signed.projectId
    )
  }
}
