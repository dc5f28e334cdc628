import Crypto
import TestSupport
import Testing

/// A private key in a file.
struct TemporaryKey {
  private let directory: TemporaryDirectory
  var file: String { directory.file("key.pem") }

  init(_ pem: String) throws {
    directory = try TemporaryDirectory()
    try directory.keep(Array(pem.utf8), as: "key.pem")
  }
}

/// Encrypted private keys whose passphrase would have to be hashed for hours (RFC 8018, RFC 7914).
enum Bomb {
  static func pbkdf2(rounds: Int64) -> String {
    // 1.2.840.113549.1.5.12
    key(derivedBy: [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0C], DER.integer(rounds))
  }

  static func scrypt(cost: Int64) -> String {
    // 1.3.6.1.4.1.11591.4.11
    key(
      derivedBy: [0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x04, 0x0B],
      DER.integer(cost) + DER.integer(8) + DER.integer(1)
    )
  }

  private static func key(derivedBy algorithm: [UInt8], _ parameters: [UInt8]) -> String {
    let salt = DER.value(0x04, [UInt8](repeating: 7, count: 16))
    let derivation = DER.sequence(DER.value(0x06, algorithm) + DER.sequence(salt + parameters))
    // AES-256-CBC, 2.16.840.1.101.3.4.1.42.
    let cipher = DER.sequence(
      DER.value(0x06, [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A]) + salt
    )
    // PBES2, 1.2.840.113549.1.5.13.
    let scheme = DER.sequence(
      DER.value(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D])
        + DER.sequence(derivation + cipher)
    )
    let encrypted = DER.value(0x04, [UInt8](repeating: 9, count: 1232))
    return DER.pem("ENCRYPTED PRIVATE KEY", DER.sequence(scheme + encrypted))
  }
}

/// A key that is put together from two: it would sign what its own public half does not verify.
enum Mismatched {
  /// PKCS#1, with the modulus of one key and everything else of another.
  static func pem() throws -> String {
    let (one, other) = (try numbers(), try numbers())
    try #require(one.count == 9 && other.count == 9)
    return DER.pem(
      "RSA PRIVATE KEY",
      DER.sequence(([one[0], one[1]] + other[2...]).flatMap { $0 })
    )
  }

  /// The nine numbers of a new PKCS#1 key, each with its tag and length.
  private static func numbers() throws -> [[UInt8]] {
    let pem = try OpenSSLKeys.convert(OpenSSLKeys.rsa(), "rsa", "-traditional")
    // The command says what it does before it writes.
    let lines = pem.split(separator: "\n").drop { !$0.hasPrefix("-----BEGIN") }
    let body = lines.filter { !$0.hasPrefix("-") }.joined()
    let bytes = Base64Text.decode(body) ?? []
    var found: [[UInt8]] = []
    // What follows the outer tag and its three bytes of length.
    var rest = bytes.dropFirst(4)
    while let second = rest.dropFirst().first {
      let width = second < 0x80 ? 0 : Int(second & 0x7F)
      let count =
        width == 0
        ? Int(second) : rest.dropFirst(2).prefix(width).reduce(0) { $0 << 8 | Int($1) }
      found.append(Array(rest.prefix(2 + width + count)))
      rest = rest.dropFirst(2 + width + count)
    }
    return found
  }
}

/// Just enough of DER (X.690) to write keys that no tool would write.
enum DER {
  static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    switch content.count {
    case ..<0x80: [tag, UInt8(content.count)] + content
    case ..<0x100: [tag, 0x81, UInt8(content.count)] + content
    default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
    }
  }

  static func sequence(_ content: [UInt8]) -> [UInt8] { value(0x30, content) }

  static func integer(_ number: Int64) -> [UInt8] {
    var bytes = withUnsafeBytes(of: number.bigEndian) { Array($0) }[...]
    // The fewest bytes that keep the sign.
    while let first = bytes.first, let next = bytes.dropFirst().first,
      first == (next < 0x80 ? 0x00 : 0xFF)
    { bytes = bytes.dropFirst() }
    return value(0x02, Array(bytes))
  }

  static func pem(_ label: String, _ bytes: [UInt8]) -> String {
    var text = "-----BEGIN \(label)-----\n"
    var rest = Base64.encode(bytes)[...]
    while !rest.isEmpty {
      text += rest.prefix(64) + "\n"
      rest = rest.dropFirst(64)
    }
    return text + "-----END \(label)-----\n"
  }
}
