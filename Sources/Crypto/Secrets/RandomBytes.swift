import COpenSSL

/// Unpredictable bytes, from OpenSSL's generator (seeded by the kernel).
public enum RandomBytes {
  public static func make(count: Int) throws(CryptoError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try fill(&bytes)
    return bytes
  }

  /// For keys: straight into memory that is wiped on release.
  public static func secret(count: Int) throws(CryptoError) -> SecretBytes {
    try SecretBytes(count: count) { (out) throws(CryptoError) in
      try OpenSSL.check("get \(count) random bytes") {
        RAND_bytes(out.baseAddress?.assumingMemoryBound(to: UInt8.self), CInt(clamping: out.count))
      }
    }
  }

  private static func fill(_ bytes: inout [UInt8]) throws(CryptoError) {
    guard let count = CInt(exactly: bytes.count) else {
      throw CryptoError(.size, "cannot make \(bytes.count) random bytes at once")
    }
    try OpenSSL.check("get \(count) random bytes") { RAND_bytes(&bytes, count) }
  }
}
