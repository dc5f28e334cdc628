import Crypto
import SQLDatabase
import SyncModel

/// A root key wrapped under one master key. There can be several: a master key is changed by adding
/// a slot and removing the old one, without touching a secret.
struct UnlockSlot: Sendable {
  enum Kind: String, Sendable {
    /// The master key is 32 bytes.
    case key
    /// The master key is derived from a passphrase, by the slot's own scrypt.
    case passphrase
  }

  enum Refusal: Error {
    /// Neither the canary nor the root key opens.
    case wrongMasterKey
    /// One of the two opens: the master key is right, the row is not.
    case damaged
  }

  private static let canaryText = SecretBytes(Array("sluice-vault canary".utf8))

  var number: Int64
  var rootID: Int64
  var createdAt: Int64
  var kind: Kind
  /// `passphrase` only.
  var scrypt: Scrypt?
  var wrappedRoot: SealedBytes
  /// A known text under the master key: tells a wrong master key from a damaged root key.
  var canary: SealedBytes

  /// Seals `root` under `masterKey`.
  init(
    sealing root: SecretBytes,
    rootID: Int64,
    number: Int64,
    createdAt: Int64,
    kind: Kind,
    scrypt: Scrypt?,
    vaultID: String,
    masterKey: MasterKey
  ) throws(CryptoError) {
    self.number = number
    self.rootID = rootID
    self.createdAt = createdAt
    self.kind = kind
    self.scrypt = scrypt
    let place = Place(vaultID, number, rootID, createdAt, kind, scrypt)
    wrappedRoot = try SealedBytes(
      sealing: root,
      under: masterKey.secret,
      for: place.fields("unlock-slot/2")
    )
    canary = try SealedBytes(
      sealing: Self.canaryText,
      under: masterKey.secret,
      for: place.fields("canary/2")
    )
  }

  /// Seals `root` for `secret`; for a passphrase with a new salt, hence another master key each time.
  static func make(
    number: Int64,
    sealing root: RootKey,
    for secret: UnlockSecret,
    vaultID: String,
    at now: Timestamp
  ) throws -> (UnlockSlot, MasterKey) {
    let (scrypt, masterKey): (Scrypt?, MasterKey)
    switch secret {
    case .key(let key): (scrypt, masterKey) = (nil, key)
    case .passphrase(let text):
      let new = try Scrypt()
      (scrypt, masterKey) = (new, try MasterKey(new.derive(from: text)))
    }
    let slot = try UnlockSlot(
      sealing: root.secret,
      rootID: root.id,
      number: number,
      createdAt: now.nanoseconds,
      kind: secret.kind,
      scrypt: scrypt,
      vaultID: vaultID,
      masterKey: masterKey
    )
    return (slot, masterKey)
  }

  /// - Throws: `Refusal`.
  func open(vaultID: String, masterKey: MasterKey) throws -> RootKey {
    let place = Place(vaultID, number, rootID, createdAt, kind, scrypt)
    return try open(
      masterKey,
      place.fields("unlock-slot/2"),
      canary: place.fields("canary/2")
    )
  }

  /// Opens a slot of the release that had no manifest; `VaultUnlocking` then seals it anew.
  func openFirstForm(vaultID: String, masterKey: MasterKey) throws -> RootKey {
    try open(
      masterKey,
      firstForm("unlock-slot", vaultID),
      canary: firstForm("canary", vaultID)
    )
  }

  private func open(
    _ masterKey: MasterKey,
    _ fields: CanonicalFields,
    canary canaryFields: CanonicalFields
  ) throws -> RootKey {
    let root = try? wrappedRoot.open(under: masterKey.secret, for: fields)
    let canary = try? canary.open(under: masterKey.secret, for: canaryFields)
    let canaryIsRight = canary == Self.canaryText
    guard let root, canaryIsRight else {
      throw root == nil && !canaryIsRight ? Refusal.wrongMasterKey : Refusal.damaged
    }
    return try RootKey(id: rootID, secret: root)
  }

  private func firstForm(_ purpose: StaticString, _ vaultID: String) -> CanonicalFields {
    var fields = CanonicalFields(purpose)
    fields.append(vaultID)
    fields.append(number)
    fields.append(rootID)
    fields.append(createdAt)
    return fields
  }
}

/// What a slot is bound to: none of it can be changed in the database.
private struct Place {
  let vaultID: String
  let number: Int64
  let rootID: Int64
  let createdAt: Int64
  let kind: UnlockSlot.Kind
  let scrypt: Scrypt?

  init(
    _ vaultID: String,
    _ number: Int64,
    _ rootID: Int64,
    _ createdAt: Int64,
    _ kind: UnlockSlot.Kind,
    _ scrypt: Scrypt?
  ) {
    self.vaultID = vaultID
    self.number = number
    self.rootID = rootID
    self.createdAt = createdAt
    self.kind = kind
    self.scrypt = scrypt
  }

  func fields(_ purpose: StaticString) -> CanonicalFields {
    var fields = CanonicalFields(purpose)
    fields.append(vaultID)
    fields.append(number)
    fields.append(rootID)
    fields.append(createdAt)
    fields.append(kind.rawValue)
    fields.append(scrypt?.text ?? "")
    return fields
  }
}

extension UnlockSlot {
  static func all(in connection: any SQLConnection) throws -> [UnlockSlot] {
    try connection.rows(
      """
      SELECT slot, root_id, created_at, kind, kdf, root_salt, root_nonce, wrapped_root,
        canary_salt, canary_nonce, canary FROM unlock_slot ORDER BY slot
      """
    ) { try UnlockSlot($0) }
  }

  private init(_ row: any SQLRow) throws {
    number = row.int64(0)
    rootID = row.int64(1)
    createdAt = row.int64(2)
    guard let kind = Kind(rawValue: row.string(3)) else { throw Refusal.damaged }
    self.kind = kind
    scrypt = try Scrypt(text: row.string(4))
    wrappedRoot = SealedBytes(salt: row.blob(5), nonce: row.blob(6), ciphertext: row.blob(7))
    canary = SealedBytes(salt: row.blob(8), nonce: row.blob(9), ciphertext: row.blob(10))
  }

  /// Writes the slot in the place of the one with its number.
  func write(in connection: any SQLConnection) throws {
    try connection.execute("DELETE FROM unlock_slot WHERE slot = ?1", [.integer(number)])
    try VaultTable.slots.insert(
      [
        .integer(number), .integer(rootID), .blob(wrappedRoot.salt), .blob(wrappedRoot.nonce),
        .blob(wrappedRoot.ciphertext), .blob(canary.salt), .blob(canary.nonce),
        .blob(canary.ciphertext), .integer(createdAt), .text(kind.rawValue),
        .text(scrypt?.text ?? ""),
      ],
      in: connection
    )
  }
}

extension Scrypt {
  /// As a slot keeps it: `scrypt:16:` and the salt in hex.
  fileprivate var text: String { "scrypt:\(logCost):\(Hex.encode(salt))" }

  fileprivate init?(text: String) throws {
    if text.isEmpty { return nil }
    let parts = text.split(separator: ":")
    guard parts.count == 3, parts[0] == "scrypt", let cost = Int(parts[1]),
      let salt = Hex.decode(Array(parts[2].utf8)), salt.count == 32
    else { throw UnlockSlot.Refusal.damaged }
    self.init(logCost: cost, salt: salt)
  }
}
