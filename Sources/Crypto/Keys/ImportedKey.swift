import COpenSSL

/// Private keys that users bring along, which may be anything at all.
enum ImportedKey {
  /// Larger than any RSA key of 4096 bits, encrypted, in PEM.
  static let largest = 32 << 10

  static func read(
    _ pem: SecretBytes,
    passphrase: SecretBytes?
  ) throws(CryptoError) -> PrivateKey {
    guard pem.count <= largest else {
      throw CryptoError(
        .size,
        "the private key has \(pem.count) bytes; at most \(largest) are read"
      )
    }
    let bio = try MemoryBIO(reading: pem)
    ERR_clear_error()
    if let encrypted = PEM_read_bio_PKCS8(bio.pointer, nil, nil, nil) {
      defer { X509_SIG_free(encrypted) }
      return try decrypt(encrypted, passphrase)
    }
    ERR_clear_error()
    let isEncryptedPKCS1 = pem.withUnsafeBytes { contains("Proc-Type: 4,ENCRYPTED", in: $0) }
    if isEncryptedPKCS1 {
      throw CryptoError(
        .format,
        "the private key is encrypted in the old way of PEM; convert it with: openssl pkcs8 -topk8"
      )
    }
    guard passphrase == nil else {
      throw CryptoError(.format, "a passphrase was given, but the private key is not encrypted")
    }
    return try PrivateKey(pem: pem)
  }

  private static func decrypt(
    _ encrypted: OpaquePointer,
    _ passphrase: SecretBytes?
  ) throws(CryptoError) -> PrivateKey {
    guard let passphrase else {
      throw CryptoError(.format, "the private key is encrypted; give its passphrase")
    }
    try checkCost(of: encrypted)
    guard let length = CInt(exactly: passphrase.count) else {
      throw CryptoError(.size, "the passphrase is too long")
    }
    ERR_clear_error()
    let info = passphrase.withUnsafeBytes {
      PKCS8_decrypt(encrypted, $0.baseAddress?.assumingMemoryBound(to: CChar.self), length)
    }
    ERR_clear_error()
    guard let info else {
      throw CryptoError(.format, "cannot decrypt the private key: is its passphrase right?")
    }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    return PrivateKey(
      adopting: try OpenSSL.make("read the private key", kind: .format) { EVP_PKCS82PKEY(info) }
    )
  }

  /// The file itself says how often its passphrase is hashed: a hostile one would take a core for
  /// hours. OpenSSL's own default is 2,048 rounds of PBKDF2, careful tools go to a million.
  private static func checkCost(of encrypted: OpaquePointer) throws(CryptoError) {
    var algorithm: UnsafePointer<X509_ALGOR>?
    X509_SIG_get0(encrypted, &algorithm, nil)
    switch sluice_pbes2_cost(algorithm) {
    case 0...10_000_000: return
    case let cost where cost < 0:
      throw CryptoError(
        .format,
        "the private key is encrypted in a way that is not taken; convert it with: "
          + "openssl pkcs8 -topk8 -v2 aes-256-cbc"
      )
    case let cost:
      throw CryptoError(
        .size,
        "the private key's encryption asks for \(cost) rounds, more than the 10,000,000 allowed"
      )
    }
  }

  private static func contains(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
    text.withUTF8Buffer { wanted in
      guard bytes.count >= wanted.count else { return false }
      return (0...(bytes.count - wanted.count)).contains { start in
        bytes[start..<(start + wanted.count)].elementsEqual(wanted)
      }
    }
  }
}
