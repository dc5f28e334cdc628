import COpenSSL

/// A key pair for signing in at an SSH server: Ed25519 or RSA.
///
/// Making an RSA pair takes up to seconds of a core: not on a thread of Swift's cooperative pool.
public struct SSHKeyPair: Sendable {
  public enum Algorithm: String, Sendable, CaseIterable {
    /// RFC 8709.
    case ed25519
    /// RFC 4253, section 6.6; signed with SHA-2 (RFC 8332).
    case rsa
  }

  private let key: PrivateKey

  public let algorithm: Algorithm
  /// The modulus of an RSA key, 256 of Ed25519.
  public let bits: Int
  /// The key as the protocol sends it (RFC 4253, section 6.6).
  public let publicKeyBlob: [UInt8]

  public static func generate(_ algorithm: Algorithm, bits: Int) throws(CryptoError) -> SSHKeyPair {
    switch algorithm {
    case .ed25519:
      try SSHKeyPair(PrivateKey.generate(EVP_PKEY_ED25519, action: "make a key") { _ in 1 })
    case .rsa: try SSHKeyPair(RSAKeyPair.generate(bits: bits).key)
    }
  }

  /// Reads an unencrypted PKCS#8 PEM, as `pkcs8PEM` wrote it.
  public init(pkcs8PEM: SecretBytes) throws(CryptoError) {
    try self.init(PrivateKey(pem: pkcs8PEM))
  }

  private init(_ key: PrivateKey) throws(CryptoError) {
    self.key = key
    switch EVP_PKEY_get_base_id(key.pointer) {
    case EVP_PKEY_ED25519:
      algorithm = .ed25519
      bits = 256
      var raw = [UInt8](repeating: 0, count: 32)
      var length = raw.count
      try OpenSSL.check("read the public key") {
        EVP_PKEY_get_raw_public_key(key.pointer, &raw, &length)
      }
      publicKeyBlob = SSHWire.string(Array("ssh-ed25519".utf8)) + SSHWire.string(raw)
    case EVP_PKEY_RSA:
      algorithm = .rsa
      bits = try RSAKeyPair(key).bits
      publicKeyBlob =
        try SSHWire.string(Array("ssh-rsa".utf8))
        + SSHWire.integer(Self.number(OSSL_PKEY_PARAM_RSA_E, of: key))
        + SSHWire.integer(Self.number(OSSL_PKEY_PARAM_RSA_N, of: key))
    default: throw CryptoError(.format, "the key is neither Ed25519 nor RSA")
    }
  }

  /// One line of `authorized_keys`, e.g. `ssh-ed25519 AAAA… comment`.
  public func authorizedKey(comment: String) -> String {
    let type = algorithm == .rsa ? "ssh-rsa" : "ssh-ed25519"
    return "\(type) \(Base64.encode(publicKeyBlob))" + (comment.isEmpty ? "" : " \(comment)")
  }

  /// As `ssh-keygen -l` shows it: `SHA256:` and the digest of the blob in base64 without padding.
  public var fingerprint: String {
    let digest = Base64.encode(SHA256.digest(publicKeyBlob).bytes)
    return "SHA256:" + digest.prefix { $0 != "=" }
  }

  /// Signs a user-authentication request.
  /// - Parameter algorithm: `ssh-ed25519`, `rsa-sha2-256` or `rsa-sha2-512`.
  /// - Returns: the signature as the protocol sends it: the algorithm's name, then its bytes.
  /// - Throws: kind `.format` for another algorithm; SHA-1 (`ssh-rsa`) is refused.
  public func sign(_ request: [UInt8], algorithm name: String) throws(CryptoError) -> [UInt8] {
    let signature: [UInt8]
    switch (algorithm, name) {
    case (.ed25519, "ssh-ed25519"): signature = try key.sign(request, digest: nil)
    case (.rsa, "rsa-sha2-256"): signature = try key.sign(request, digest: EVP_sha256())
    case (.rsa, "rsa-sha2-512"): signature = try key.sign(request, digest: EVP_sha512())
    default:
      throw CryptoError(.format, "an \(algorithm.rawValue) key does not sign with \(name)")
    }
    return SSHWire.string(Array(name.utf8)) + SSHWire.string(signature)
  }

  /// The private key for sealed storage, PKCS#8 PEM. Nothing else may ever see it.
  public func pkcs8PEM() throws(CryptoError) -> SecretBytes { try key.pkcs8PEM() }

  private static func number(_ name: String, of key: PrivateKey) throws(CryptoError) -> [UInt8] {
    var number: OpaquePointer?
    try OpenSSL.check("read the public key") {
      EVP_PKEY_get_bn_param(key.pointer, name, &number)
    }
    defer { BN_free(number) }
    var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(number) + 7) / 8)
    BN_bn2bin(number, &bytes)
    return bytes
  }
}

/// SSH's data types (RFC 4251, section 5).
public enum SSHWire {
  public static func string(_ bytes: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count).bigEndian) { Array($0) } + bytes
  }

  /// A positive number from its big-endian bytes: a leading zero keeps the sign bit clear.
  static func integer(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array(bytes.drop { $0 == 0 })
    return string((digits.first ?? 0) & 0x80 == 0 ? digits : [0] + digits)
  }
}
