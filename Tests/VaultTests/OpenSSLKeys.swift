import Crypto
import Glibc
import TestSupport
import Testing

/// Keys and verdicts of the `openssl` command: somebody else's, not ours.
enum OpenSSLKeys {
  /// What `openssl` with these arguments printed.
  static func run(_ arguments: String...) throws -> String { try run(arguments) }

  static func run(_ arguments: [String]) throws -> String {
    let (status, output) = try ChildProcess.run(["openssl"] + arguments)
    #expect(status == 0, "openssl \(arguments.joined(separator: " ")) failed: \(output)")
    return output
  }

  /// A private key, PKCS#8 PEM.
  static func rsa(bits: Int = 2048) throws -> String {
    try run("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)")
  }

  /// `pem` in another form, such as `pkcs8 -topk8 -v2 aes-256-cbc -passout pass:x`.
  static func convert(_ pem: String, _ arguments: String...) throws -> String {
    let directory = try TemporaryDirectory()
    try directory.keep(Array(pem.utf8), as: "key.pem")
    return try run([arguments[0], "-in", directory.file("key.pem")] + arguments.dropFirst())
  }

  /// `SHA256:` and the digest of a private key's public half, by the commands of Snowflake's guide.
  static func fingerprint(of pem: String) throws -> String {
    let directory = try TemporaryDirectory()
    try directory.keep(Array(pem.utf8), as: "key.pem")
    let (status, output) = try ChildProcess.run([
      "sh", "-c",
      "openssl rsa -in \(directory.file("key.pem")) -pubout -outform DER 2>/dev/null"
        + " | openssl dgst -sha256 -binary | openssl enc -base64 -A",
    ])
    #expect(status == 0)
    return "SHA256:" + output
  }

  /// Whether the signature of a token is one of the public key's, as `openssl dgst` finds.
  static func verifies(_ token: String, publicKey pem: String) throws -> Bool {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let signature = decodeBase64URL(parts[2]) else { return false }
    let directory = try TemporaryDirectory()
    try directory.keep(Array(pem.utf8), as: "key.pub")
    try directory.keep(signature, as: "signature")
    try directory.keep(Array("\(parts[0]).\(parts[1])".utf8), as: "signed")
    return try ChildProcess.run([
      "openssl", "dgst", "-sha256", "-verify", directory.file("key.pub"), "-signature",
      directory.file("signature"), directory.file("signed"),
    ]).status == 0
  }

  /// The JSON text of a token's header and claims.
  static func content(of token: String) throws -> (header: String, claims: String) {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    try #require(parts.count == 3)
    let header = try #require(decodeBase64URL(parts[0]))
    let claims = try #require(decodeBase64URL(parts[1]))
    return (String(decoding: header, as: UTF8.self), String(decoding: claims, as: UTF8.self))
  }

  static func decodeBase64URL(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    for character in text.utf8 {
      guard let value = digits.firstIndex(of: character) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}

extension TemporaryDirectory {
  /// Writes a file of the directory.
  func keep(_ bytes: [UInt8], as name: String) throws {
    let stream = try #require(fopen(file(name), "w"))
    defer { fclose(stream) }
    try #require(fwrite(bytes, 1, bytes.count, stream) == bytes.count)
  }
}
