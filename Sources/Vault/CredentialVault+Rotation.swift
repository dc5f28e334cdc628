import Crypto
import Logging
public import RPC
import SQLDatabase
import ServiceLifecycle
import SyncModel
public import VaultAPI

// A key's life: pending, published, proven, active, retiring, destroyed. Each step is a transaction of
// its own, so that a crash leaves a key that signs wherever it happens.
extension CredentialVault {
  public func rotateKey(
    _ request: RotateKeyRequest,
    context: ServerContext
  ) async throws -> Credential {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    try RequestChecks.keyPair(request.secret, request.passphrase, bits: request.keyBits)
    let found = try await reading(context) {
      try KeyRotation.pair(request.workspace, request.name, in: $0)
    }
    if found.next == nil || request.restart {
      let new = try await nextKey(of: found, request)
      _ = try await changing(context) { change in
        try KeyRotation.begin(request, with: new, in: change)
      }
    } else if !request.secret.isEmpty {
      throw KeyRotation.underWay(found)
    }
    // The public key leaves with the answer: from here on it may be at the warehouse.
    let credential = try await changing(context) { change in
      try KeyRotation.publish(request.workspace, request.name, in: change)
    }
    note("the next key is there", credential, context)
    return credential
  }

  public func proveKey(
    _ request: ProveKeyRequest,
    context: ServerContext
  ) async throws -> Credential {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    try RequestChecks.line(request.purpose, of: "purpose", atMost: 256)
    return try await changing(context) { change in
      try KeyRotation.prove(request, in: change)
    }
  }

  public func promoteKey(
    _ request: PromoteKeyRequest,
    context: ServerContext
  ) async throws -> Credential {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    try RequestChecks.line(request.fingerprint, of: "fingerprint", atMost: 128)
    guard 0...KeyRotation.longestGrace ~= request.graceSeconds else {
      throw RPCError.invalid(
        "the grace period must be 1 second to \(KeyRotation.longestGrace / 86_400) days",
        reason: "invalid_grace"
      )
    }
    let credential = try await changing(context) { change in
      try KeyRotation.promote(request, in: change)
    }
    note("a key was promoted", credential, context)
    return credential
  }

  public func destroyKey(
    _ request: DestroyKeyRequest,
    context: ServerContext
  ) async throws -> Credential {
    try RequestChecks.name(request.workspace, of: "workspace's name")
    try RequestChecks.name(request.name, of: "credential's name")
    let credential = try await changing(context) { change in
      try KeyRotation.destroy(request, in: change)
    }
    note("a key was destroyed", credential, context, ["key": "\(request.version)"])
    return credential
  }

  /// Destroys keys when their grace ends, until the task is cancelled or the process is to stop.
  public func destroyKeysWhenDue() async {
    await cancelWhenGracefulShutdown { await self.lookForExpiredKeys() }
  }

  private func lookForExpiredKeys() async {
    while (try? await Task.sleep(for: .seconds(30))) != nil {
      do {
        try await destroyExpiredKeys()
      } catch {
        logger.error("cannot destroy expired keys", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Destroys the keys whose grace has ended.
  public func destroyExpiredKeys() async throws {
    guard keys != nil else { return }
    let context = ServerContext(path: "expiry")
    let now = world.now().nanoseconds
    let isDue = try await reading(context) { view in
      try view.connection.first(
        "SELECT 1 FROM secret_version WHERE state = 'retiring' AND retire_at <= ?1 LIMIT 1",
        [.integer(now)]
      ) { _ in true } ?? false
    }
    guard isDue else { return }
    try await changing(context) { change in try KeyRotation.destroyExpired(in: change) }
  }

  private func nextKey(
    of credential: StoredCredential,
    _ request: RotateKeyRequest
  ) async throws -> NewSecret {
    let current = credential.current
    let bits = request.keyBits == 0 ? Int(current?.keyBits ?? 0) : Int(request.keyBits)
    if credential.kind == .sshKeyPair {
      guard request.secret.isEmpty else {
        throw RPCError.invalid("the vault makes SSH keys itself", reason: "invalid_secret")
      }
      let isRSA = current?.publicKey.hasPrefix("ssh-rsa") ?? false
      return .sshKeyPair(try await makers.ssh(isRSA ? .rsa : .ed25519, bits: bits))
    }
    guard !request.secret.isEmpty else { return .keyPair(try await makers.rsa(bits: bits)) }
    let passphrase = request.passphrase.isEmpty ? nil : SecretBytes(request.passphrase)
    return .imported(
      try await makers.importing(SecretBytes(request.secret), passphrase: passphrase)
    )
  }
}
