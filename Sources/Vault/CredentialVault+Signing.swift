import Crypto
import Logging
public import RPC
import SQLDatabase
import SyncModel
public import VaultAPI

// Keys never leave: the vault makes the very statement that it signs (design, decision 15).
extension CredentialVault {
  public func signSnowflakeToken(
    _ request: SignSnowflakeTokenRequest,
    context: ServerContext
  ) async throws -> SignedToken {
    try RequestChecks.use(request.workspace, request.name, request.purpose, request.runId)
    let seconds = request.lifetimeSeconds == 0 ? 3540 : request.lifetimeSeconds
    guard 60...TokenLifetime.longest ~= seconds else {
      throw RPCError.invalid("a token lives 60 to 3600 seconds", reason: "invalid_lifetime")
    }
    return try await signing(.keyPair, request.workspace, request.name, context) { found, change in
      guard let user = SnowflakeUser(identifier: request.account, login: found.username) else {
        throw RPCError.invalid(
          found.username.isEmpty
            ? "key pair \"\(found.name)\" has no username: put it with the user's LOGIN_NAME"
            : "\"\(request.account)\" is not a Snowflake account's identifier, such as "
              + "myorg-account or xy12345.eu-central-1",
          reason: "invalid_account"
        )
      }
      let key = try Self.signer(request.version, of: found, at: change.now)
      try change.store.claim(user, for: found, at: change.now.nanoseconds, in: change.connection)
      let lifetime = TokenLifetime(from: change.now, seconds: seconds)
      let pair = try RSAKeyPair(
        pkcs8PEM: change.store.open(key, of: found, in: change.connection)
      )
      let token = try SnowflakeToken.sign(
        for: user,
        fingerprint: key.fingerprint,
        lifetime,
        with: pair
      )
      try change.audit(
        .signedSnowflake,
        found,
        version: key.version,
        purpose: request.purpose,
        runID: request.runId,
        detail: "for \(user.account).\(user.name), \(seconds) s"
      )
      return SignedToken(
        token: token,
        lifetime,
        key.version,
        others: found.secrets.filter { $0.version != key.version && $0.canSign(at: change.now) }
      )
    }
  }

  public func signGoogleAssertion(
    _ request: SignGoogleAssertionRequest,
    context: ServerContext
  ) async throws -> SignedToken {
    try RequestChecks.use(request.workspace, request.name, request.purpose, request.runId)
    try RequestChecks.line(request.scope, of: "scope", atMost: 1024)
    try RequestChecks.line(request.audience, of: "audience", atMost: 1024)
    guard request.scope.isEmpty != request.audience.isEmpty else {
      throw RPCError.invalid("give a scope or an audience, one of them", reason: "invalid_scope")
    }
    return try await signing(.serviceAccount, request.workspace, request.name, context) {
      found,
      change in
      guard let account = ServiceAccount(details: found.details), let key = found.current else {
        throw RPCError.damaged(found.workspace, found.name)
      }
      let lifetime = TokenLifetime(from: change.now, seconds: TokenLifetime.longest)
      let pair = try RSAKeyPair(
        pkcs8PEM: change.store.open(key, of: found, in: change.connection)
      )
      let token = try GoogleAssertion.sign(
        for: account,
        scope: request.scope,
        audience: request.audience,
        lifetime,
        with: pair
      )
      try change.audit(
        .signedGoogle,
        found,
        purpose: request.purpose,
        runID: request.runId,
        detail: "for \(request.audience.isEmpty ? request.scope : request.audience)"
      )
      var signed = SignedToken(token: token, lifetime, key.version, others: [])
      signed.tokenUri = account.tokenURI
      signed.projectId = account.projectID
      return signed
    }
  }

  public func signSSHUserAuth(
    _ request: SignSSHUserAuthRequest,
    context: ServerContext
  ) async throws -> SSHSignature {
    try RequestChecks.use(request.workspace, request.name, request.purpose, request.runId)
    let login: SSHUserAuthRequest
    do {
      login = try SSHUserAuthRequest(request.data)
    } catch {
      throw RPCError.invalid(error.message, reason: "not_an_ssh_login")
    }
    return try await signing(.sshKeyPair, request.workspace, request.name, context) {
      found,
      change in
      guard Array(login.user.utf8) == Array(found.username.utf8) else {
        throw RPCError(
          .permissionDenied,
          "SSH key \"\(found.name)\" signs in as \"\(found.username)\" only",
          reason: "other_ssh_user"
        )
      }
      for key in found.secrets where key.canSign(at: change.now) {
        let pair = try SSHKeyPair(
          pkcs8PEM: change.store.open(key, of: found, in: change.connection)
        )
        guard pair.publicKeyBlob == login.publicKeyBlob else { continue }
        let signature: [UInt8]
        do {
          signature = try pair.sign(request.data, algorithm: login.algorithm)
        } catch let error as CryptoError where error.kind == .format {
          throw RPCError.invalid(error.message, reason: "not_an_ssh_login")
        }
        try change.audit(
          .signedSSH,
          found,
          version: key.version,
          purpose: request.purpose,
          runID: request.runId,
          detail: "as \(login.user)"
        )
        return SSHSignature(signature: signature, version: key.version)
      }
      throw RPCError(
        .notFound,
        "credential \"\(found.name)\" does not have the key that is to sign",
        reason: "key_not_found"
      )
    }
  }

  private func signing<Signed: Sendable>(
    _ kind: CredentialKind,
    _ workspace: String,
    _ name: String,
    _ context: ServerContext,
    _ body: @escaping @Sendable (StoredCredential, VaultTransaction) throws -> Signed
  ) async throws -> Signed {
    try await changing(context) { change in
      let found = try change.get(workspace, name)
      guard found.kind == kind else {
        throw RPCError(
          .failedPrecondition,
          "credential \"\(name)\" is a \(found.kind.name ?? ""), not a \(kind.name ?? "")",
          reason: "credential_type"
        )
      }
      return try body(found, change)
    }
  }

  /// The key that is asked for, or the one in force.
  private static func signer(
    _ version: UInt32,
    of credential: StoredCredential,
    at now: Timestamp
  ) throws(RPCError) -> StoredSecret {
    let wanted = version == 0 ? credential.version : version
    guard let key = credential.secret(wanted), key.canSign(at: now) else {
      throw RPCError(
        .notFound,
        "credential \"\(credential.name)\" has no key \(wanted) that can sign",
        reason: "key_not_found"
      )
    }
    return key
  }
}

extension StoredSecret {
  /// Not while nobody has seen its public key, nor when its grace is over.
  fileprivate func canSign(at now: Timestamp) -> Bool {
    switch state {
    case .published, .proven, .active: true
    case .retiring: retireAt > now.nanoseconds
    case .unspecified, .pending, .destroyed: false
    }
  }
}

extension SignedToken {
  fileprivate init(
    token: String,
    _ lifetime: TokenLifetime,
    _ version: UInt32,
    others: [StoredSecret]
  ) {
    self.init(
      token: token,
      issuedAt: lifetime.issuedAt * 1_000_000_000,
      expiresAt: lifetime.expiresAt * 1_000_000_000,
      version: version,
      otherVersions: others.map(\.version)
    )
  }
}
