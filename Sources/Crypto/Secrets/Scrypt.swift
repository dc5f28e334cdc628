import COpenSSL

/// scrypt (RFC 7914): a key from a passphrase, at a cost in time and memory that slows guessing.
public struct Scrypt: Sendable, Equatable {
  /// The binary logarithm of the cost N, 14 to 20: each step doubles time and memory (128 * N * r bytes).
  public var logCost: Int
  public var salt: [UInt8]
  static let blockSize: UInt64 = 8

  /// The cost that takes about a tenth of a second and 64 MiB (OWASP's Password Storage Cheat Sheet
  /// asks for N = 2^16 with r = 8 and p = 2, or more).
  public static let defaultLogCost = 16

  /// A new random salt of 32 bytes.
  public init(logCost: Int = Scrypt.defaultLogCost) throws(CryptoError) {
    self.logCost = logCost
    salt = try RandomBytes.make(count: 32)
  }

  public init(logCost: Int, salt: [UInt8]) {
    self.logCost = logCost
    self.salt = salt
  }

  /// 32 bytes. Takes from 50 ms up: not on a thread of Swift's cooperative pool.
  /// - Throws: kind `.size` for a cost outside 14 to 20, which only damaged data has.
  public func derive(from passphrase: SecretBytes) throws(CryptoError) -> SecretBytes {
    guard 14...20 ~= logCost else {
      throw CryptoError(.size, "scrypt's cost 2^\(logCost) is outside 2^14 to 2^20")
    }
    let cost = UInt64(1) << UInt64(logCost)
    let memory = 128 * cost * Self.blockSize + (1 << 20)
    return try SecretBytes(count: 32) { (out) throws(CryptoError) in
      try OpenSSL.check("derive a key from the passphrase") {
        passphrase.withUnsafeBytes { bytes in
          EVP_PBE_scrypt(
            bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
            bytes.count,
            salt,
            salt.count,
            cost,
            Self.blockSize,
            2,
            memory,
            out.baseAddress?.assumingMemoryBound(to: UInt8.self),
            out.count
          )
        }
      }
    }
  }
}
