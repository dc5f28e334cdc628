import Crypto

/// Bytes sealed under a key that is used once: HKDF(key, random salt, fields), so that no budget of
/// nonces has to be counted, and AES-256-GCM over the same fields.
struct SealedBytes: Sendable, Equatable {
  static let saltLength = 32

  var salt: [UInt8]
  var nonce: [UInt8]
  /// With the tag at its end.
  var ciphertext: [UInt8]

  init(salt: [UInt8], nonce: [UInt8], ciphertext: [UInt8]) {
    self.salt = salt
    self.nonce = nonce
    self.ciphertext = ciphertext
  }

  init(
    sealing plaintext: SecretBytes,
    under key: SecretBytes,
    for fields: CanonicalFields
  ) throws(CryptoError) {
    salt = try RandomBytes.make(count: Self.saltLength)
    nonce = try RandomBytes.make(count: AESGCM.nonceLength)
    ciphertext = try AESGCM.seal(
      plaintext,
      key: HKDF.derive(from: key, salt: salt, info: fields.bytes),
      nonce: nonce,
      associatedData: fields.bytes
    )
  }

  /// - Throws: kind `.authentication` (or `.size`) when anything differs from what was sealed.
  func open(under key: SecretBytes, for fields: CanonicalFields) throws(CryptoError) -> SecretBytes
  {
    try AESGCM.open(
      ciphertext,
      key: HKDF.derive(from: key, salt: salt, info: fields.bytes),
      nonce: nonce,
      associatedData: fields.bytes
    )
  }
}
