import Crypto
import RPC
import SQLDatabase
import SyncModel
import VaultAPI

/// The steps of a key's life, each inside its transaction.
enum KeyRotation {
  static let longestGrace: Int64 = 30 * 86_400
  private static let defaultGrace: Int64 = 86_400

  /// The credential, if it is a pair. - Throws: NOT_FOUND; FAILED_PRECONDITION `not_a_key_pair`.
  static func pair(
    _ workspace: String,
    _ name: String,
    in change: VaultTransaction
  ) throws -> StoredCredential {
    let found = try change.get(workspace, name)
    guard found.kind.isPair else {
      throw RPCError(
        .failedPrecondition,
        "credential \"\(name)\" is a \(found.kind.name ?? ""), which has no key to rotate; put its "
          + "new secret with: sluice credential create",
        reason: "not_a_key_pair"
      )
    }
    return found
  }

  /// Stores the next key as `pending`; the one before it, if it was not proven, is destroyed.
  static func begin(
    _ request: RotateKeyRequest,
    with new: NewSecret,
    in change: VaultTransaction
  ) throws {
    var credential = try pair(request.workspace, request.name, in: change)
    if let next = credential.next {
      // Somebody else was here between the two transactions, or a restart was asked for.
      guard request.restart else { return }
      guard next.state != .proven else {
        throw RPCError(
          .failedPrecondition,
          "key \(next.version) of \"\(credential.name)\" is proven: promote it, or destroy it first",
          reason: "key_proven"
        )
      }
      try destroy(next, of: credential, detail: "replaced before it was proven", in: change)
      credential = try change.get(request.workspace, request.name)
    }
    guard credential.current?.state == .active else {
      throw RPCError(
        .failedPrecondition,
        "the first key of \"\(credential.name)\" is not in use yet: register its public key and "
          + "test a connection (or promote it with the fingerprint that the warehouse shows), then "
          + "rotate; or delete the credential",
        reason: "first_key_not_proven"
      )
    }
    guard let payload = try new.payload() else { return }
    let now = change.now.nanoseconds
    var secret = StoredSecret(
      version: try credential.nextVersion(),
      state: .pending,
      slot: credential.kind == .keyPair ? 3 - (credential.current?.slot ?? 2) : 1,
      createdAt: now,
      changedAt: now
    )
    new.describe(
      in: &secret,
      comment: "sluice-\(credential.workspace)-\(credential.name)"
    )
    guard !credential.secrets.contains(where: { $0.fingerprint == secret.fingerprint }) else {
      throw RPCError.invalid(
        "this key has been a key of \"\(credential.name)\" already; rotate to a new one",
        reason: "key_reused"
      )
    }
    try change.store.add(secret, payload, to: credential, in: change.connection)
    try touch(credential, in: change)
    try change.audit(.keyMade, credential, version: secret.version)
  }

  /// Says that the public key is out; answers the credential with it.
  static func publish(
    _ workspace: String,
    _ name: String,
    in change: VaultTransaction
  ) throws -> Credential {
    let credential = try pair(workspace, name, in: change)
    guard var next = credential.next else { return credential.credential }
    if next.state == .pending {
      next.state = .published
      next.changedAt = change.now.nanoseconds
      try change.store.update(next, of: credential, in: change.connection)
    }
    try change.audit(.keyPublished, credential, version: next.version)
    return try change.get(workspace, name).credential
  }

  static func prove(_ request: ProveKeyRequest, in change: VaultTransaction) throws -> Credential {
    let credential = try pair(request.workspace, request.name, in: change)
    guard var key = credential.secret(request.version), key.state != .destroyed else {
      throw RPCError(
        .notFound,
        "credential \"\(credential.name)\" has no key \(request.version)",
        reason: "key_not_found"
      )
    }
    // The first key has nothing to take over from: it is active with its first login.
    let isFirst = key.version == credential.version
    guard key.state != .pending else {
      throw RPCError(
        .failedPrecondition,
        "key \(key.version) of \"\(credential.name)\" has not been shown to anybody yet, and does not "
          + "sign: rotate again, which shows it",
        reason: "key_not_published"
      )
    }
    guard key.state == .published else { return credential.credential }
    key.state = isFirst ? .active : .proven
    key.changedAt = change.now.nanoseconds
    try change.store.update(key, of: credential, in: change.connection)
    try touch(credential, in: change)
    try change.audit(
      .keyProven,
      credential,
      version: key.version,
      purpose: request.purpose,
      detail: "by a login"
    )
    return try change.get(request.workspace, request.name).credential
  }

