import Crypto

/// One version of a secret, at rest: the payload under a data key of its own, and the data key
/// under the root key. A root key can change without touching a payload.
struct SealedSecret: Sendable, Equatable {
  /// Which root key wraps the data key.
  var rootID: Int64
  var wrappedKey: SealedBytes
  var nonce: [UInt8]
  var ciphertext: [UInt8]

  init(rootID: Int64, wrappedKey: SealedBytes, nonce: [UInt8], ciphertext: [UInt8]) {
    self.rootID = rootID
    self.wrappedKey = wrappedKey
    self.nonce = nonce
    self.ciphertext = ciphertext
  }

  init(
    sealing secret: SecretBytes,
    under root: RootKey,
    for fields: CanonicalFields
  ) throws(CryptoError) {
    let dataKey = try RandomBytes.secret(count: AESGCM.keyLength)
    rootID = root.id
    wrappedKey = try SealedBytes(sealing: dataKey, under: root.wrapKey, for: fields)
    nonce = try RandomBytes.make(count: AESGCM.nonceLength)
    ciphertext = try AESGCM.seal(
      secret,
      key: dataKey,
      nonce: nonce,
      associatedData: fields.bytes
    )
  }

  func open(under root: RootKey, for fields: CanonicalFields) throws(CryptoError) -> SecretBytes {
    guard rootID == root.id else {
      throw CryptoError(.authentication, "cannot decrypt: sealed under root key \(rootID)")
    }
    let dataKey = try wrappedKey.open(under: root.wrapKey, for: fields)
    return try AESGCM.open(
      ciphertext,
      key: dataKey,
      nonce: nonce,
      associatedData: fields.bytes
    )
  }

  /// The same payload, its data key wrapped under another root key.
  func rewrapped(
    from old: RootKey,
    to new: RootKey,
    for fields: CanonicalFields
  ) throws(CryptoError) -> SealedSecret {
    guard rootID == old.id else {
      throw CryptoError(.authentication, "cannot decrypt: sealed under root key \(rootID)")
    }
    let dataKey = try wrappedKey.open(under: old.wrapKey, for: fields)
    return SealedSecret(
      rootID: new.id,
      wrappedKey: try SealedBytes(sealing: dataKey, under: new.wrapKey, for: fields),
      nonce: nonce,
      ciphertext: ciphertext
    )
  }
}
