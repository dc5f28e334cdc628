import Crypto

/// A root key wrapped under one master key. There can be several: a master key is changed by adding
/// a slot and removing the old one, without touching a secret.
struct UnlockSlot: Sendable {
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
  var wrappedRoot: SealedBytes
  /// A known text under the master key: tells a wrong master key from a damaged root key.
  var canary: SealedBytes

  init(
    number: Int64,
    rootID: Int64,
    createdAt: Int64,
    wrappedRoot: SealedBytes,
    canary: SealedBytes
  ) {
    self.number = number
    self.rootID = rootID
    self.createdAt = createdAt
    self.wrappedRoot = wrappedRoot
    self.canary = canary
  }

  /// Makes a new root key, sealed in slot `number`.
  init(
    newRoot rootID: Int64,
    number: Int64,
    createdAt: Int64,
    vaultID: String,
    masterKey: MasterKey
  ) throws(CryptoError) {
    self.number = number
    self.rootID = rootID
    self.createdAt = createdAt
    let root = try RandomBytes.secret(count: AESGCM.keyLength)
    let place = (vaultID, number, rootID, createdAt)
    wrappedRoot = try SealedBytes(
      sealing: root,
      under: masterKey.secret,
      for: Self.fields("unlock-slot", place)
    )
    canary = try SealedBytes(
      sealing: Self.canaryText,
      under: masterKey.secret,
      for: Self.fields("canary", place)
    )
  }

  func open(vaultID: String, masterKey: MasterKey) throws -> RootKey {
    let place = (vaultID, number, rootID, createdAt)
    let root = try? wrappedRoot.open(
      under: masterKey.secret,
      for: Self.fields("unlock-slot", place)
    )
    let canary = try? canary.open(under: masterKey.secret, for: Self.fields("canary", place))
    let canaryIsRight = canary == Self.canaryText
    guard let root, canaryIsRight else {
      throw root == nil && !canaryIsRight ? Refusal.wrongMasterKey : Refusal.damaged
    }
    return try RootKey(id: rootID, secret: root)
  }

  private static func fields(
    _ purpose: StaticString,
    _ place: (vaultID: String, number: Int64, rootID: Int64, createdAt: Int64)
  ) -> CanonicalFields {
    var fields = CanonicalFields(purpose)
    fields.append(place.vaultID)
    fields.append(place.number)
    fields.append(place.rootID)
    fields.append(place.createdAt)
    return fields
  }
}
