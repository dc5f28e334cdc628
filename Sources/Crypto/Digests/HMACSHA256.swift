import COpenSSL

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
  /// The 32 bytes that authenticate `message` under `key`.
  public static func authenticate(
    _ message: [UInt8],
    key: SecretBytes
  ) throws(CryptoError) -> [UInt8] {
    guard let keyLength = CInt(exactly: key.count) else {
      throw CryptoError(.size, "a key of \(key.count) bytes is too long for HMAC")
    }
    var code = [UInt8](repeating: 0, count: 32)
    try OpenSSL.check("authenticate a message") {
      key.withUnsafeBytes { key in
        HMAC(EVP_sha256(), key.baseAddress, keyLength, message, message.count, &code, nil) == nil
          ? 0 : 1
      }
    }
    return code
  }
}
