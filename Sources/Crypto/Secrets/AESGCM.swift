import COpenSSL

/// AES-256-GCM (NIST SP 800-38D): 256-bit key, 96-bit nonce, 128-bit tag.
///
/// A nonce must never be used twice under one key; the vault uses every key once.
public enum AESGCM {
  public static let keyLength = 32
  public static let nonceLength = 12
  public static let tagLength = 16

  /// Encrypts `plaintext`, and authenticates it together with `associatedData`.
  /// - Returns: the ciphertext, followed by the tag.
  public static func seal(
    _ plaintext: SecretBytes,
    key: SecretBytes,
    nonce: [UInt8],
    associatedData: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    let length = try checked(key: key, nonce: nonce, count: plaintext.count)
    let context = try OpenSSL.make("encrypt") { EVP_CIPHER_CTX_new() }
    defer { EVP_CIPHER_CTX_free(context) }
    var sealed = [UInt8](repeating: 0, count: plaintext.count + tagLength)
    var written: CInt = 0
    try OpenSSL.check("encrypt") {
      let started = key.withUnsafeBytes {
        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, octets($0), nonce)
      }
      guard started == 1 else { return 0 }
      if let count = CInt(exactly: associatedData.count), count > 0 {
        guard EVP_EncryptUpdate(context, nil, &written, associatedData, count) == 1 else {
          return 0
        }
      }
      let encrypted = plaintext.withUnsafeBytes {
        length == 0 ? 1 : EVP_EncryptUpdate(context, &sealed, &written, octets($0), length)
      }
      guard encrypted == 1 else { return 0 }
      // GCM is a stream mode: nothing is left for Final to write but the tag.
      var rest = [UInt8](repeating: 0, count: tagLength)
      guard EVP_EncryptFinal_ex(context, &rest, &written) == 1 else { return 0 }
      return sealed.withUnsafeMutableBytes {
        EVP_CIPHER_CTX_ctrl(
          context,
          EVP_CTRL_AEAD_GET_TAG,
          CInt(tagLength),
          $0.baseAddress?.advanced(by: plaintext.count)
        )
      }
    }
    return sealed
  }

  /// Decrypts what `seal` returned.
  /// - Throws: kind `.authentication` when anything at all was changed; no plaintext is given out.
  public static func open(
    _ sealed: [UInt8],
    key: SecretBytes,
    nonce: [UInt8],
    associatedData: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    guard sealed.count >= tagLength else {
      throw CryptoError(.authentication, "cannot decrypt: the ciphertext is cut short")
    }
    let count = sealed.count - tagLength
    let length = try checked(key: key, nonce: nonce, count: count)
    let context = try OpenSSL.make("decrypt") { EVP_CIPHER_CTX_new() }
    defer { EVP_CIPHER_CTX_free(context) }
    var tag = Array(sealed[count...])
    return try SecretBytes(count: count) { (out) throws(CryptoError) in
      var written: CInt = 0
      try OpenSSL.check("decrypt") {
        let started = key.withUnsafeBytes {
          EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, octets($0), nonce)
        }
        guard started == 1 else { return 0 }
        if let aadCount = CInt(exactly: associatedData.count), aadCount > 0 {
          guard EVP_DecryptUpdate(context, nil, &written, associatedData, aadCount) == 1
          else { return 0 }
        }
        if length > 0 {
          let plain = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
          guard EVP_DecryptUpdate(context, plain, &written, sealed, length) == 1 else { return 0 }
        }
        return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CInt(tagLength), &tag)
      }
      // Final compares the tag in constant time. Its failure leaves the queue empty.
      var rest = [UInt8](repeating: 0, count: tagLength)
      guard EVP_DecryptFinal_ex(context, &rest, &written) == 1 else {
        throw CryptoError(
          .authentication,
          "cannot decrypt: the data was changed or belongs to another key"
        )
      }
    }
  }

  private static func checked(
    key: SecretBytes,
    nonce: [UInt8],
    count: Int
  ) throws(CryptoError) -> CInt {
    guard key.count == keyLength else {
      throw CryptoError(.size, "AES-256 needs a key of \(keyLength) bytes, not \(key.count)")
    }
    guard nonce.count == nonceLength else {
      throw CryptoError(.size, "AES-GCM needs a nonce of \(nonceLength) bytes, not \(nonce.count)")
    }
    guard let length = CInt(exactly: count), length <= CInt.max - CInt(tagLength) else {
      throw CryptoError(.size, "\(count) bytes are too many for one AES-GCM message")
    }
    return length
  }
}

/// OpenSSL's view of lent bytes.
func octets(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
  bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
}