  static func promote(
    _ request: PromoteKeyRequest,
    in change: VaultTransaction
  ) throws -> Credential {
    var credential = try pair(request.workspace, request.name, in: change)
    let isFirst = credential.current?.state != .active
    guard var key = isFirst ? credential.current : credential.next else {
      throw RPCError(
        .failedPrecondition,
        "credential \"\(credential.name)\" has no next key; make one with: "
          + "sluice credential rotate \(credential.name)",
        reason: "no_next_key"
      )
    }
    try checkProof(of: key, request, credential)
    let now = change.now.nanoseconds
    if !isFirst, var old = credential.current {
      old.state = .retiring
      old.changedAt = now
      let grace = request.graceSeconds == 0 ? defaultGrace : request.graceSeconds
      old.retireAt = now + grace * 1_000_000_000
      // Snowflake holds two public keys: an older one that still waits has lost its place.
      for waiting in credential.secrets where waiting.state == .retiring {
        try destroy(waiting, of: credential, detail: "its place was taken", in: change)
      }
      try change.store.update(old, of: credential, in: change.connection)
    }
    key.state = .active
    key.changedAt = now
    credential.version = key.version
    try change.store.update(key, of: credential, in: change.connection)
    try touch(credential, in: change)
    try change.audit(
      .keyPromoted,
      credential,
      version: key.version,
      detail: request.fingerprint.isEmpty ? "proven by a login" : "proven by its fingerprint"
    )
    return try change.get(request.workspace, request.name).credential
  }

  static func destroy(
    _ request: DestroyKeyRequest,
    in change: VaultTransaction
  ) throws -> Credential {
    let credential = try pair(request.workspace, request.name, in: change)
    guard let key = credential.secret(request.version) else {
      throw RPCError(
        .notFound,
        "credential \"\(credential.name)\" has no key \(request.version)",
        reason: "key_not_found"
      )
    }
    guard key.version != credential.version else {
      throw RPCError(
        .failedPrecondition,
        "key \(key.version) of \"\(credential.name)\" is the one that signs; promote another first",
        reason: "key_is_active"
      )
    }
    if key.state != .destroyed {
      try destroy(key, of: credential, detail: "by command", in: change)
      try touch(credential, in: change)
    }
    return try change.get(request.workspace, request.name).credential
  }

  static func destroyExpired(in change: VaultTransaction) throws {
    for credential in try change.store.all(in: change.connection) {
      for key in credential.secrets
      where key.state == .retiring && key.retireAt <= change.now.nanoseconds {
        try destroy(key, of: credential, detail: "its grace has ended", in: change)
      }
    }
  }

  static func underWay(_ credential: StoredCredential) -> RPCError {
    RPCError(
      .failedPrecondition,
      "key \(credential.next?.version ?? 0) of \"\(credential.name)\" waits to be promoted; to take "
        + "another in its place, rotate with --restart",
      reason: "rotation_under_way"
    )
  }

  private static func destroy(
    _ key: StoredSecret,
    of credential: StoredCredential,
    detail: String,
    in change: VaultTransaction
  ) throws {
    var key = key
    key.state = .destroyed
    key.changedAt = change.now.nanoseconds
    key.retireAt = 0
    try change.store.update(key, of: credential, in: change.connection)
    try change.audit(.keyDestroyed, credential, version: key.version, detail: detail)
  }

  /// A login with the key, or the fingerprint that the warehouse shows of the public key it has.
  private static func checkProof(
    of key: StoredSecret,
    _ request: PromoteKeyRequest,
    _ credential: StoredCredential
  ) throws(RPCError) {
    if key.state == .proven, request.fingerprint.isEmpty { return }
    guard !request.fingerprint.isEmpty else {
      throw RPCError(
        .failedPrecondition,
        "key \(key.version) of \"\(credential.name)\" is not proven: no login with it has worked "
          + "yet. Register its public key and test a connection, or give the fingerprint that the "
          + "warehouse shows for it",
        reason: "key_not_proven"
      )
    }
    guard request.fingerprint == key.fingerprint else {
      throw RPCError(
        .failedPrecondition,
        "the fingerprint is not that of key \(key.version) of \"\(credential.name)\", which is "
          + "\(key.fingerprint): another public key is registered",
        reason: "fingerprint_differs"
      )
    }
  }

  /// A changed credential is newer than before.
  private static func touch(_ credential: StoredCredential, in change: VaultTransaction) throws {
    var credential = credential
    credential.updatedAt = max(change.now.nanoseconds, credential.updatedAt)
    try change.store.save(credential, in: change.connection)
  }
}
