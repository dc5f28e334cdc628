import COpenSSL

/// An asymmetric key pair as OpenSSL keeps it, released with the last reference.
// Safety: @unchecked because of the pointer; an EVP_PKEY is not changed after it was made, and
// OpenSSL locks its internal caches itself (EVP_PKEY-RSA(7), openssl-threads(7)).
final class PrivateKey: @unchecked Sendable {
  let pointer: OpaquePointer

  /// Takes over the reference.
  init(adopting pointer: OpaquePointer) { self.pointer = pointer }

  deinit { EVP_PKEY_free(pointer) }

  /// A key of `type` (`EVP_PKEY_RSA`, `EVP_PKEY_EC`), configured by `configure`.
  static func generate(
    _ type: CInt,
    action: String,
    configure: (OpaquePointer) -> CInt
  ) throws(CryptoError) -> PrivateKey {
    let context = try OpenSSL.make(action) { EVP_PKEY_CTX_new_id(type, nil) }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    try OpenSSL.check(action) {
      guard EVP_PKEY_keygen_init(context) == 1, configure(context) == 1 else { return 0 }
      return EVP_PKEY_keygen(context, &key)
    }
    guard let key else { throw OpenSSL.failure(action, kind: .library) }
    return PrivateKey(adopting: key)
  }

  /// Reads PEM: PKCS#8, or the algorithm's own form. Encrypted keys are refused.
  convenience init(pem: SecretBytes) throws(CryptoError) {
    let bio = try MemoryBIO(reading: pem)
    let key = try OpenSSL.make("read the private key", kind: .format) {
      // Without a callback OpenSSL would ask for a passphrase at the terminal.
      PEM_read_bio_PrivateKey(bio.pointer, nil, { _, _, _, _ in 0 }, nil)
    }
    self.init(adopting: key)
  }

  /// Signs `message` with the key; `digest` is nil for Ed25519, which hashes itself.
  /// RSA signs with PKCS#1 v1.5.
  func sign(_ message: [UInt8], digest: OpaquePointer?) throws(CryptoError) -> [UInt8] {
    let context = try OpenSSL.make("sign") { EVP_MD_CTX_new() }
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(pointer)))
    var length = signature.count
    try OpenSSL.check("sign") {
      guard EVP_DigestSignInit(context, nil, digest, nil, pointer) == 1 else { return 0 }
      return EVP_DigestSign(context, &signature, &length, message, message.count)
    }
    return Array(signature.prefix(length))
  }

  /// Whether `signature` is what `sign` makes of `message` with SHA-256.
  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let context = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(context) }
    // What a wrong signature leaves in the queue is of no interest to the next call.
    defer { ERR_clear_error() }
    return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, pointer) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }

  /// PKCS#8 PEM, unencrypted.
  func pkcs8PEM() throws(CryptoError) -> SecretBytes {
    let bio = try MemoryBIO()
    try OpenSSL.check("write the private key") {
      PEM_write_bio_PKCS8PrivateKey(bio.pointer, pointer, nil, nil, 0, nil, nil)
    }
    return bio.secretContents()
  }

  /// SubjectPublicKeyInfo, PEM.
  func publicKeyPEM() throws(CryptoError) -> String {
    let bio = try MemoryBIO()
    try OpenSSL.check("write the public key") { PEM_write_bio_PUBKEY(bio.pointer, pointer) }
    return bio.textContents()
  }

  /// SubjectPublicKeyInfo, DER.
  func publicKeyDER() throws(CryptoError) -> [UInt8] {
    let bio = try MemoryBIO()
    try OpenSSL.check("write the public key") { i2d_PUBKEY_bio(bio.pointer, pointer) }
    return bio.withContents { Array($0) }
  }
}
