import Crypto
import RPC
import SQLDatabase
import SyncModel
import VaultAPI

/// What is to be stored if nothing is there yet.
enum NewSecret: Sendable {
  case none
  case password(SecretBytes)
  case keyPair(RSAKeyPair)
}

/// One put, inside its transaction.
struct CredentialPut: Sendable {
  struct Outcome: Sendable {
    var stored: StoredCredential
    var change: Change
    var action: AuditRecord.Action
  }

  let request: PutCredentialRequest
  let secret: NewSecret
  let at: Timestamp
  let store: CredentialStore

  func run(in connection: any SQLConnection) throws -> Outcome {
    guard let old = try store.find(request.workspace, request.name, in: connection) else {
      return try create(in: connection)
    }
    guard old.kind == request.type else {
      throw RPCError(
        .failedPrecondition,
        "credential \"\(request.name)\" is a \(old.kind.name ?? "") and cannot become a "
          + "\(request.type.name ?? ""); use another name",
        reason: "type_is_fixed"
      )
    }
    return try update(old, in: connection)
  }

  private func create(in connection: any SQLConnection) throws -> Outcome {
    var new = StoredCredential(
      workspace: request.workspace,
      name: request.name,
      kind: request.type,
      username: request.username,
      version: 1,
      createdAt: at.nanoseconds,
      updatedAt: at.nanoseconds,
      versionCreatedAt: at.nanoseconds
    )
    let payload: SecretBytes
    switch secret {
    case .password(let password): payload = password
    case .keyPair(let pair):
      new.keyBits = Int64(pair.bits)
      new.publicKey = pair.publicKeyPEM
      new.fingerprint = pair.fingerprint
      payload = try pair.pkcs8PEM()
    case .none: throw RPCError.noCredential(request.workspace, request.name)
    }
    try store.save(new, in: connection)
    try store.saveSecret(payload, of: new, in: connection)
    return Outcome(stored: new, change: .created, action: .created)
  }

  private func update(
    _ old: StoredCredential,
    in connection: any SQLConnection
  ) throws -> Outcome {
    var new = old
    new.username = request.username
    var replacement: SecretBytes?
    if case .password(let password) = secret {
      // SecretBytes compares in constant time.
      if try store.secret(of: old, in: connection) != password { replacement = password }
    } else if request.keyBits != 0, Int64(request.keyBits) != old.keyBits {
      // A new pair in its place would break the login at the warehouse until its public key is
      // changed there too.
      throw RPCError(
        .failedPrecondition,
        "key pair \"\(request.name)\" has \(old.keyBits) bits and is not replaced by one of "
          + "\(request.keyBits); use another name",
        reason: "key_pair_is_fixed"
      )
    }
    // Bytes, not text: `==` on String holds what is canonically equivalent for the same.
    let isSameUser = Array(old.username.utf8) == Array(new.username.utf8)
    guard replacement != nil || !isSameUser else {
      return Outcome(stored: old, change: .unchanged, action: .unchanged)
    }
    new.updatedAt = max(at.nanoseconds, old.updatedAt)
    if let replacement {
      let (version, overflow) = old.version.addingReportingOverflow(1)
      guard !overflow else {
        throw RPCError(
          .resourceExhausted,
          "credential \"\(request.name)\" has had too many versions; use "
            + "another name",
          reason: "versions_exhausted"
        )
      }
      new.version = version
      new.versionCreatedAt = new.updatedAt
      try store.save(new, in: connection)
      try store.saveSecret(replacement, of: new, in: connection)
    } else {
      try store.save(new, in: connection)
    }
    return Outcome(stored: new, change: .updated, action: .updated)
  }
}
