import COpenSSL

/// SHA-256 (FIPS 180-4). A value: no allocation, copies fork the state.
public struct SHA256: Sendable {
  private var state = SHA256state_st()

  public init() {
    SHA256_Init(&state)
  }

  /// The digest of `bytes` in one call.
  public static func digest(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// The digest of `bytes` in one call.
  public static func digest(_ bytes: [UInt8]) -> SHA256Digest {
    bytes.withUnsafeBytes { digest($0) }
  }

  /// Appends `bytes` to what is hashed.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    SHA256_Update(&state, bytes.baseAddress, bytes.count)
  }

  /// Appends `bytes` to what is hashed.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Appends `value` as 8 bytes, big-endian: a fixed length keeps concatenations unambiguous.
  public mutating func update(_ value: UInt64) {
    withUnsafeBytes(of: value.bigEndian) { update($0) }
  }

  /// The digest of everything appended. Afterwards the value hashes from the start again.
  public mutating func finish() -> SHA256Digest {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { out in
      _ = SHA256_Final(out.baseAddress?.assumingMemoryBound(to: UInt8.self), &state)
    }
    SHA256_Init(&state)
    return SHA256Digest(
      words.0.bigEndian,
      words.1.bigEndian,
      words.2.bigEndian,
      words.3.bigEndian
    )
  }
}

/// The 32 bytes of a SHA-256, as four big-endian words: a key for dictionaries without allocation.
public struct SHA256Digest: Sendable, Hashable {
  public var word0: UInt64
  public var word1: UInt64
  public var word2: UInt64
  public var word3: UInt64

  public init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
    self.word0 = word0
    self.word1 = word1
    self.word2 = word2
    self.word3 = word3
  }

  /// nil unless there are exactly 32 bytes.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 32 else { return nil }
    func word(_ offset: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    self.init(word(0), word(8), word(16), word(24))
  }

  /// Lends the 32 bytes.
  public func withUnsafeBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
    return try Swift.withUnsafeBytes(of: words, body)
  }

  public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension SHA256Digest: CustomStringConvertible {
  /// 64 hex digits, lower case.
  public var description: String { Hex.encode(bytes) }
}
