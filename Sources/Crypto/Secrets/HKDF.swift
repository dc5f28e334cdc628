import COpenSSL

/// HKDF with SHA-256 (RFC 5869): keys for separate purposes from one key.
public enum HKDF {
  /// - Parameters:
  ///   - salt: random where one key serves many records; may be empty.
  ///   - info: what the derived key is for, 1,024 bytes at most.
  ///   - count: 1 to 8,160 bytes.
  public static func derive(
    from key: SecretBytes,
    salt: [UInt8],
    info: [UInt8],
    count: Int = 32
  ) throws(CryptoError) -> SecretBytes {
    guard let keyLength = CInt(exactly: key.count), let saltLength = CInt(exactly: salt.count),
      let infoLength = CInt(exactly: info.count), infoLength <= 1024, 1...8160 ~= count
    else { throw CryptoError(.size, "cannot derive \(count) bytes: a parameter is too long") }
    let context = try OpenSSL.make("derive a key") {
      EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nil)
    }
    defer { EVP_PKEY_CTX_free(context) }
    return try SecretBytes(count: count) { (out) throws(CryptoError) in
      var written = out.count
      try OpenSSL.check("derive a key") {
        guard EVP_PKEY_derive_init(context) == 1,
          EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1,
          EVP_PKEY_CTX_set1_hkdf_salt(context, salt, saltLength) == 1,
          key.withUnsafeBytes({ EVP_PKEY_CTX_set1_hkdf_key(context, octets($0), keyLength) }) == 1,
          EVP_PKEY_CTX_add1_hkdf_info(context, info, infoLength) == 1
        else { return 0 }
        return EVP_PKEY_derive(
          context,
          out.baseAddress?.assumingMemoryBound(to: UInt8.self),
          &written
        )
      }
      guard written == out.count else {
        throw CryptoError(.library, "cannot derive a key: \(written) bytes instead of \(out.count)")
      }
    }
  }
}
