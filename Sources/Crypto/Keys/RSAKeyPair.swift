import COpenSSL

/// An RSA key pair for signing in at a warehouse.
///
/// Making one takes from a tenth of a second to several seconds of a core: not on a thread of
/// Swift's cooperative pool.
public struct RSAKeyPair: Sendable {
  /// The moduli that Snowflake takes and that are made in bearable time.
  public static let permittedBits = 2048...4096

  let key: PrivateKey

  /// The modulus in bits.
  public let bits: Int
  /// SubjectPublicKeyInfo, PEM, as Snowflake's `RSA_PUBLIC_KEY` wants it between its dashes.
  public let publicKeyPEM: String
  /// `SHA256:` and the base64 of the SHA-256 of the public key's DER form, as Snowflake's
  /// `DESCRIBE USER` shows it in `RSA_PUBLIC_KEY_FP`.
  public let fingerprint: String

  /// - Throws: kind `.size` outside `permittedBits`.
  public static func generate(bits: Int) throws(CryptoError) -> RSAKeyPair {
    guard permittedBits.contains(bits), let modulus = CInt(exactly: bits) else {
      throw CryptoError(
        .size,
        "an RSA key needs \(permittedBits.lowerBound) to \(permittedBits.upperBound) bits, "
          + "not \(bits)"
      )
    }
    return try RSAKeyPair(
      PrivateKey.generate(EVP_PKEY_RSA, action: "make an RSA key") {
        EVP_PKEY_CTX_set_rsa_keygen_bits($0, modulus)
      }
    )
  }

  /// Reads an unencrypted PEM private key (PKCS#8 or PKCS#1).
  /// - Throws: kind `.format` for anything but an RSA key, `.size` outside `permittedBits`.
  public init(pkcs8PEM: SecretBytes) throws(CryptoError) {
    try self.init(PrivateKey(pem: pkcs8PEM))
  }

  /// Reads a private key that somebody brings along: PEM, PKCS#8 plain or encrypted, or PKCS#1.
  /// - Parameter passphrase: of an encrypted key.
  /// - Throws: kind `.format` for what is no RSA key or none that is whole, an encrypted key without its
  ///   passphrase or with a wrong one; `.size` outside `permittedBits`, or for a key that would take minutes to decrypt.
  public init(importing pem: SecretBytes, passphrase: SecretBytes?) throws(CryptoError) {
    try self.init(ImportedKey.read(pem, passphrase: passphrase))
    // A key that is damaged or put together would sign what nobody accepts, for months.
    let text = Array("sluice".utf8)
    guard let signature = try? signRS256(text), key.verifies(signature, of: text) else {
      throw CryptoError(.format, "the private key and its public half do not belong together")
    }
  }

  init(_ key: PrivateKey) throws(CryptoError) {
    guard EVP_PKEY_get_base_id(key.pointer) == EVP_PKEY_RSA else {
      throw CryptoError(.format, "the private key is not an RSA key")
    }
    let bits = Int(EVP_PKEY_get_bits(key.pointer))
    guard Self.permittedBits.contains(bits) else {
      throw CryptoError(.size, "an RSA key of \(bits) bits is not permitted here")
    }
    self.key = key
    self.bits = bits
    publicKeyPEM = try key.publicKeyPEM()
    fingerprint = "SHA256:" + Base64.encode(SHA256.digest(try key.publicKeyDER()).bytes)
  }

  /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
  public func signRS256(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
    try key.sign(message, digest: EVP_sha256())
  }

  /// The private key for sealed storage, PKCS#8 PEM. Nothing else may ever see it.
  public func pkcs8PEM() throws(CryptoError) -> SecretBytes { try key.pkcs8PEM() }
}
