import Crypto
import RPC
import SQLDatabase
import SyncModel
import VaultAPI

/// What is to be stored.
enum NewSecret: Sendable {
  /// A pair that is there already.
  case none
  /// A password or token, as it is.
  case text(SecretBytes)
  case keyPair(RSAKeyPair)
  case imported(RSAKeyPair)
  case sshKeyPair(SSHKeyPair)
  case serviceAccount(ServiceAccount, RSAKeyPair)

  /// What is sealed; nil for `none`.
  func payload() throws(CryptoError) -> SecretBytes? {
    switch self {
    case .none: nil
    case .text(let text): text
    case .keyPair(let pair), .imported(let pair), .serviceAccount(_, let pair):
      try pair.pkcs8PEM()
    case .sshKeyPair(let pair): try pair.pkcs8PEM()
    }
  }

  /// Fills in what is shown of it.
  func describe(in secret: inout StoredSecret, comment: String) {
    switch self {
    case .none, .text: break
    case .keyPair(let pair), .imported(let pair), .serviceAccount(_, let pair):
      secret.keyBits = Int64(pair.bits)
      secret.publicKey = pair.publicKeyPEM
      secret.fingerprint = pair.fingerprint
    case .sshKeyPair(let pair):
      secret.keyBits = Int64(pair.bits)
      secret.publicKey = pair.authorizedKey(comment: comment)
      secret.fingerprint = pair.fingerprint
    }
  }
}

/// One put, inside its transaction.
struct CredentialPut: Sendable {
  struct Outcome: Sendable {
    var stored: StoredCredential
    var change: Change
  }

  let request: PutCredentialRequest
  let secret: NewSecret

  func run(in change: VaultTransaction) throws -> Outcome {
    guard let old = try change.find(request.workspace, request.name) else {
      return try create(in: change)
    }
    guard old.kind == request.type else {
      throw RPCError(
        .failedPrecondition,
        "credential \"\(request.name)\" is a \(old.kind.name ?? "") and cannot become a "
          + "\(request.type.name ?? ""); use another name",
        reason: "type_is_fixed"
      )
    }
    return try update(old, in: change)
  }

  private func create(in change: VaultTransaction) throws -> Outcome {
    guard let payload = try secret.payload() else {
      throw RPCError.noCredential(request.workspace, request.name)
    }
    let now = change.now.nanoseconds
    var new = StoredCredential(
      workspace: request.workspace,
      name: request.name,
      kind: request.type,
      username: username,
      version: 1,
      createdAt: now,
      updatedAt: now,
      details: details
    )
    // The answer shows the public key; the first login that works makes it the active one.
    let state = request.type.isPair ? KeyState.published : .active
    var first = StoredSecret(version: 1, state: state, createdAt: now)
    secret.describe(in: &first, comment: "sluice-\(request.workspace)-\(request.name)")
    try change.store.save(new, in: change.connection)
    try change.store.add(first, payload, to: new, in: change.connection)
    new.secrets = [first]
    try change.audit(.created, new, detail: request.type.name ?? "", secret: payload)
    return Outcome(stored: new, change: .created)
  }

  private func update(_ old: StoredCredential, in change: VaultTransaction) throws -> Outcome {
    var new = old
    new.username = username
    if !old.kind.isPair { new.details = details }
    let replacement = try replacement(of: old, in: change)
    // Bytes, not text: `==` on String holds what is canonically equivalent for the same.
    let isSame =
      Array(old.username.utf8) == Array(new.username.utf8) && old.details == new.details
    guard replacement != nil || !isSame else {
      try change.audit(.unchanged, old)
      return Outcome(stored: old, change: .unchanged)
    }
    new.updatedAt = max(change.now.nanoseconds, old.updatedAt)
    if let replacement {
      new.version = try old.nextVersion()
      var latest = StoredSecret(version: new.version, state: .active, createdAt: new.updatedAt)
      secret.describe(in: &latest, comment: "")
      try change.store.save(new, in: change.connection)
      try change.store.add(latest, replacement, to: new, in: change.connection)
      try change.store.removeAllSecrets(of: new, but: new.version, in: change.connection)
      new.secrets = [latest]
    } else {
      try change.store.save(new, in: change.connection)
    }
    try change.audit(.updated, new, secret: replacement)
    return Outcome(stored: new, change: .updated)
  }

  /// The secret that takes the old one's place; nil when it is the same.
  private func replacement(
    of old: StoredCredential,
    in change: VaultTransaction
  ) throws -> SecretBytes? {
    guard !old.kind.isPair else {
      try checkPair(old)
      return nil
    }
    guard let payload = try secret.payload() else { return nil }
    // SecretBytes compares in constant time.
    return try change.store.openCurrent(of: old, in: change.connection) == payload ? nil : payload
  }

  /// A new pair in the place of the old one would break the login at the warehouse until its public
  /// key is changed there too.
  private func checkPair(_ old: StoredCredential) throws {
    let hint = "`sluice credential rotate \(request.name)` makes the next key beside it"
    if case .imported(let pair) = secret, pair.fingerprint != old.current?.fingerprint {
      throw RPCError(
        .failedPrecondition,
        "key pair \"\(request.name)\" has another key, which a put does not replace; \(hint)",
        reason: "key_pair_is_fixed"
      )
    }
    let bits = old.current?.keyBits ?? 0
    if request.keyBits != 0, Int64(request.keyBits) != bits {
      throw RPCError(
        .failedPrecondition,
        "key pair \"\(request.name)\" has \(bits) bits and is not replaced by one of "
          + "\(request.keyBits); \(hint)",
        reason: "key_pair_is_fixed"
      )
    }
  }

  private var username: String {
    if case .serviceAccount(let account, _) = secret { return account.email }
    return request.username
  }

  private var details: [String: String] {
    if case .serviceAccount(let account, _) = secret { return account.details }
    return [:]
  }
}

extension StoredCredential {
  /// - Throws: RESOURCE_EXHAUSTED after four thousand million versions.
  func nextVersion() throws(RPCError) -> UInt32 {
    let last = secrets.map(\.version).max() ?? version
    guard last < UInt32.max else {
      throw RPCError(
        .resourceExhausted,
        "credential \"\(name)\" has had too many versions; use another name",
        reason: "versions_exhausted"
      )
    }
    return last + 1
  }
}
